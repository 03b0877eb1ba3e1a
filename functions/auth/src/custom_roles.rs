//! Roles of the tenant's own, each a set of permissions: what its endpoints share.

pub(crate) mod create;
pub(crate) mod end;
mod following;
mod holders;
pub(crate) mod list;
pub(crate) mod sweep;
pub(crate) mod update;

use std::collections::BTreeSet;

use domain::{
    AuditEvent, CUSTOM_ROLES_MAX, EventKind, Permission, RoleId, Target, custom_role,
    refuse_combination,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Found, ListOf, Partition, RoleRecord};
use web::{Caller, Problem};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// 1 to 60 characters on one line.
    name: String,
    /// Names of permissions; at least one, none of the platform's.
    #[schemars(with = "BTreeSet<String>")]
    permissions: BTreeSet<Permission>,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct RoleView {
    #[schemars(with = "String")]
    role: RoleId,
    name: String,
    #[schemars(with = "BTreeSet<String>")]
    permissions: BTreeSet<Permission>,
    /// Ended roles grant nothing; they stay so that the log can be read.
    ended: bool,
}

impl From<RoleRecord> for RoleView {
    fn from(RoleRecord { role, name, permissions, ended }: RoleRecord) -> Self {
        Self { role, name, permissions, ended }
    }
}

/// What is asked for, as a role that the tenant may have.
async fn checked(caller: &Caller, role: RoleId, request: Request) -> Result<RoleRecord, Problem> {
    let Request { name, permissions } = request;
    let name = custom_role(&name, &permissions)?;
    let on = &caller.tenant.settings.separations;
    if let Err(error) = refuse_combination(on, |permission| permissions.contains(&permission)) {
        return Err(caller.separated(error, Target::new("role", role)).await);
    }
    Ok(RoleRecord { role, name, permissions, ended: false })
}

fn event(kind: EventKind, record: &RoleRecord) -> AuditEvent {
    let granted = if record.ended { BTreeSet::new() } else { record.permissions.clone() };
    let names: Vec<_> = granted.iter().map(|permission| permission.name()).collect();
    AuditEvent::new(kind, Target::new("role", record.role)).with("permissions", names)
}

async fn all(data: &Partition) -> Result<Vec<RoleRecord>, Problem> {
    let of = ListOf { limit: CUSTOM_ROLES_MAX, ..ListOf::default() };
    let page = data.list::<RoleRecord>(of).await?;
    Ok(page.documents.into_iter().map(|found| found.document).collect())
}

/// A role that was not ended.
async fn living(data: &Partition, role: RoleId) -> Result<Found<RoleRecord>, Problem> {
    let found = data.get::<RoleRecord>(&role.to_string()).await?;
    if found.document.ended { Err(Problem::not_found()) } else { Ok(found) }
}
