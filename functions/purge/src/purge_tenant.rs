//! Queue `purge`: a tenant's purge may go on. The message is the tenant's identifier.

use domain::{Class, EventKind, TenantId};
use ports::QueueName;
use serde_json::Value;
use web::{Job, Problem, Trigger};

use crate::{State, tick};

/// What a purge records.
pub(crate) const AUDITS: &[EventKind] = &[
    EventKind::PurgeNoticed,
    EventKind::LogPurge,
    EventKind::PurgeExecuted,
    EventKind::KeyDestroyed,
];

pub(crate) const TRIGGER: Trigger = Trigger::queue("purge_tenant", QueueName::Purge, AUDITS);

pub(crate) async fn handle(state: State, job: Job, message: String) -> Result<Value, Problem> {
    let refused =
        |_| Problem::new(Class::Invalid, "validation", "The message is not a tenant's identifier.");
    let tenant = message.parse::<TenantId>().map_err(refused)?;
    let done = tick::tick(&state, &job, tenant).await?;
    Ok(done.to_json())
}
