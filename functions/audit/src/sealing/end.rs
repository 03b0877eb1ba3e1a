//! Where a log ends: at the last commit that continues what was signed without a gap. What lies beyond a gap is reported, and never followed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chain::commit::Commit;
use domain::{Actor, AuditEvent, EventId, EventKind, Outcome, Target, TenantId, Timestamp};
use sha2::{Digest as _, Sha256};
use store::{Change, Partition, SignedHead, StoreError, log};
use web::Job;

use crate::State;

/// How far this process followed the log of each tenant: the epoch, and how many rows of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ends(Arc<Mutex<BTreeMap<TenantId, (u64, u64)>>>);

impl Ends {
    fn of(&self, log: &Partition) -> Option<u64> {
        let known = self.lock().get(&log.tenant()).copied();
        known.filter(|(epoch, _)| *epoch == log.epoch()).map(|(_, size)| size)
    }

    fn note(&self, log: &Partition, size: u64) {
        self.lock().insert(log.tenant(), (log.epoch(), size));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TenantId, (u64, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The commit to continue, if the log has begun.
pub(super) async fn last(
    state: &State,
    job: &Job,
    log: &Partition,
) -> Result<Option<Commit>, StoreError> {
    let Some(newest) = log::last(log).await? else { return Ok(None) };
    let known = state.ends.of(log).filter(|known| *known <= newest.size);
    let follows = known.is_some_and(|known| known == newest.size || known == newest.first);
    let end = if follows { newest } else { followed(state, job, log, known, newest).await? };
    state.ends.note(log, end.size);
    Ok(Some(end))
}

/// The last commit on the way from what was signed, or followed here before, to `newest`.
async fn followed(
    state: &State,
    job: &Job,
    log: &Partition,
    known: Option<u64>,
    newest: Commit,
) -> Result<Commit, StoreError> {
    let from = signed(state, log).await?.max(known.unwrap_or_default());
    if from > newest.size {
        // The database was set back: that is for the signer to say, which refuses such a log.
        return Ok(newest);
    }
    let (mut size, mut end) = (from, None);
    while size < newest.size {
        let next = log::commit_at(log, size).await?.filter(|next| next.size > size);
        let Some(next) = next else { break };
        size = next.size;
        end = Some(next);
    }
    if size == newest.size {
        return Ok(newest);
    }
    report(log, job.now, &newest).await?;
    let row = size.checked_sub(1).ok_or_else(|| log::missing(size))?;
    let end = if end.is_some() { end } else { log::holding(log, row).await? };
    end.ok_or_else(|| log::missing(row))
}

/// How many rows of the epoch are signed.
async fn signed(state: &State, log: &Partition) -> Result<u64, StoreError> {
    let signed = SignedHead::read(&*state.ports.blobs, log.tenant()).await?;
    let signed = signed.filter(|(signed, _)| signed.epoch == log.epoch());
    Ok(signed.map_or(0, |(signed, _)| signed.size))
}

/// A line for whoever runs the deployment, and a row for the tenant; one a day for each document.
async fn report(log: &Partition, now: Timestamp, stray: &Commit) -> Result<(), StoreError> {
    let (tenant, id, day) = (log.tenant(), stray.id(), now.unix_s() / 86_400);
    tracing::error!(alarm = "log-stray", tenant.id = %tenant, document = id, "a commit lies beyond the end of the log, and is not followed");
    let digest = Sha256::digest(format!("stray|{tenant}|{}|{id}|{day}", log.epoch()));
    let event = digest.first_chunk().map(|bytes| EventId::from_u128(u128::from_be_bytes(*bytes)));
    let mut found =
        AuditEvent::new(EventKind::AuditVerifyFailed, Target::new("log", log.epoch().to_string()))
            .with("why", "stray")
            .with("document", id);
    found.outcome = Outcome::Failed;
    match log.commit_as(event, &Actor::system("sealer"), now, Change::new(found)).await {
        Ok(_) | Err(StoreError::Exists | StoreError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}
