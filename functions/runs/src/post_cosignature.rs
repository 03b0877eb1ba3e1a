//! `POST /v1/witness/cosignatures`: a Runner confirms a head of the tenant's log with its witness key.

use axum::{Json, extract::State};
use domain::EventKind;
use protocol::witness::{CosignedAnswer, CosignedHead};
use store::Cosigned;
use web::{Access, Endpoint, Input, Problem, RunnerCaller};

use crate::{
    RunsState, described,
    runners::RunnerRecord,
    witnesses::{Head, Keeping, WitnessError},
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/witness/cosignatures",
    Access::Runner,
    &[EventKind::CheckpointCosigned, EventKind::LogAlarm],
)
.summary("Cosign a head of the tenant's audit log (C2SP tlog-cosignature); recorded the first time, then daily at most")
.success(200)
.while_closing()
.request::<described::Cosignature>()
.response::<described::Cosigned>()
.problems(&[
    "nothing-signed",
    "witness-uncertified",
    "cosignature-invalid",
    "cosignature-time",
    "cosignature-older",
    "cosignature-conflict",
    "checkpoint-unknown",
    "witnesses-too-many",
]);

pub(crate) async fn handle(
    State(state): State<RunsState>,
    caller: RunnerCaller,
    Input(head): Input<CosignedHead>,
) -> Result<Json<CosignedAnswer>, Problem> {
    let runner = caller.data.get::<RunnerRecord>(&caller.runner.to_string()).await?.document;
    let size = keep(&state, &caller, &runner, &head).await?;
    Ok(Json(CosignedAnswer { size }))
}

/// Keeps what the Runner cosigned, if its registered key did so over a head of the log as it goes on.
async fn keep(
    state: &RunsState,
    caller: &RunnerCaller,
    runner: &RunnerRecord,
    CosignedHead { checkpoint, cosignature }: &CosignedHead,
) -> Result<u64, WitnessError> {
    let witness = state.witness_key(caller.tenant, runner)?;
    let origin = checkpoint.lines().next().unwrap_or_default();
    let last = Head::named(&*state.ports.blobs, caller.tenant, origin).await?;
    let log = state.log_keys(&last.origin).await?;
    let cosigned = Cosigned::read(checkpoint, cosignature, &log, &witness, Some(caller.runner))?;
    let size = cosigned.size;
    let keeping = Keeping { state, data: &caller.data, actor: caller.actor(), now: caller.now };
    keeping.keep(cosigned, &last).await?;
    Ok(size)
}
