//! Timer: a head of the directory of logs every minute, if any log grew. It also finds the logs whose wake-up was lost.

use serde_json::{Value, json};
use web::{Job, Problem, Trigger};

use crate::{State, directory};

pub(crate) const TRIGGER: Trigger = Trigger::timer("sign_directory", "0 * * * * *", &[]);

pub(crate) async fn handle(state: State, job: Job, _timer: Value) -> Result<Value, Problem> {
    let size = directory::round(&state, &job, None).await?;
    Ok(json!({"size": size}))
}
