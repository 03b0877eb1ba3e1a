//! The steps of a purge, in their one order: announced, exported, recorded in the log, seen by a witness, and only then removed.

mod plan;

use super::EXPORT_ROWS_MAX;
use crate::{ExportId, Timestamp};

pub use plan::{PurgePlan, PurgeState, Reached, Sought};

/// What is known outside of the plan.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    /// Whether an administrator agreed.
    pub acknowledged: bool,
    /// Whether a witness is there for this log.
    pub has_witness: bool,
    /// How many days' notice the tenant wants at least.
    pub notice_days: u16,
    /// The export of the rows: which, and how many rows from the first on it holds.
    pub export: Option<(ExportId, u64)>,
    /// How many rows of the plan's epoch are signed.
    pub rows: Rows,
    /// The row that says that the bodies go, once it is sealed.
    pub row: Option<u64>,
    /// How many rows of that row's epoch are under a signed head.
    pub signed: u64,
    /// How many of them a witness vouches for.
    pub witnessed: u64,
    /// The intents of how many rows of the plan's epoch are gone, from the first on.
    pub intents: u64,
    /// For how many months rows are kept now.
    pub months: u32,
    /// Whether verifiers will not believe that row, because the clocks of who announced the purge and of who sealed the row differ too much.
    pub is_disbelieved: bool,
}

/// How many rows of an epoch are signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rows {
    /// So many up to now.
    SoFar(u64),
    /// So many, and no more: another epoch came after it.
    InAll(u64),
}

impl Rows {
    /// Whether nothing of the epoch is ever purged: it is over, and longer than an export.
    pub const fn stay_for_good(self) -> bool {
        matches!(self, Self::InAll(rows) if rows > EXPORT_ROWS_MAX)
    }
}

impl Default for Rows {
    fn default() -> Self {
        Self::SoFar(0)
    }
}

/// What to do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Write the row that says that the bodies go.
    Record(ExportId),
    /// Remove the bodies.
    Remove,
    /// Give it up.
    Drop,
    /// Nothing: something must happen first.
    Wait(Refused),
    /// It is over.
    Done,
}

/// What must happen before a purge goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The notice is not over.
    #[error("its notice ends on {0}, and no administrator agreed to it earlier")]
    Notice(Timestamp),
    /// No export holds all rows.
    #[error("no export holds its rows yet")]
    Export,
    /// No export can hold all rows: this many.
    #[error(
        "the log has {0} rows, and an export, without which nothing is purged, holds at most {EXPORT_ROWS_MAX}: let the operator rotate the log; \
         later rows are purged then, and these stay"
    )]
    TooLong(u64),
    /// The row that announces it is not sealed.
    #[error("the row that accounts for it is not sealed yet")]
    Row,
    /// No signed head covers that row.
    #[error("the row that accounts for it is not signed yet")]
    Signature,
    /// No witness saw that row.
    #[error("no witness saw the row that accounts for it yet")]
    Witness,
    /// What the apps wrote for the sealer says the same as its rows.
    #[error("the intents of its rows are not all removed yet")]
    Intents,
}

/// The next step of a purge. The same plan and facts always give the same step, so that whoever was killed half-way goes on where it was.
pub fn next_step(plan: &PurgePlan, facts: &Facts, now: Timestamp) -> Step {
    match plan.state {
        // Who has the rows kept for longer meanwhile wants these kept for longer.
        PurgeState::Noticed if facts.months > plan.months => Step::Drop,
        // Those of later epochs wait behind it.
        PurgeState::Noticed if facts.rows.stay_for_good() => Step::Drop,
        PurgeState::Noticed => match may_be_recorded(plan, facts, now) {
            Ok(export) => Step::Record(export),
            Err(refused) => Step::Wait(refused),
        },
        // Of rows for which nothing would account, none was removed.
        PurgeState::Recorded { .. } if facts.is_disbelieved => Step::Drop,
        PurgeState::Recorded { .. } => match may_be_removed(plan, facts) {
            Ok(()) => Step::Remove,
            Err(refused) => Step::Wait(refused),
        },
        PurgeState::Executed { .. } | PurgeState::Dropped { .. } => Step::Done,
    }
}

fn may_be_recorded(plan: &PurgePlan, facts: &Facts, now: Timestamp) -> Result<ExportId, Refused> {
    let due = plan.due_at(facts.has_witness, facts.notice_days);
    if !facts.acknowledged && now < due {
        return Err(Refused::Notice(due));
    }
    let export = facts.export.filter(|(_, rows)| *rows >= plan.to);
    let (Rows::SoFar(rows) | Rows::InAll(rows)) = facts.rows;
    let why = || too_long(plan, rows).unwrap_or(Refused::Export);
    export.map(|(export, _)| export).ok_or_else(why)
}

/// Why a purge that was announced waits for an export in vain, if its epoch has so many rows.
pub fn too_long(plan: &PurgePlan, rows: u64) -> Option<Refused> {
    let is_too_long = plan.state == PurgeState::Noticed && rows > EXPORT_ROWS_MAX;
    is_too_long.then_some(Refused::TooLong(rows))
}

fn may_be_removed(plan: &PurgePlan, facts: &Facts) -> Result<(), Refused> {
    let row = facts.row.ok_or(Refused::Row)?;
    if facts.signed <= row {
        return Err(Refused::Signature);
    }
    // Without a witness the signature must do, which is why the notice is longer then.
    if facts.has_witness && facts.witnessed <= row {
        return Err(Refused::Witness);
    }
    if facts.intents < plan.to { Err(Refused::Intents) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
