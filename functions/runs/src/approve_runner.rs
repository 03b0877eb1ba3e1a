//! `POST /v1/runners/{runner}/approve`: a person compared the six words.

use axum::Json;
use domain::{
    AuditEvent, EventKind, Fault as _, Feature, Permission, Target, kind, runner::RunnerError,
};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{Change, Found};
use web::{Access, Caller, Endpoint, Input, PathId, Problem};

use crate::runners::{Decision, EnrolmentRecord, RunnerRecord, RunnerView};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/runners/{runner}/approve",
    Access::Requires(Permission::RunnerApprove),
    &[EventKind::RunnerActivated, EventKind::EnrolmentDenied, EventKind::SodViolationBlocked],
)
.summary("Approve a Runner by repeating the six words that it shows")
.with(Feature::Runner)
.success(200)
.request::<Request>()
.response::<RunnerView>()
.problems(&["words-mismatch", "state-transition", "conflict", "sod-violation"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// The six words, read off the Runner's own screen.
    words: Vec<String>,
}

pub(crate) async fn handle(
    caller: Caller,
    PathId(runner): PathId<kind::Runner>,
    Input(Request { words }): Input<Request>,
) -> Result<Json<RunnerView>, Problem> {
    let Found { document: record, etag } =
        caller.data.get::<RunnerRecord>(&runner.to_string()).await?;
    let enrolment = caller.data.get::<EnrolmentRecord>(&record.enrolment.to_string()).await?;
    let issued = (Permission::RunnerEnrol, enrolment.document.0.issued_by);
    caller.keep_apart(issued, Permission::RunnerApprove, Target::new("runner", runner)).await?;
    let (state, event) = match record.state.approve(runner, &record.words, &words) {
        Ok(approved) => approved,
        Err(error) => return Err(recorded(&caller, &record, error).await),
    };
    let approved = Some(Decision { by: caller.user, at: caller.now });
    let record = RunnerRecord { state, approved, ..record };
    caller.commit(Change::new(event).replace(&record, etag)).await?;
    Ok(Json(record.into()))
}

/// Wrong words may mean that somebody stands in between: that is recorded.
async fn recorded(caller: &Caller, record: &RunnerRecord, error: RunnerError) -> Problem {
    if error == RunnerError::Words {
        let target = Target::new("runner", record.runner);
        let event = AuditEvent::denied(EventKind::EnrolmentDenied, target, error.code());
        if let Err(error) = caller.commit(Change::new(event)).await {
            return error.into();
        }
    }
    error.into()
}
