//! `POST /v1/runner/commands/{command}/result`: what a Runner made of a command, signed by it.

use axum::{Json, extract::State};
use domain::{EventKind, drilldown::DrilldownError, kind};
use protocol::{
    command::{CommandOutcome, CommandResult, RefusalCode},
    dsse::{self, ENVELOPE_MAX, Envelope},
};
use serde_json::{Value, json};
use store::{Change, Found};
use web::{Access, Endpoint, Input, PathId, Problem, RunnerCaller};

use crate::{
    RunsState,
    drilldowns::{AnswerRecord, CommandRecord, DrilldownRecord},
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/runner/commands/{command}/result",
    Access::Runner,
    &[EventKind::DrilldownDelivered, EventKind::DrilldownDenied],
)
.summary("Hand in the signed result of a command; repeating it changes nothing")
.success(200)
.request::<Value>()
.response::<Value>()
.body_max(ENVELOPE_MAX)
.problems(&[
    "signature-invalid",
    "unsigned",
    "unknown-field",
    "command-mismatch",
    "state-transition",
]);

pub(crate) async fn handle(
    State(_): State<RunsState>,
    caller: RunnerCaller,
    PathId(command): PathId<kind::Command>,
    Input(envelope): Input<Envelope>,
) -> Result<Json<Value>, Problem> {
    let result: CommandResult = dsse::open(&envelope, &caller.key)?;
    let found = caller.data.get::<CommandRecord>(&command.to_string()).await?;
    let Found { document: record, etag } = found;
    if record.runner != caller.runner {
        return Err(Problem::not_found());
    }
    if result.command != command {
        let detail = "The result is for another command than the path names.";
        return Err(Problem::new(domain::Class::Invalid, "command-mismatch", detail));
    }
    let answer =
        AnswerRecord { drilldown: record.drilldown, result: envelope, answered_at: caller.now };
    let found = caller.data.get::<DrilldownRecord>(&record.drilldown.to_string()).await?;
    let Found { document: DrilldownRecord(drilldown), etag: drilldown_etag } = found;
    let state = match drilldown.conclude(refusal(&result), caller.now) {
        Ok((concluded, event)) => {
            let state = concluded.state.name();
            let record = CommandRecord { is_waiting: false, ..record };
            let change = Change::new(event.with("request", result.request_sha256.to_string()))
                .replace(&DrilldownRecord(concluded), drilldown_etag)
                .replace(&record, etag)
                .create(&answer);
            caller.commit(change).await?;
            state
        }
        Err(error) => repeated(&caller, &answer, error).await?,
    };
    Ok(Json(json!({"state": state})))
}

/// Why it was not done; `None` when it was, with an answer.
fn refusal(result: &CommandResult) -> Option<&'static str> {
    match result.outcome {
        CommandOutcome::Done if result.sealed.is_some() => None,
        CommandOutcome::Done | CommandOutcome::Refused | CommandOutcome::Failed => {
            Some(result.code.unwrap_or(RefusalCode::Internal).as_str())
        }
    }
}

/// The same result again: its answer was lost.
async fn repeated(
    caller: &RunnerCaller,
    answer: &AnswerRecord,
    error: DrilldownError,
) -> Result<&'static str, Problem> {
    let held = caller.data.find::<AnswerRecord>(&AnswerRecord::id_of(answer.drilldown)).await?;
    if held.is_some_and(|held| held.document.result == answer.result) {
        Ok("repeated")
    } else {
        Err(error.into())
    }
}
