//! Queue `directory`: somebody exports a log and waits for the directory's next head. The message is the tenant's identifier.

use domain::{Class, TenantId};
use ports::QueueName;
use serde_json::{Value, json};
use web::{Job, Problem, Trigger};

use crate::{State, directory};

pub(crate) const TRIGGER: Trigger = Trigger::queue("sign_directory_now", QueueName::Directory, &[]);

pub(crate) async fn handle(state: State, job: Job, message: String) -> Result<Value, Problem> {
    let refused =
        |_| Problem::new(Class::Invalid, "validation", "The message is not a tenant's identifier.");
    let tenant = message.parse::<TenantId>().map_err(refused)?;
    let size = directory::round(&state, &job, Some(tenant)).await?;
    Ok(json!({"size": size}))
}
