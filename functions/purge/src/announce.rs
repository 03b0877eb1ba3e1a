//! Announcing a purge: which rows of which epoch are over their time.

use domain::{
    AuditEvent, EventKind, Target,
    hold::Hold,
    retention::{self, PurgePlan, PurgeState},
};
use store::{
    Change, Partition, StoreError, TenantRecord,
    retention::{PurgeRecord, RetentionRecord, holds, purges},
};

use crate::{
    cut::{self, Cut},
    tick::{Work, actor},
};

/// Announces the next purge, if any rows are over their time; of the oldest epoch that has such rows. Whether it did.
pub(crate) async fn announce(work: &Work<'_>) -> Result<bool, StoreError> {
    let data = &work.partition;
    let Some(tenant) = data.find::<TenantRecord>(TenantRecord::ID).await? else { return Ok(false) };
    let months = months(data, &tenant.document).await?;
    let before = retention::limit(work.now, months);
    let holds = holds(data).await?;
    let purges = purges(data).await?;
    let number = purges.first().map_or(1, |last| last.document.0.number + 1);
    for epoch in 0..=work.signed.epoch {
        let Some(of) = work.of(epoch).await? else { continue };
        if of.rows().stay_for_good() {
            continue;
        }
        let mut done = purges.iter().map(|found| &found.document.0).filter(|plan| plan.is_done());
        let previous = done.find(|plan| plan.epoch == epoch);
        let Some(Cut { from, to, root }) = cut::find(&of, previous, &holds, before).await? else {
            continue;
        };
        let purge = work.state.ports.randomness.id(work.now);
        let (noticed_at, state) = (work.now, PurgeState::Noticed);
        let (held, kept, rest) = (protecting(&holds, epoch), Vec::new(), None);
        let plan = PurgePlan {
            purge,
            number,
            epoch,
            from,
            to,
            before,
            months,
            root,
            noticed_at,
            held,
            kept,
            rest,
            state,
        };
        notice(work, plan).await?;
        return Ok(true);
    }
    Ok(false)
}

/// For how many months the tenant's rows are kept.
pub(crate) async fn months(data: &Partition, tenant: &TenantRecord) -> Result<u32, StoreError> {
    let choice = data.find::<RetentionRecord>(RetentionRecord::ID).await?;
    let choice = choice.map(|found| found.document.choice).unwrap_or_default();
    Ok(retention::months(&tenant.entitlements(), &choice))
}

/// The active holds on rows of the epoch.
pub(crate) fn protecting(holds: &[Hold], epoch: u64) -> Vec<domain::HoldId> {
    let active = holds.iter().filter(|hold| hold.is_active() && !hold.rows_in(epoch).is_empty());
    active.map(|hold| hold.hold).collect()
}

async fn notice(work: &Work<'_>, plan: PurgePlan) -> Result<(), StoreError> {
    let event = AuditEvent::new(EventKind::PurgeNoticed, Target::new("purge", plan.purge))
        .with("before", plan.before.to_string())
        .with("epoch", plan.epoch)
        .with("from", plan.from)
        .with("months", plan.months)
        .with("to", plan.to);
    let change = Change::new(event).create(&PurgeRecord(plan));
    work.partition.commit(&actor(), work.now, change).await.map(drop)
}
