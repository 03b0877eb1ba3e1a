//! `proofline roles`: the roles that the tenant made itself.

use clap::{Args, Subcommand};
use domain::{Permission, Role, RoleId};
use reqwest::Method;
use serde_json::json;

use super::{encoded, rows};
use crate::{
    call::{CallArgs, Caller},
    failure::Failure,
    print::{Column, Printer},
};

const ROLES: [Column; 4] =
    [("ROLE", "/role"), ("NAME", "/name"), ("PERMISSIONS", "/permissions"), ("ENDED", "/ended")];

/// The roles that your tenant made itself.
#[derive(Args, Clone, Debug)]
pub struct RolesArgs {
    #[command(subcommand)]
    what: RolesCommand,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

#[derive(Clone, Debug, Subcommand)]
enum RolesCommand {
    /// The roles
    List,
    /// Make a role
    Create {
        /// What to call it
        name: String,
        /// What it allows, such as `run_read`; repeat for several
        #[arg(long = "permission", required = true)]
        permissions: Vec<String>,
    },
    /// Change what a role allows; it counts for whoever has it from the next request on
    Update {
        /// Which
        role: String,
        /// What to call it
        #[arg(long)]
        name: String,
        /// What it allows; repeat for several
        #[arg(long = "permission", required = true)]
        permissions: Vec<String>,
    },
    /// End a role; whoever had it has it no more
    End {
        /// Which
        role: String,
    },
}

const PATH: &str = "/api/auth/v1/roles";

pub(crate) async fn roles(args: &RolesArgs, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let mut caller = Caller::open(&args.call).await?;
    let one = |role: &str| format!("{PATH}/{}", encoded(role));
    let answer = match &args.what {
        RolesCommand::List => {
            let answer = caller.get(PATH).await?;
            let empty = "The tenant made no role itself; the built-in ones are in docs/generated/access.md.";
            return printer.list(rows(&answer, "roles"), &ROLES, empty);
        }
        RolesCommand::Create { name, permissions } => {
            require_permissions(permissions)?;
            caller.post(PATH, &json!({"name": name, "permissions": permissions})).await?
        }
        RolesCommand::Update { role, name, permissions } => {
            require_permissions(permissions)?;
            let body = json!({"name": name, "permissions": permissions});
            caller.call(Method::PUT, &one(role), Some(&body)).await?
        }
        RolesCommand::End { role } => caller.call(Method::DELETE, &one(role), None).await?,
    };
    if printer.json { printer.json(&answer) } else { printer.list(&[answer], &ROLES, "") }
}

/// Refuses what is no built-in role, and names those that there are.
pub(super) fn require_built_in(role: &str) -> Result<(), Failure> {
    if Role::from_name(role).is_some() {
        return Ok(());
    }
    let of_tenants = Role::ALL.into_iter().filter(|role| !role.is_platform());
    let names: Vec<_> = of_tenants.map(Role::name).collect();
    Err(Failure::Usage(format!("there is no role {role:?}; there are {}", names.join(", "))))
}

/// The same, where a role of the tenant's own can be meant, by its identifier.
pub(super) fn require_role(role: &str) -> Result<(), Failure> {
    if role.parse::<RoleId>().is_ok() {
        return Ok(());
    }
    let own = |failure| Failure::Usage(format!("{failure}; and those of: proofline roles list"));
    require_built_in(role).map_err(own)
}

/// Refuses what is no permission that a role can have, and names those that there are.
fn require_permissions(names: &[String]) -> Result<(), Failure> {
    let Some(name) = names.iter().find(|name| Permission::from_name(name).is_none()) else {
        return Ok(());
    };
    let of_tenants = Permission::ALL.into_iter().filter(|permission| !permission.is_platform());
    let known: Vec<_> = of_tenants.map(Permission::name).collect();
    Err(Failure::Usage(format!("there is no permission {name:?}; there are {}", known.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_misspelt_is_answered_with_those_that_there_are() {
        assert!(require_built_in("auditor").is_ok());
        let said = require_built_in("audittor").unwrap_err().to_string();
        assert!(said.contains("\"audittor\"") && said.contains("auditor, viewer"), "{said}");
        assert!(!said.contains("platform"), "{said}");
        let said = require_role("audittor").unwrap_err().to_string();
        assert!(said.contains("auditor, viewer") && said.contains("roles list"), "{said}");
        assert!(require_role("rol_00000000000000000000000001").is_ok());
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(require_permissions(&names(&["run_read"])).is_ok());
        let said = require_permissions(&names(&["run_read", "run_reed"])).unwrap_err().to_string();
        assert!(said.contains("\"run_reed\"") && said.contains("run_read, "), "{said}");
    }
}
