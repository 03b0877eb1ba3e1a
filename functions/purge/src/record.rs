//! Writing the row that accounts for a purge.

use chain::{
    Hash,
    purge::{Kept, Purge},
};
use domain::{
    AuditEvent, EventKind, ExportId, HoldId, Target,
    retention::{Facts, PurgePlan, PurgeState, Reached},
};
use store::{
    Change, Found, StoreError, kept,
    retention::{Acknowledgement, PurgeExport, PurgeRecord, holds},
};

use crate::{
    announce::protecting,
    staying,
    tick::{Work, actor},
};

/// Records that the rows of the plan are about to go, together with the plan's next state.
pub(crate) async fn record(
    work: &Work<'_>,
    open: Found<PurgeRecord>,
    export: ExportId,
    facts: &Facts,
) -> Result<(), StoreError> {
    let PurgeRecord(mut plan) = open.document;
    plan.held = held(work, &plan).await?;
    (plan.kept, plan.rest) = staying::ranges(work, &plan).await?;
    let data = &work.partition;
    let made = data.get::<PurgeExport>(&PurgeExport::id_of(plan.purge)).await?.document;
    let agreed = data.find::<Acknowledgement>(&Acknowledgement::id_of(plan.purge)).await?;
    let approver =
        agreed.map_or_else(|| "notice".to_owned(), |found| found.document.by.to_string());
    let mut event = AuditEvent::new(EventKind::LogPurge, Target::new("purge", plan.purge))
        .with("approver", approver)
        .with("file", export.to_string())
        .with("witnessed", facts.has_witness);
    for (name, value) in account(&plan, &made)?.members() {
        event = event.with(name, value);
    }
    let id = work.state.ports.randomness.id(work.now);
    let (after, current) = (work.signed.size, work.signed.epoch);
    let (at, reached) = (work.now, Reached::default());
    let state = PurgeState::Recorded { event: id, export, after, current, at, reached };
    let change = Change::new(event).replace(&PurgeRecord(PurgePlan { state, ..plan }), open.etag);
    data.commit_as(Some(id), &actor(), work.now, change).await?;
    Ok(())
}

/// The holds that protect rows from this purge: those that were active when it was announced or are now, and those whose release is not in the log yet.
/// The row that accounts for the purge must come after it, or it accounts for no row of theirs.
async fn held(work: &Work<'_>, plan: &PurgePlan) -> Result<Vec<HoldId>, StoreError> {
    let all = holds(&work.partition).await?;
    let mut held = plan.held.clone();
    held.extend(protecting(&all, plan.epoch));
    let blobs = &*work.state.ports.blobs;
    for hold in all.iter().filter(|hold| !hold.rows_in(plan.epoch).is_empty()) {
        let Some(released) = hold.released_by else { continue };
        if kept::stands(blobs, &work.partition, &released, &work.signed).await?.is_none() {
            held.push(hold.hold);
        }
    }
    held.sort_unstable();
    held.dedup();
    Ok(held)
}

fn account(plan: &PurgePlan, made: &PurgeExport) -> Result<Purge, StoreError> {
    let hash = |text: &str| {
        text.parse::<Hash>().map_err(|error| StoreError::Unreadable(error.to_string()))
    };
    Ok(Purge {
        before: plan.before.to_string(),
        epoch: Some(plan.epoch),
        export: hash(&made.sha256)?,
        from: plan.from,
        kept: Kept::from(plan.kept.clone()),
        months: plan.months,
        root: hash(&plan.root)?,
        to: plan.to,
    })
}
