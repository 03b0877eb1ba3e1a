//! `GET /v1/witness/checkpoint?from=`: the head of the tenant's log for a Runner to witness, and that it continues the one that it knows.

use std::time::Duration;

use axum::{Json, extract::State};
use domain::Timestamp;
use protocol::witness::CheckpointAnswer;
use schemars::JsonSchema;
use serde::Deserialize;
use store::{Cosignatures, Cosigned};
use web::{Access, Endpoint, Problem, RunnerCaller, Selection};

use crate::{
    RunsState, described,
    witnesses::{Head, WitnessError, consistency},
};

/// So long, the head that one witness cosigned is shown to the others too: a quorum needs several over one head, and a log that is busy
/// has another head each second.
const SHARED_FOR: Duration = Duration::from_secs(30);

pub(crate) const ENDPOINT: Endpoint = Endpoint::get("/v1/witness/checkpoint", Access::Runner)
    .summary("The last signed head of the tenant's audit log, and the proof that it continues the one of size `from`")
    .query::<From>()
    .response::<described::Shown>()
    .problems(&["nothing-signed"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct From {
    /// How many rows the Runner knows; none unless it says so.
    #[serde(default)]
    from: u64,
}

pub(crate) async fn handle(
    State(state): State<RunsState>,
    caller: RunnerCaller,
    Selection(From { from }): Selection<From>,
) -> Result<Json<CheckpointAnswer>, Problem> {
    let answer = answer(&state, &caller, from).await?;
    Ok(Json(answer))
}

async fn answer(
    state: &RunsState,
    caller: &RunnerCaller,
    from: u64,
) -> Result<CheckpointAnswer, WitnessError> {
    let blobs = &*state.ports.blobs;
    let head = Head::of(blobs, caller.tenant).await?;
    let (kept, _) = Cosignatures::of(blobs, caller.tenant).await?;
    let shared = kept.newest(&head.origin).filter(|cosigned| is_shared(cosigned, from, caller.now));
    let (checkpoint, size) = match shared {
        Some(cosigned) => (cosigned.checkpoint.clone(), cosigned.size),
        None => (head.note, head.size),
    };
    let proof = consistency(blobs, caller.tenant, head.epoch, (from, size)).await?;
    Ok(CheckpointAnswer { checkpoint, epoch: head.epoch, proof })
}

/// Whether a head that somebody cosigned is still shown to who knows `from` rows: never what it knows already.
fn is_shared(cosigned: &Cosigned, from: u64, now: Timestamp) -> bool {
    let since = u64::try_from(now.unix_s()).unwrap_or_default().saturating_sub(cosigned.time);
    cosigned.size > from && since < SHARED_FOR.as_secs()
}
