//! `POST /v1/runners/enrolments`: lets one Runner introduce itself.

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    EventKind, Feature, Permission, Quota, Timestamp, enrolment::Enrolment, runner::RunnerState,
};
use protocol::{Digest, Name, enrolment::EnrolmentToken, key::Kid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Change, ListOf};
use web::{Access, Caller, Endpoint, Input, Problem, not_entitled};

use crate::{
    RunsState,
    runners::{EnrolmentRecord, RunnerRecord},
};

const LABELS_MAX: usize = 16;
/// More Runners than any plan with a limit has.
const LISTED_MAX: usize = 1000;

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/runners/enrolments",
    Access::Requires(Permission::RunnerEnrol),
    &[EventKind::EnrolmentIssued],
)
.summary("Issue a token with which one Runner enrols within 15 minutes; it is shown once")
.with(Feature::Runner)
.request::<Request>()
.response::<Response>()
.problems(&["labels-too-many"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// The Runner's name: 1 to 64 letters, digits and `._-+/:@`. Its certificate must say the same.
    #[schemars(with = "String")]
    name: Name,
    /// What Runners are sorted by; at most 16.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    labels: BTreeMap<Name, Name>,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    enrolment: String,
    /// `pfl_enr_…`; carry it to the Runner's host. It is not shown again.
    token: String,
    #[schemars(with = "String")]
    expires_at: Timestamp,
    /// The thumbprint of the control plane's root key, which the Runner pins.
    #[schemars(with = "String")]
    root_kid: Kid,
}

pub(crate) async fn handle(
    State(state): State<RunsState>,
    caller: Caller,
    Input(Request { name, labels }): Input<Request>,
) -> Result<(StatusCode, Json<Response>), Problem> {
    if labels.len() > LABELS_MAX {
        let detail = format!("A Runner has at most {LABELS_MAX} labels.");
        return Err(Problem::new(domain::Class::Invalid, "labels-too-many", detail));
    }
    require_room(&caller).await?;
    let (enrolment, root_kid) = (state.id(caller.now), state.keyset.root_kid());
    let token = EnrolmentToken::new(caller.data.tenant(), enrolment, state.random(), root_kid);
    let labels = labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    let Digest(secret_sha256) = token.secret_sha256();
    let (issued, event) = Enrolment::issue(
        enrolment,
        secret_sha256,
        name.to_string(),
        labels,
        caller.user,
        caller.now,
    );
    let expires_at = issued.ends_at;
    caller.commit(Change::new(event).create(&EnrolmentRecord(issued))).await?;
    let (enrolment, token) = (enrolment.to_string(), token.to_string());
    Ok((StatusCode::CREATED, Json(Response { enrolment, token, expires_at, root_kid })))
}

/// Runners that are not revoked may not be more than the plan allows.
async fn require_room(caller: &Caller) -> Result<(), Problem> {
    let of = ListOf { limit: LISTED_MAX, ..ListOf::default() };
    let runners = caller.data.list::<RunnerRecord>(of).await?.documents;
    let used = runners.iter().filter(|found| found.document.state != RunnerState::Revoked).count();
    let entitlements = caller.tenant.entitlements();
    entitlements.require_one_more(Quota::RunnersMax, used).map_err(|error| not_entitled(&error))
}
