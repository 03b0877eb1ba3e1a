//! What is due for one tenant now.

use std::time::Duration;

use domain::{
    Actor, TenantId, Timestamp,
    retention::{Facts, PurgePlan, PurgeState, Refused, Rows, Step, next_step},
};
use ports::QueueName;
use serde_json::{Value, json};
use store::{
    Found, Housekeeping, HousekeepingKind, Partition, SignedHead, StoreError,
    retention::{self, PurgeRecord},
};
use web::Job;

use crate::{State, announce, bodies, exports, facts, forgotten, intents, record, tenant_keys};

/// Steps of purges that one invocation makes at the most.
const STEPS_MAX: usize = 6;

/// One epoch of a tenant's log, as it is signed now; the current one unless it says so.
#[derive(Clone)]
pub(crate) struct Work<'a> {
    pub(crate) state: &'a State,
    pub(crate) partition: Partition,
    pub(crate) signed: SignedHead,
    pub(crate) now: Timestamp,
    /// Whether another epoch came after it.
    pub(crate) is_over: bool,
}

impl Work<'_> {
    /// The same at an epoch of which rows can be purged; `None` at one that a restore cut off: nothing in its file says which key may account for
    /// what is gone of it.
    pub(crate) async fn of(&self, epoch: u64) -> Result<Option<Self>, StoreError> {
        if epoch == self.signed.epoch {
            return Ok(Some(self.clone()));
        }
        let blobs = &*self.state.ports.blobs;
        let ended = SignedHead::read_ended(blobs, self.partition.tenant(), epoch).await?;
        let signed = ended.filter(|ended| ended.ended.is_some());
        let partition = self.partition.in_epoch(epoch);
        Ok(signed.map(|signed| Self { partition, signed, is_over: true, ..self.clone() }))
    }

    /// How many rows of the epoch are signed.
    pub(crate) fn rows(&self) -> Rows {
        let size = self.signed.size;
        if self.is_over { Rows::InAll(size) } else { Rows::SoFar(size) }
    }
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Done {
    pub(crate) intents: u64,
    pub(crate) exports: u64,
    pub(crate) rows: u64,
    pub(crate) keys: u64,
}

impl Done {
    pub(crate) fn to_json(self) -> Value {
        let Self { intents, exports, rows, keys } = self;
        json!({"exports": exports, "intents": intents, "keys": keys, "rows": rows})
    }
}

/// In whose name purges are recorded.
pub(crate) fn actor() -> Actor {
    Actor::system("purge")
}

/// Does what is due for `tenant`.
pub(crate) async fn tick(state: &State, job: &Job, tenant: TenantId) -> Result<Done, StoreError> {
    let partition = job.cap.partition(tenant, job.trigger.name);
    let keys = tenant_keys::destroy(&state.ports, &partition, job.now).await?;
    let Some((signed, _)) = SignedHead::read(&*state.ports.blobs, tenant).await? else {
        return Ok(Done { keys, ..Done::default() });
    };
    let partition = partition.in_epoch(signed.epoch);
    let work = Work { state, partition, signed, now: job.now, is_over: false };
    let intents = intents::remove(&work).await? + forgotten::remove(&work).await?;
    let exports = exports::remove(&work).await?;
    let rows = match purge(&work).await {
        // Another invocation made the same step; it goes on from there.
        Err(StoreError::Conflict | StoreError::Exists) => 0,
        other => other?,
    };
    Ok(Done { intents, exports, rows, keys })
}

/// Makes the steps that can be made now. How many bodies were removed.
async fn purge(work: &Work<'_>) -> Result<u64, StoreError> {
    let mut removed = 0;
    for _ in 0..STEPS_MAX {
        let last = retention::last_purge(&work.partition).await?;
        let Some(open) = last.filter(|found| !found.document.0.is_over()) else {
            if announce::announce(work).await? {
                continue;
            }
            return Ok(removed);
        };
        let (step, facts) = next(work, &open.document.0).await?;
        match step {
            Step::Record(export) => record::record(work, open, export, &facts).await?,
            Step::Remove => removed += bodies::remove(work, open).await?,
            Step::Drop => drop_it(work, open).await?,
            Step::Wait(why) => {
                wait(work, why).await?;
                return Ok(removed);
            }
            Step::Done => return Ok(removed),
        }
    }
    Ok(removed)
}

/// The next step of a purge, and what is known of it.
async fn next(work: &Work<'_>, plan: &PurgePlan) -> Result<(Step, Facts), StoreError> {
    // An epoch that a restore cut off meanwhile stays as it is.
    if work.of(plan.epoch).await?.is_none() {
        return Ok((Step::Drop, Facts::default()));
    }
    let facts = facts::gather(work, plan).await?;
    Ok((next_step(plan, &facts, work.now), facts))
}

/// Gives a purge up: another one is announced when its rows are over their time.
async fn drop_it(work: &Work<'_>, open: Found<PurgeRecord>) -> Result<(), StoreError> {
    let (PurgeRecord(plan), tenant) = (open.document, work.partition.tenant());
    tracing::warn!(tenant.id = %tenant, purge.id = %plan.purge, "a purge is given up");
    let plan = PurgePlan { state: PurgeState::Dropped { at: work.now }, ..plan };
    let keep = Housekeeping::new(HousekeepingKind::Follower);
    work.partition.keep(keep.replace(&PurgeRecord(plan), open.etag)).await
}

/// Asks for what can be asked for.
async fn wait(work: &Work<'_>, why: Refused) -> Result<(), StoreError> {
    let tenant = work.partition.tenant();
    tracing::debug!(tenant.id = %tenant, %why, "a purge waits");
    if why == Refused::Export {
        let queue = &work.state.ports.queue;
        let asked = queue.send(QueueName::Export, &tenant.to_string(), Duration::ZERO).await;
        asked.map_err(|error| StoreError::Unavailable(error.to_string()))?;
    }
    Ok(())
}
