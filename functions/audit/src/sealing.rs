//! Turning intents into rows: read, number, create; whoever loses the race reads again.

mod error;
mod hint;
mod intake;
mod own_rows;
mod turns;

use std::time::Duration;

use chain::commit::{self, Head};
use domain::TenantId;
use ports::QueueName;
use store::{Partition, StoreError, log};
use web::Job;

use crate::State;

pub(crate) use error::SealingError;
use hint::Hint;
use intake::Intake;
pub(crate) use turns::Turns;

/// Commits that one invocation makes at the most; the rest is done by the message it sends itself.
const COMMITS_MAX: usize = 200;

/// How long a missing intent may be late before a row says that it is missing.
const LATE_AFTER: Duration = Duration::from_mins(1);

/// Seals what there is of a tenant. How many rows were added here: none when this process seals it already, and will look once more.
pub(crate) async fn seal(state: &State, job: &Job, tenant: TenantId) -> Result<u64, SealingError> {
    let Some(mut turn) = state.turns.take(tenant) else { return Ok(0) };
    let partition = job.cap.partition(tenant, job.trigger.name);
    let mut rows = 0;
    for _ in 0..COMMITS_MAX {
        match seal_once(state, job, tenant, &partition).await? {
            Progress::Sealed(count) => rows += count,
            Progress::Lost => {}
            Progress::Done { .. } if !turn.is_over() => {}
            Progress::Done { missing } => {
                wake(state, tenant, missing).await?;
                return Ok(rows);
            }
        }
    }
    state.ports.queue.send(QueueName::Seal, &tenant.to_string(), Duration::ZERO).await?;
    Ok(rows)
}

/// What one round did.
enum Progress {
    /// That many rows were added.
    Sealed(u64),
    /// Another sealer was first.
    Lost,
    /// There was nothing more.
    Done {
        /// Whether intents are missing that may still come.
        missing: bool,
    },
}

async fn seal_once(
    state: &State,
    job: &Job,
    tenant: TenantId,
    partition: &Partition,
) -> Result<Progress, SealingError> {
    let head = log::head(partition).await?;
    let hint = Hint::read(partition, &head).await?;
    let mut intake = Intake::read(state, partition, &head, hint.cursors()).await?;
    if head.tree.size() == 0 {
        if intake.page.is_empty() {
            return Ok(Progress::Done { missing: false });
        }
        intake.page.insert(0, own_rows::genesis(state, tenant, job.now).await?);
    }
    let late = hint.late(&head, job.now, LATE_AFTER);
    for gap in &late {
        intake.page.push(own_rows::missing(state, tenant, job.now, gap)?);
    }
    let next =
        commit::next(&head, &intake.page, &intake.cursors, &state.ports.clock.now().to_string())?;
    for place in &next.repeated {
        // Read again after a lost cursor, or the same number with other words: the first one stays in the log.
        tracing::debug!(tenant.id = %tenant, place, "an intent was sealed before");
    }
    let Some(commit) = next.commit else {
        let missing = hint.keep(partition, &head, intake.cursors, job.now).await?;
        return Ok(Progress::Done { missing });
    };
    append(partition, commit).await
}

async fn append(partition: &Partition, commit: commit::Commit) -> Result<Progress, SealingError> {
    let (first, size) = (commit.first, commit.size);
    match partition.in_shard(log::shard(first)).append(&log::LogCommit(commit)).await {
        Ok(()) => Ok(Progress::Sealed(size - first)),
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
