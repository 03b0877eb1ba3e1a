//! Queue `seal`: a tenant has intents. The message is the tenant's identifier.

use domain::{Class, EventKind, TenantId};
use ports::QueueName;
use serde_json::{Value, json};
use web::{Job, Problem, Trigger};

use crate::{State, sealing};

pub(crate) const TRIGGER: Trigger = Trigger::queue(
    "seal_intents",
    QueueName::Seal,
    &[
        EventKind::LogGenesis,
        EventKind::LogIncomplete,
        EventKind::LogFilled,
        EventKind::AuditVerifyFailed,
    ],
);

pub(crate) async fn handle(state: State, job: Job, message: String) -> Result<Value, Problem> {
    let refused =
        |_| Problem::new(Class::Invalid, "validation", "The message is not a tenant's identifier.");
    let tenant = message.parse::<TenantId>().map_err(refused)?;
    let rows = sealing::seal(&state, &job, tenant).await?;
    Ok(json!({"rows": rows}))
}
