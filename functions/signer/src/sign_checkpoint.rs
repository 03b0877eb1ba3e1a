//! Queue `sign`: a tenant's log grew. The message is the tenant's identifier.

use domain::{Class, TenantId};
use ports::QueueName;
use serde_json::{Value, json};
use web::{Job, Problem, Trigger};

use crate::{State, signing};

pub(crate) const TRIGGER: Trigger = Trigger::queue("sign_checkpoint", QueueName::Sign, &[]);

pub(crate) async fn handle(state: State, job: Job, message: String) -> Result<Value, Problem> {
    let refused =
        |_| Problem::new(Class::Invalid, "validation", "The message is not a tenant's identifier.");
    let tenant = message.parse::<TenantId>().map_err(refused)?;
    let log = job.cap.partition(tenant, TRIGGER.name);
    let signed = signing::sign_all(&state, &log).await?;
    Ok(json!({"size": signed.map_or(0, |signed| signed.size)}))
}
