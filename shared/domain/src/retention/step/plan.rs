//! A purge as it is planned and stored.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::{NOTICE_DAYS, NOTICE_DAYS_UNWITNESSED};
use crate::{EventId, ExportId, HoldId, PurgeId, Timestamp};

/// A row that an event becomes, and from where on it stands in the log.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Sought {
    /// The event.
    pub event: EventId,
    /// The epoch that was current when it was recorded: the row stands in that or in a later one.
    pub epoch: u64,
    /// How many rows of that epoch were signed then: the row comes after them.
    pub after: u64,
}

/// A purge that was announced.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PurgePlan {
    /// Which.
    pub purge: PurgeId,
    /// The how manieth of its log, from 1: two that begin the same one cannot both.
    pub number: u32,
    /// The epoch of the log whose rows go.
    #[serde(default)]
    pub epoch: u64,
    /// The first row.
    pub from: u64,
    /// The row after the last.
    pub to: u64,
    /// Rows that were sealed earlier than this are over their time.
    pub before: Timestamp,
    /// How many months rows are kept.
    pub months: u32,
    /// The root of the tree of the first `to` rows, in hexadecimal.
    pub root: String,
    /// When it was announced.
    pub noticed_at: Timestamp,
    /// The holds that protect rows of the epoch from it, though they be released meanwhile: then their rows wait for the next purge.
    #[serde(default)]
    pub held: Vec<HoldId>,
    /// The ranges of rows that it leaves as they are, each by its first row and the row after its last, once it is recorded.
    #[serde(default)]
    pub kept: Vec<(u64, u64)>,
    /// The first row that waits for the next purge, because the row that accounts for this one has no room for more ranges.
    #[serde(default)]
    pub rest: Option<u64>,
    /// How far it is.
    pub state: PurgeState,
}

/// How far the bodies of a purge are removed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reached {
    /// The entry bundles before this one are done with.
    pub bundle: u64,
    /// How many bodies are gone.
    pub rows: u64,
    /// How many rows were kept.
    pub kept: u64,
}

/// How far a purge is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum PurgeState {
    /// Announced.
    Noticed,
    /// A row of the log, still to be sealed and signed, says that the bodies go.
    Recorded {
        /// The event of that row.
        event: EventId,
        /// The export that holds the rows.
        export: ExportId,
        /// How many rows were signed then: the row comes after them.
        after: u64,
        /// In which epoch of the log.
        #[serde(default)]
        current: u64,
        /// When.
        at: Timestamp,
        /// How far its bodies are removed.
        #[serde(default)]
        reached: Reached,
    },
    /// The bodies are gone.
    Executed {
        /// How many.
        rows: u64,
        /// How many were kept: held, or rows that say what was removed.
        kept: u64,
        /// The event of the row that accounts for it.
        event: EventId,
        /// How many rows were signed when that was recorded.
        after: u64,
        /// In which epoch of the log.
        #[serde(default)]
        current: u64,
        /// When.
        at: Timestamp,
    },
    /// Nothing of it was removed, and nothing will be: its rows wait for another purge.
    Dropped {
        /// When.
        at: Timestamp,
    },
}

impl PurgePlan {
    /// When its notice is over: ours, or the tenant's own of so many days if that is longer.
    pub fn due_at(&self, has_witness: bool, notice_days: u16) -> Timestamp {
        let ours = if has_witness { NOTICE_DAYS } else { NOTICE_DAYS_UNWITNESSED };
        let days = ours.max(notice_days.into());
        self.noticed_at.plus(Duration::from_hours(u64::from(days) * 24))
    }

    /// The row that accounts for it, once it is recorded.
    pub const fn recorded(&self) -> Option<Sought> {
        match self.state {
            PurgeState::Noticed | PurgeState::Dropped { .. } => None,
            PurgeState::Recorded { event, after, current, .. }
            | PurgeState::Executed { event, after, current, .. } => {
                Some(Sought { event, epoch: current, after })
            }
        }
    }

    /// How far its bodies are removed, while they are.
    pub const fn reached(&self) -> Reached {
        match self.state {
            PurgeState::Recorded { reached, .. } => reached,
            PurgeState::Noticed | PurgeState::Executed { .. } | PurgeState::Dropped { .. } => {
                Reached { bundle: 0, rows: 0, kept: 0 }
            }
        }
    }

    /// The same, its bodies removed so far.
    #[must_use]
    pub const fn at(mut self, now_reached: Reached) -> Self {
        if let PurgeState::Recorded { reached, .. } = &mut self.state {
            *reached = now_reached;
        }
        self
    }

    /// Whether its bodies are removed.
    pub const fn is_done(&self) -> bool {
        matches!(self.state, PurgeState::Executed { .. })
    }

    /// Whether nothing more comes of it.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, PurgeState::Executed { .. } | PurgeState::Dropped { .. })
    }
}
