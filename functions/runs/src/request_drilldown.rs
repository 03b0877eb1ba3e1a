//! `POST /v1/evidence/{evidence}/drilldowns`: a person asks a Runner for a raw value. What was asked is recorded before the Runner hears of it.

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    DrilldownId, EventKind, EvidenceId, Feature, Permission, RunId, Timestamp,
    drilldown::{Drilldown, DrilldownError, DrilldownState},
    kind,
    runner::RunnerState,
};
use protocol::{
    Base64Url,
    command::{Command, CommandBody, DrilldownBody, RefusalCode, Requester},
    drilldown::{DisclosureRequest, SignedRequest, check_shape},
    dsse::Envelope,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Change, Housekeeping, HousekeepingKind, ListOf, StoreError};
use web::{
    ACR_MFA, Access, Caller, Endpoint, IdempotencyKey, Input, Once, PathId, Problem, await_seal,
};

use crate::{
    RunsState,
    drilldowns::{CommandRecord, DrilldownRecord},
    runners::RunnerRecord,
    statements::StatementRecord,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/evidence/{evidence}/drilldowns",
    Access::Requires(Permission::EvidenceDrill),
    &[EventKind::DrilldownRequested],
)
.summary("Carry a viewer's signed request to the Runner that keeps the evidence; the answer is sealed to the viewer")
.with(Feature::Runner)
.success(202)
.request::<Request>()
.response::<Response>()
.body_max(256 * 1024)
.problems(&["evidence-mismatch", "malformed", "unknown-field", "wrong-requester", "signature-expired", "state-transition", "not-sealed-yet"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// The run that collected the evidence.
    #[schemars(with = "String")]
    run: RunId,
    /// The viewer's HTTP request to the Runner (RFC 9421): `{method, target_uri, headers, body}`.
    #[schemars(with = "serde_json::Value")]
    request: SignedRequest,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    #[schemars(with = "String")]
    drilldown: DrilldownId,
    /// `requested`.
    state: &'static str,
    /// The Runner no longer answers from then on.
    #[schemars(with = "String")]
    ends_at: Timestamp,
}

pub(crate) async fn handle(
    State(state): State<RunsState>,
    caller: Caller,
    PathId(evidence): PathId<kind::Evidence>,
    key: IdempotencyKey,
    Input(Request { run, request }): Input<Request>,
) -> Result<(StatusCode, Json<Response>), Problem> {
    let asked = check_shape(&request)?;
    check_requester(&caller, &asked)?;
    check_evidence(&caller, evidence, run, &asked).await?;
    let words = serde_json::to_vec(&request).map_err(|error| Problem::internal(&error))?;
    let once =
        Once::new(&caller, key, state.random(), &[run.to_bytes().as_slice(), &words].concat());
    let drilldown = requested(&caller, &once, run, &asked).await?;
    // The Runner hears of it when its row is in the log, and not before.
    await_seal(&*state.clock, &caller.data, once.event(), &once).await?;
    dispatch(&state, &caller, &drilldown, request).await?;
    let Drilldown { drilldown, ends_at, .. } = drilldown;
    Ok((StatusCode::ACCEPTED, Json(Response { drilldown, state: "requested", ends_at })))
}

/// Records that it was asked for; what was asked before is what was recorded then.
async fn requested(
    caller: &Caller,
    once: &Once,
    run: RunId,
    asked: &DisclosureRequest,
) -> Result<Drilldown, Problem> {
    let (drilldown, event) = drilldown_of(caller, once, run, asked).request()?;
    let event = event.with("purpose", asked.purpose.as_str()).with("paths", asked.paths.len());
    let change = Change::new(event).create(&DrilldownRecord(drilldown.clone()));
    if caller.commit_once(once, change).await? {
        return Ok(drilldown);
    }
    let found = caller.data.get::<DrilldownRecord>(&drilldown.drilldown.to_string()).await?;
    Ok(found.document.0)
}

/// Lets the Runner fetch the command, unless it was told before.
async fn dispatch(
    state: &RunsState,
    caller: &Caller,
    drilldown: &Drilldown,
    request: SignedRequest,
) -> Result<(), Problem> {
    let command = CommandRecord {
        command: drilldown.command,
        runner: drilldown.runner,
        drilldown: drilldown.drilldown,
        envelope: command_of(state, caller, drilldown, request)?,
        not_after: drilldown.ends_at,
        is_waiting: true,
    };
    let keep = Housekeeping::new(HousekeepingKind::Follower).create(&command);
    match caller.data.keep(keep).await {
        Ok(()) | Err(StoreError::Exists) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The viewer's request names who asks; nobody asks in another's name.
fn check_requester(caller: &Caller, asked: &DisclosureRequest) -> Result<(), Problem> {
    if asked.requester != caller.user {
        return Err(RefusalCode::WrongRequester.into());
    }
    if asked.tenant != caller.data.tenant() {
        return Err(DrilldownError::Evidence.into());
    }
    Ok(())
}

/// The evidence is one of that run's, and the run is of a Runner that may still be asked. A foreign run is one that does not exist.
async fn check_evidence(
    caller: &Caller,
    evidence: EvidenceId,
    run: RunId,
    asked: &DisclosureRequest,
) -> Result<(), Problem> {
    if asked.evidence != evidence {
        return Err(DrilldownError::Evidence.into());
    }
    let runner = caller.data.get::<RunnerRecord>(&asked.runner.to_string()).await?.document;
    let of = ListOf { k2: Some(run.to_string()), limit: 1, ..ListOf::default() };
    let page = caller.data.in_shard(runner.shard.as_str()).list::<StatementRecord>(of).await?;
    let record = page.documents.into_iter().next().ok_or_else(Problem::not_found)?.document;
    let statement = record.statement()?;
    let is_its = statement.predicate.evidence.iter().any(|item| item.id == evidence);
    if record.runner != asked.runner || !is_its {
        return Err(DrilldownError::Evidence.into());
    }
    match runner.state {
        RunnerState::Active | RunnerState::Quarantined => Ok(()),
        state @ (RunnerState::AwaitingApproval | RunnerState::Revoked) => {
            Err(domain::runner::RunnerError::State(state).into())
        }
    }
}

fn drilldown_of(caller: &Caller, once: &Once, run: RunId, asked: &DisclosureRequest) -> Drilldown {
    Drilldown {
        drilldown: once.id("drilldown"),
        evidence: asked.evidence,
        run,
        runner: asked.runner,
        requester: caller.user,
        command: once.id("command"),
        requested_at: caller.now,
        ends_at: asked.not_after.min(caller.now.plus(Drilldown::LIFETIME)),
        state: DrilldownState::Requested,
    }
}

/// Our own signature narrows: it says who asks and until when. It opens nothing, because the Runner wants the viewer's.
fn command_of(
    state: &RunsState,
    caller: &Caller,
    drilldown: &Drilldown,
    request: SignedRequest,
) -> Result<Envelope, Problem> {
    let internal = |error: &dyn std::fmt::Display| Problem::internal(error);
    let roles = caller.roles.iter().map(|role| role.name().parse()).collect::<Result<_, _>>();
    let requester = Requester {
        user: caller.user,
        roles: roles.map_err(|error| internal(&error))?,
        acr: ACR_MFA.parse().map_err(|error| internal(&error))?,
        auth_time: caller.authenticated_at,
    };
    let body = DrilldownBody { drilldown: drilldown.drilldown, request, requester };
    let command = Command {
        id: drilldown.command,
        tenant: caller.data.tenant(),
        runner: drilldown.runner,
        body: CommandBody::Drilldown(body),
        nonce: Base64Url(state.random()),
        not_before: drilldown.requested_at,
        not_after: drilldown.ends_at,
    };
    Envelope::sign_message(&command, &[&*state.command_key]).map_err(|error| internal(&error))
}
