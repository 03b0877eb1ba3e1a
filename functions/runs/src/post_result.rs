//! `POST /v1/runner/commands/{command}/result`: what a Runner made of a command, signed by it.

use axum::Json;
use domain::{Class, CommandId, EventKind, Feature, drilldown::DrilldownError, kind};
use protocol::{
    command::{CommandOutcome, CommandResult, RefusalCode},
    dsse::{self, ENVELOPE_MAX, Envelope},
};
use serde_json::{Value, json};
use store::{Change, Found};
use web::{Access, Endpoint, Input, PathId, Problem, RunnerCaller};

use crate::{
    described,
    drilldowns::{AnswerRecord, CommandRecord, DrilldownRecord},
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/runner/commands/{command}/result",
    Access::Runner,
    &[EventKind::DrilldownDelivered, EventKind::DrilldownDenied],
)
.with(Feature::Runner)
.summary("Hand in the signed result of a command; repeating it changes nothing")
.success(200)
.request::<described::Envelope>()
.response::<described::Concluded>()
.body_max(ENVELOPE_MAX)
.problems(&[
    "signature-invalid",
    "unsigned",
    "unknown-field",
    "command-mismatch",
    "state-transition",
]);

pub(crate) async fn handle(
    caller: RunnerCaller,
    PathId(command): PathId<kind::Command>,
    Input(envelope): Input<Envelope>,
) -> Result<Json<Value>, Problem> {
    let result: CommandResult = dsse::open(&envelope, &caller.key)?;
    let command = command_of(&caller, command, &result).await?;
    let drilldown = command.document.drilldown;
    let answer = AnswerRecord { drilldown, result: envelope, answered_at: caller.now };
    let state = conclude(&caller, command, &result, &answer).await?;
    Ok(Json(json!({"state": state})))
}

/// The command that this Runner was given and answers.
async fn command_of(
    caller: &RunnerCaller,
    command: CommandId,
    result: &CommandResult,
) -> Result<Found<CommandRecord>, Problem> {
    let found = caller.data.get::<CommandRecord>(&command.to_string()).await?;
    if found.document.runner != caller.runner {
        return Err(Problem::not_found());
    }
    if result.command != command {
        let detail = "The result is for another command than the path names.";
        return Err(Problem::new(Class::Invalid, "command-mismatch", detail));
    }
    Ok(found)
}

/// Drill-down, command and answer change in one batch.
async fn conclude(
    caller: &RunnerCaller,
    Found { document: command, etag }: Found<CommandRecord>,
    result: &CommandResult,
    answer: &AnswerRecord,
) -> Result<&'static str, Problem> {
    let found = caller.data.get::<DrilldownRecord>(&command.drilldown.to_string()).await?;
    let Found { document: DrilldownRecord(drilldown), etag: drilldown_etag } = found;
    let (concluded, event) = match drilldown.conclude(refusal(result), caller.now) {
        Ok(concluded) => concluded,
        Err(error) => return repeated(caller, answer, error).await,
    };
    let state = concluded.state.name();
    let change = Change::new(event.with("request", result.request_sha256.to_string()))
        .replace(&DrilldownRecord(concluded), drilldown_etag)
        .replace(&CommandRecord { is_waiting: false, ..command }, etag)
        .create(answer);
    caller.commit(change).await?;
    Ok(state)
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

/// The same result again: what we answered was lost.
async fn repeated(
    caller: &RunnerCaller,
    answer: &AnswerRecord,
    error: DrilldownError,
) -> Result<&'static str, Problem> {
    let held = caller.data.find::<AnswerRecord>(&AnswerRecord::id_of(answer.drilldown)).await?;
    let is_same = held.is_some_and(|held| held.document.result == answer.result);
    if is_same { Ok("repeated") } else { Err(error.into()) }
}
