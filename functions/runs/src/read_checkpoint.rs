//! `GET /v1/witness/checkpoint?from=&epoch=`: the head of the tenant's log for a Runner to witness, and that it continues the one that it knows.

use std::{cmp::Ordering, time::Duration};

use axum::{Json, extract::State};
use domain::{TenantId, Timestamp};
use ports::Blobs;
use protocol::witness::{CheckpointAnswer, NextEpoch};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{Cosignatures, Cosigned, proofs, signed::Begun};
use web::{Access, Endpoint, Problem, RunnerCaller, Selection};

use crate::{
    RunsState, described,
    witnesses::{Head, WitnessError, path},
};

/// So long, the head that one witness cosigned is shown to the others too: a quorum needs several over one head, and a log that is busy
/// has another head each second.
const SHARED_FOR: Duration = Duration::from_secs(30);

pub(crate) const ENDPOINT: Endpoint = Endpoint::get("/v1/witness/checkpoint", Access::Runner)
    .summary("The last signed head of the tenant's audit log, and the proof that it continues the one of size `from`")
    .query::<Known>()
    .response::<described::Shown>()
    .problems(&["nothing-signed"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Known {
    /// How many rows the Runner knows; none unless it says so.
    #[serde(default)]
    from: u64,
    /// Of which epoch. It is shown the end of that one first, and how the log goes on, if it ended as planned.
    epoch: Option<u64>,
}

pub(crate) async fn handle(
    State(state): State<RunsState>,
    caller: RunnerCaller,
    Selection(known): Selection<Known>,
) -> Result<Json<CheckpointAnswer>, Problem> {
    let head = Head::of(&*state.ports.blobs, caller.tenant).await?;
    let ended = match known.epoch {
        Some(epoch) if epoch < head.epoch => end(&state, &caller, (epoch, known.from)).await?,
        Some(_) | None => None,
    };
    let answer = match ended {
        Some(answer) => answer,
        None => newest(&state, &caller, (head, known.from)).await?,
    };
    Ok(Json(answer))
}

/// The last head.
async fn newest(
    state: &RunsState,
    caller: &RunnerCaller,
    (head, from): (Head, u64),
) -> Result<CheckpointAnswer, WitnessError> {
    let blobs = &*state.ports.blobs;
    let log = (caller.tenant, head.epoch);
    let (kept, _) = Cosignatures::of(blobs, log).await?;
    let shared = kept.newest(&head.origin).filter(|cosigned| is_shared(cosigned, from, caller.now));
    let (checkpoint, size) = match shared {
        Some(cosigned) => (cosigned.checkpoint.clone(), cosigned.size),
        None => (head.note, head.size),
    };
    let proof = path(proofs::consistency(blobs, log, (from, size)).await?);
    Ok(CheckpointAnswer { checkpoint, epoch: head.epoch, proof, next: None })
}

/// The end of the epoch that the Runner knows and the beginning of the next, if the one announced the other. Both are kept before the head of the next
/// is: whoever saw that finds them.
async fn end(
    state: &RunsState,
    caller: &RunnerCaller,
    (epoch, from): (u64, u64),
) -> Result<Option<CheckpointAnswer>, WitnessError> {
    let (blobs, tenant) = (&*state.ports.blobs, caller.tenant);
    let Some(last) = Head::ended(blobs, tenant, epoch).await? else { return Ok(None) };
    let Some(next) = next(blobs, tenant, epoch + 1).await? else { return Ok(None) };
    let proof = path(proofs::consistency(blobs, (tenant, epoch), (from, last.size)).await?);
    Ok(Some(CheckpointAnswer { checkpoint: last.note, epoch, proof, next: Some(next) }))
}

/// How an epoch that was announced began; `None` while nothing of it is signed.
async fn next(
    blobs: &dyn Blobs,
    tenant: TenantId,
    epoch: u64,
) -> Result<Option<NextEpoch>, WitnessError> {
    let Some(Begun { row }) = Begun::read(blobs, tenant, epoch).await? else { return Ok(None) };
    let current = Head::of(blobs, tenant).await?;
    let head = match current.epoch.cmp(&epoch) {
        Ordering::Equal => Some(current),
        Ordering::Greater => Head::ended(blobs, tenant, epoch).await?,
        Ordering::Less => None,
    };
    let Some(head) = head else { return Ok(None) };
    let proof = path(proofs::inclusion(blobs, (tenant, epoch), 0, head.size).await?);
    Ok(Some(NextEpoch { checkpoint: head.note, row, proof }))
}

/// Whether a head that somebody cosigned is still shown to who knows `from` rows: never what it knows already.
fn is_shared(cosigned: &Cosigned, from: u64, now: Timestamp) -> bool {
    let since = u64::try_from(now.unix_s()).unwrap_or_default().saturating_sub(cosigned.time);
    cosigned.size > from && since < SHARED_FOR.as_secs()
}
