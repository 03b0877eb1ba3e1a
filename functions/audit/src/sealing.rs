//! Turning intents into rows: read, number, create; whoever loses the race reads again.

mod beginning;
mod end;
mod error;
mod hint;
mod intake;
mod lookup;
mod own_rows;
mod receipts;
mod rotation;
mod turns;

use std::time::Duration;

use chain::{
    commit::{self, Head, Page},
    intent::VerifiedIntent,
    remark::Remark,
};
use domain::TenantId;
use ports::QueueName;
use store::{Partition, StoreError, log};
use web::Job;

use crate::State;

use beginning::Beginning;
pub(crate) use end::Ends;
pub(crate) use error::SealingError;
use hint::Hint;
use intake::Intake;
pub(crate) use turns::Turns;

/// Commits that one invocation makes at the most; the rest is done by the message it sends itself.
const COMMITS_MAX: usize = 200;

/// While intents keep coming, the signer is woken this often; a head is signed at most once a second.
const SIGN_EVERY: Duration = Duration::from_secs(1);

/// How soon the sealer looks again whether the end of an epoch is signed.
const NEXT_EPOCH_AFTER: Duration = Duration::from_secs(2);

/// How long a missing intent may be late before a row says that it is missing.
const LATE_AFTER: Duration = Duration::from_mins(1);

/// Seals what there is of a tenant. How many rows were added here: none when this process seals it already, and will look once more.
pub(crate) async fn seal(state: &State, job: &Job, tenant: TenantId) -> Result<u64, SealingError> {
    let Some(mut turn) = state.turns.take(tenant) else { return Ok(0) };
    let mut partition = state.log(&job.cap.partition(tenant, job.trigger.name)).await?;
    let (mut rows, mut woken) = (0, state.ports.clock.now());
    for _ in 0..COMMITS_MAX {
        match seal_once(state, job, &partition).await? {
            Progress::Sealed(count) => {
                rows += count;
                let now = state.ports.clock.now();
                if now.since(woken) >= SIGN_EVERY {
                    wake(state, tenant, false).await?;
                    woken = now;
                }
            }
            Progress::Lost => {}
            Progress::Over => {
                let next = partition.in_epoch(state.epoch(&partition).await?.number);
                if next.epoch() == partition.epoch() {
                    wake(state, tenant, false).await?;
                    let text = tenant.to_string();
                    state.ports.queue.send(QueueName::Seal, &text, NEXT_EPOCH_AFTER).await?;
                    return Ok(rows);
                }
                partition = next;
            }
            Progress::Done { .. } if !turn.is_over() => {}
            Progress::Done { missing } => {
                wake(state, tenant, missing).await?;
                return Ok(rows);
            }
        }
    }
    wake(state, tenant, false).await?;
    state.ports.queue.send(QueueName::Seal, &tenant.to_string(), Duration::ZERO).await?;
    Ok(rows)
}

/// What one round did.
enum Progress {
    /// That many rows were added.
    Sealed(u64),
    /// Another sealer was first.
    Lost,
    /// The epoch has ended, and nothing more is sealed in it.
    Over,
    /// There was nothing more.
    Done {
        /// Whether intents are missing that may still come.
        missing: bool,
    },
}

async fn seal_once(
    state: &State,
    job: &Job,
    partition: &Partition,
) -> Result<Progress, SealingError> {
    let last = end::last(state, job, partition).await?;
    if let Some(last) = &last {
        receipts::make(partition, last).await?;
        if rotation::is_end(last) {
            return Ok(Progress::Over);
        }
        if let Some(end) = rotation::due(state, partition, job.now).await? {
            return rotate(state, job, partition, &log::head_of(last)?, end).await;
        }
    }
    let (head, first) = if let Some(last) = &last {
        (log::head_of(last)?, None)
    } else {
        let Beginning { head, rows, at_once } = beginning::begin(state, partition, job.now).await?;
        (head, Some((rows, at_once)))
    };
    let hint = Hint::read(partition, &head).await?;
    let mut intake = Intake::read(state, partition, &head, hint.cursors()).await?;
    if let Some((rows, at_once)) = first {
        if intake.page.is_empty() && !at_once {
            return Ok(Progress::Done { missing: false });
        }
        intake.page.splice(..0, rows);
    }
    // What closes a gap may stand behind what was read.
    let late = if intake.is_all { hint.late(&head, job.now, LATE_AFTER) } else { Vec::new() };
    let rx = state.ports.clock.now().to_string();
    let before = lookup::before(partition, &head, &intake.page, &rx).await?;
    let page =
        Page { intents: &intake.page, before: &before, late: &late, cursors: &intake.cursors };
    let mut note = |remark: &Remark| own_rows::remark(state, partition, job.now, remark);
    let next = commit::next(&head, &page, &rx, &mut note)?;
    let Some(commit) = next.commit else {
        // By the clock: a gap is waited for from when it was seen, and this job may have begun long before.
        let now = state.ports.clock.now();
        let missing = hint.keep(partition, &head, intake.cursors, now).await?;
        return Ok(Progress::Done { missing });
    };
    append(partition, commit).await
}

/// Ends the epoch with this row, and nothing beside it.
async fn rotate(
    state: &State,
    job: &Job,
    partition: &Partition,
    head: &Head,
    end: VerifiedIntent,
) -> Result<Progress, SealingError> {
    let (rx, intents) = (state.ports.clock.now().to_string(), [end]);
    let before = lookup::before(partition, head, &intents, &rx).await?;
    let page = Page { intents: &intents, before: &before, late: &[], cursors: &head.cursors };
    let mut note = |remark: &Remark| own_rows::remark(state, partition, job.now, remark);
    match commit::next(head, &page, &rx, &mut note)?.commit {
        Some(commit) => append(partition, commit).await,
        None => Ok(Progress::Lost),
    }
}

async fn append(partition: &Partition, commit: commit::Commit) -> Result<Progress, SealingError> {
    let (first, size) = (commit.first, commit.size);
    let commit = log::LogCommit(commit);
    match partition.in_shard(log::shard(partition, first)).append(&commit).await {
        Ok(()) => {
            receipts::make(partition, &commit.0).await?;
            Ok(Progress::Sealed(size - first))
        }
        Err(StoreError::Exists) => Ok(Progress::Lost),
        Err(error) => Err(error.into()),
    }
}

/// Wakes the signer; and this sealer again when a missing intent would be late by then.
async fn wake(state: &State, tenant: TenantId, missing: bool) -> Result<(), SealingError> {
    let text = tenant.to_string();
    state.ports.queue.send(QueueName::Sign, &text, Duration::ZERO).await?;
    if missing {
        state.ports.queue.send(QueueName::Seal, &text, LATE_AFTER + Duration::from_secs(1)).await?;
    }
    Ok(())
}

/// Whether `head` waits for intents that were numbered but not seen.
fn has_gaps(head: &Head) -> bool {
    !head.instances.gaps().is_empty()
}
