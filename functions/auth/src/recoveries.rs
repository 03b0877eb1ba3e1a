//! Lost second factors, and the administrators who let a user set up a new one.

pub(crate) mod approve;
pub(crate) mod deny;
pub(crate) mod list;
pub(crate) mod request;

use domain::{
    AuditEvent, RecoveryId, Timestamp, UserId,
    auth::{Recovery, RecoveryError},
};
use ports::Etag;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Change, Partition, StoreError};
use web::{Caller, Problem};

use crate::{members, records::RecoveryRecord};

#[derive(JsonSchema, Serialize)]
pub(crate) struct Listed {
    #[schemars(with = "String")]
    recovery: RecoveryId,
    #[schemars(with = "String")]
    user: UserId,
    /// The user, or the administrator who asked for them.
    #[schemars(with = "String")]
    requested_by: UserId,
    #[schemars(with = "String")]
    requested_at: Timestamp,
    /// From when on the link counts, when two operators of the service agreed to it; until it is used, it can be refused.
    #[schemars(with = "Option<String>")]
    opens_at: Option<Timestamp>,
    /// Until when it waits for a decision, or once approved, the link counts.
    #[schemars(with = "String")]
    ends_at: Timestamp,
}

/// Who can decide on a recovery.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deciders {
    /// Another administrator of the tenant.
    Administrator,
    /// The tenant has no other: two operators of the service, and the link counts three days after they agreed.
    Operators,
}

impl Deciders {
    pub(crate) async fn of(data: &Partition, recovery: &Recovery) -> Result<Self, StoreError> {
        let involved = [recovery.user, recovery.requested_by];
        let has_other = members::has_approver_but(data, &involved).await?;
        Ok(if has_other { Self::Administrator } else { Self::Operators })
    }
}

impl From<Recovery> for Listed {
    fn from(recovery: Recovery) -> Self {
        let Recovery { recovery, user, requested_by, requested_at, opens_at, ends_at, .. } =
            recovery;
        Self { recovery, user, requested_by, requested_at, opens_at, ends_at }
    }
}

/// Writes what was decided, once: of two administrators at once, one does.
async fn write(
    caller: &Caller,
    (decided, event): (Recovery, AuditEvent),
    etag: Etag,
) -> Result<Recovery, Problem> {
    let record = RecoveryRecord(decided.clone());
    match caller.commit(Change::new(event).replace(&record, etag)).await {
        Ok(_) => Ok(decided),
        Err(StoreError::Conflict) => Err(RecoveryError::NotOpen.into()),
        Err(error) => Err(error.into()),
    }
}
