//! Which rows of a purge stay: those that are held, those without which nobody could tell what was removed, and those of which the log says so.

use chain::{
    purge::{Entry, Kept, is_kept},
    row::Row,
    tile::WIDTH,
};
use domain::{
    HoldId,
    hold::{Hold, protects},
    retention::{PurgePlan, PurgeState},
};
use store::{StoreError, retention::holds};

use crate::{bodies, tick::Work};

pub(crate) struct Staying {
    epoch: u64,
    holds: Vec<Hold>,
    /// What the row says that accounts for the purge; nothing before that is written.
    kept: Kept,
}

impl Staying {
    /// What protects rows from this purge now.
    pub(crate) async fn of(work: &Work<'_>, plan: &PurgePlan) -> Result<Self, StoreError> {
        let (holds, kept) = (holding(work, plan).await?, Kept::from(plan.kept.clone()));
        Ok(Self { epoch: plan.epoch, holds, kept })
    }

    /// The holds among it.
    pub(crate) fn holds(&self) -> Vec<HoldId> {
        self.holds.iter().map(|hold| hold.hold).collect()
    }

    /// Whether it leaves row `seq` alone.
    pub(crate) fn has(&self, entry: &[u8], seq: u64) -> Result<bool, StoreError> {
        let is_held = self.kept.contains(seq) || protects(&self.holds, self.epoch, seq);
        Ok(is_held || must_stay(entry, seq)?)
    }
}

/// The ranges of rows that a purge which is about to be recorded leaves as they are, and the first row that waits for the next one.
pub(crate) async fn ranges(
    work: &Work<'_>,
    plan: &PurgePlan,
) -> Result<(Vec<(u64, u64)>, Option<u64>), StoreError> {
    let work = bodies::of_epoch(work, plan).await?;
    let (staying, mut going) = (Staying::of(&work, plan).await?, Vec::new());
    for index in bodies::bundles(plan) {
        let (entries, _) = bodies::read(&work, index).await?;
        for (seq, entry) in (index * WIDTH as u64..).zip(&entries) {
            let is_row = matches!(Entry::of(entry), Entry::Row(_));
            if is_row && (plan.from..plan.to).contains(&seq) && !staying.has(entry, seq)? {
                going.push(seq);
            }
        }
    }
    let (kept, rest) = Kept::beside(&(plan.from..plan.to), going);
    Ok((kept.into(), rest))
}

/// The holds that protect rows from this purge, as if they were active: those that are, and those that were when it was recorded. What is released
/// since is not accounted for by its row, whether or not the hold was seen then: it may have been set while that row was written.
async fn holding(work: &Work<'_>, plan: &PurgePlan) -> Result<Vec<Hold>, StoreError> {
    let recorded = match plan.state {
        PurgeState::Recorded { at, .. } => Some(at),
        PurgeState::Noticed | PurgeState::Executed { .. } | PurgeState::Dropped { .. } => None,
    };
    let counts = |hold: &Hold| {
        let is_late = recorded.is_some() && hold.released_at > recorded;
        hold.is_active() || plan.held.contains(&hold.hold) || is_late
    };
    let holds = holds(&work.partition).await?.into_iter().filter(counts);
    let holds = holds.filter(|hold| !hold.rows_in(plan.epoch).is_empty());
    Ok(holds.map(|hold| Hold { released_at: None, ..hold }).collect())
}

/// The first row, and rows that say what was removed or must not be.
fn must_stay(entry: &[u8], seq: u64) -> Result<bool, StoreError> {
    let row = Row::from_bytes(entry).map_err(|error| StoreError::Unreadable(error.to_string()))?;
    Ok(seq == 0 || is_kept(row.action))
}
