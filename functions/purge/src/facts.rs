//! What a purge waits for, as it stands.

use chain::{checkpoint::Checkpoint, note::Note, purge::months_before, row::Row};
use domain::retention::{Facts, PurgePlan, PurgeState};
use store::{
    Cosignatures, SignedHead, StoreError, TenantRecord,
    kept::{self, Stands},
    retention::{Acknowledgement, PurgeExport},
};

use crate::{announce::months, progress, tick::Work};

/// Looks at everything that [`domain::retention::next_step`] asks for.
pub(crate) async fn gather(work: &Work<'_>, plan: &PurgePlan) -> Result<Facts, StoreError> {
    let data = &work.partition;
    let acknowledged = data.find::<Acknowledgement>(&Acknowledgement::id_of(plan.purge)).await?;
    let export = data.find::<PurgeExport>(&PurgeExport::id_of(plan.purge)).await?;
    let tenant = data.find::<TenantRecord>(TenantRecord::ID).await?;
    let months = match &tenant {
        Some(found) => months(data, &found.document).await?,
        None => plan.months,
    };
    let facts = Facts {
        acknowledged: acknowledged.is_some(),
        has_witness: has_witness(work).await?,
        notice_days: tenant.map_or(0, |found| found.document.settings.notice_days),
        export: export.map(|found| (found.document.export, found.document.rows)),
        rows: work.of(plan.epoch).await?.map(|of| of.rows()).unwrap_or_default(),
        row: None,
        signed: 0,
        witnessed: 0,
        intents: progress::read(data).await?.0.intents_of(plan.epoch),
        months,
        is_disbelieved: false,
    };
    match row(work, plan).await? {
        None => Ok(facts),
        Some(row) => {
            let is_disbelieved = !is_believed(plan, &row.row);
            covered(work, &row, Facts { is_disbelieved, ..facts }).await
        }
    }
}

/// Whether anybody ever cosigned this log. Who witnessed an earlier epoch is waited for: a rotation makes no log one that nobody watches.
async fn has_witness(work: &Work<'_>) -> Result<bool, StoreError> {
    for epoch in (0..=work.signed.epoch).rev() {
        let log = (work.partition.tenant(), epoch);
        let (cosignatures, _) = Cosignatures::of(&*work.state.ports.blobs, log).await?;
        if !cosignatures.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The signed row that accounts for the purge.
async fn row(work: &Work<'_>, plan: &PurgePlan) -> Result<Option<Stands>, StoreError> {
    let sought = match plan.state {
        PurgeState::Recorded { .. } => plan.recorded(),
        PurgeState::Noticed | PurgeState::Executed { .. } | PurgeState::Dropped { .. } => None,
    };
    let Some(sought) = sought else { return Ok(None) };
    kept::stands(&*work.state.ports.blobs, &work.partition, &sought, &work.signed).await
}

/// Whether the row was sealed late enough that what it says of the time of the others is true by its own.
fn is_believed(plan: &PurgePlan, row: &str) -> bool {
    let limit = Row::parse(row).ok().and_then(|row| months_before(row.rx, plan.months));
    limit.is_some_and(|limit| plan.before.to_string() <= limit)
}

/// How much of the row's epoch is signed and witnessed. Every head of a later epoch vouches for all of it, since row 0 there shows how it ended.
async fn covered(work: &Work<'_>, row: &Stands, facts: Facts) -> Result<Facts, StoreError> {
    let mut facts = Facts { row: Some(row.seq), ..facts };
    for epoch in row.epoch..=work.signed.epoch {
        let blobs = &*work.state.ports.blobs;
        let head = kept::head_of(blobs, &work.partition, &work.signed, epoch).await?;
        let Some(head) = head else { continue };
        let (cosignatures, _) = Cosignatures::of(blobs, (work.partition.tenant(), epoch)).await?;
        let cosigned = cosignatures.newest(&origin(&head)?).map(|cosigned| cosigned.size);
        if epoch == row.epoch {
            facts.signed = head.size;
            facts.witnessed = cosigned.unwrap_or(0);
        } else if cosigned.is_some() {
            facts.witnessed = facts.signed;
        }
    }
    Ok(facts)
}

/// The name of the log as it was signed.
fn origin(signed: &SignedHead) -> Result<String, StoreError> {
    let unreadable = |error: String| StoreError::Unreadable(error);
    let note = Note::parse(signed.note.as_bytes());
    let note = note.map_err(|error| unreadable(error.to_string()))?;
    let head = Checkpoint::parse(note.text).map_err(|error| unreadable(error.to_string()))?;
    Ok(head.origin)
}
