//! `GET /v1/runner/commands?wait=`: what waits for a Runner. It may wait for it here, for at most 25 seconds.

use std::time::Duration;

use axum::{Json, extract::State};
use domain::{EventKind, Feature, Timestamp};
use protocol::routes::{CommandsAnswer, WaitingCommand};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{Change, Found, ListOf, StoreError};
use tokio::time::sleep;
use web::{Access, Endpoint, Problem, RunnerCaller, Selection};

use crate::{
    RunsState, described,
    drilldowns::{CommandRecord, DrilldownRecord},
};

/// The longest wait, in seconds: below what front ends allow an idle request.
const WAIT_MAX_S: u64 = 25;
/// How often storage is asked while a Runner waits.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The most commands in one answer.
const PAGE_MAX: usize = 10;
/// A Runner asks again after this, in seconds, when it does not wait here.
const POLL_AFTER_S: u32 = 2;

pub(crate) const ENDPOINT: Endpoint = Endpoint::get("/v1/runner/commands", Access::Runner)
    .with(Feature::Runner)
    .audited(&[EventKind::DrilldownDispatched])
    .summary("The signed commands that wait for this Runner, oldest first; `wait` holds the answer for up to 25 seconds")
    .query::<Wait>()
    .response::<described::Commands>();

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wait {
    /// For how many seconds to wait for a command; 25 at most.
    #[serde(default)]
    wait: u64,
}

pub(crate) async fn handle(
    State(state): State<RunsState>,
    caller: RunnerCaller,
    Selection(Wait { wait }): Selection<Wait>,
) -> Result<Json<CommandsAnswer>, Problem> {
    let rounds =
        wait.min(WAIT_MAX_S) * 1_000 / u64::try_from(LOOK_EVERY.as_millis()).unwrap_or(1_000);
    let mut commands = waiting(&caller, caller.now).await?;
    for _ in 0..rounds {
        if !commands.is_empty() {
            break;
        }
        sleep(LOOK_EVERY).await;
        commands = waiting(&caller, state.clock.now()).await?;
    }
    Ok(Json(CommandsAnswer { commands, poll_after_s: POLL_AFTER_S }))
}

async fn waiting(caller: &RunnerCaller, now: Timestamp) -> Result<Vec<WaitingCommand>, StoreError> {
    let k1 = Some(CommandRecord::waiting_for(caller.runner));
    let page = caller
        .data
        .list::<CommandRecord>(ListOf { k1, limit: PAGE_MAX, ..ListOf::default() })
        .await?;
    let mut commands = Vec::new();
    for Found { document: command, .. } in page.documents {
        if now < command.not_after {
            dispatch(caller, &command, now).await?;
            commands.push(WaitingCommand { id: command.command, envelope: command.envelope });
        }
    }
    Ok(commands)
}

/// Records that the Runner has it, before it has. A Runner that was stopped gets it again.
async fn dispatch(
    caller: &RunnerCaller,
    command: &CommandRecord,
    now: Timestamp,
) -> Result<(), StoreError> {
    let found = caller.data.get::<DrilldownRecord>(&command.drilldown.to_string()).await?;
    let Found { document: DrilldownRecord(drilldown), etag } = found;
    let Some((dispatched, event)) = drilldown.dispatch(now) else { return Ok(()) };
    match caller.commit(Change::new(event).replace(&DrilldownRecord(dispatched), etag)).await {
        // Another request of the same Runner was first.
        Ok(_) | Err(StoreError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}
