//! Legal holds: rows of the audit log that nobody may remove, however old they are, and details that nobody may erase.

use std::{cmp::Ordering, ops::Range};

use serde::{Deserialize, Serialize};

use crate::{Class, Fault, HoldId, Timestamp, UserId, retention::Sought};

/// The longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 500;

/// The greatest place of a row that an audit row can say: a JSON number beyond it is not exact everywhere (RFC 8785 §3.2.2.3).
pub const ROW_MAX: u64 = (1 << 53) - 1;

/// Rows that are held.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Hold {
    /// Which.
    pub hold: HoldId,
    /// The epoch of the log whose rows these are.
    #[serde(default)]
    pub epoch: u64,
    /// The first row.
    pub from: u64,
    /// The row after the last; without it, every later row as well, those of later epochs among them.
    pub to: Option<u64>,
    /// Why, in the words of whoever set it.
    pub reason: String,
    /// Who set it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// When it ended, if it did.
    #[serde(default)]
    pub released_at: Option<Timestamp>,
    /// The row that says that it was set.
    #[serde(default)]
    pub set_by: Option<Sought>,
    /// The row that says that it ended.
    #[serde(default)]
    pub released_by: Option<Sought>,
}

/// Why a hold is not set, not released, or in the way.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum HoldError {
    /// No row is in the range.
    #[error("a hold names at least one row: \"to\" is greater than \"from\", or left out")]
    Empty,
    /// No log has such a row.
    #[error("rows are counted up to {ROW_MAX}")]
    Beyond,
    /// The reason says nothing, or too much.
    #[error("a hold has a reason of 1 to {REASON_CHARS_MAX} characters")]
    Reason,
    /// It ended before.
    #[error("the hold {0} was released already")]
    Released(HoldId),
    /// It protects what was to be removed.
    #[error("the hold {hold} protects it, from row {from} on; release the hold first")]
    Held {
        /// Which hold.
        hold: HoldId,
        /// Its first row.
        from: u64,
    },
}

impl Fault for HoldError {
    fn class(&self) -> Class {
        match self {
            Self::Empty | Self::Beyond | Self::Reason => Class::Invalid,
            Self::Released(_) | Self::Held { .. } => Class::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Empty | Self::Beyond | Self::Reason => "validation",
            Self::Released(_) => "hold-released",
            Self::Held { .. } => "legal-hold",
        }
    }
}

impl Hold {
    /// A hold on the rows of epoch 0 from `from` up to `to`, which it does not include.
    ///
    /// # Errors
    /// * [`HoldError::Beyond`], [`HoldError::Empty`], [`HoldError::Reason`].
    pub fn set(
        hold: HoldId,
        (from, to): (u64, Option<u64>),
        reason: &str,
        by: UserId,
        at: Timestamp,
    ) -> Result<Self, HoldError> {
        if from.max(to.unwrap_or(0)) > ROW_MAX {
            return Err(HoldError::Beyond);
        }
        if to.is_some_and(|to| to <= from) {
            return Err(HoldError::Empty);
        }
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
            return Err(HoldError::Reason);
        }
        let reason = reason.to_owned();
        let (released_at, set_by, released_by) = (None, None, None);
        Ok(Self { hold, epoch: 0, from, to, reason, by, at, released_at, set_by, released_by })
    }

    /// The hold, ended.
    ///
    /// # Errors
    /// * [`HoldError::Released`].
    pub fn release(self, at: Timestamp) -> Result<Self, HoldError> {
        match self.released_at {
            Some(_) => Err(HoldError::Released(self.hold)),
            None => Ok(Self { released_at: Some(at), ..self }),
        }
    }

    /// Whether it protects rows now.
    pub const fn is_active(&self) -> bool {
        self.released_at.is_none()
    }

    /// The rows of its epoch.
    pub fn rows(&self) -> Range<u64> {
        self.rows_in(self.epoch)
    }

    /// The rows of `epoch`: without an end, it goes on in every later one.
    pub fn rows_in(&self, epoch: u64) -> Range<u64> {
        match (self.epoch.cmp(&epoch), self.to) {
            (Ordering::Equal, to) => self.from..to.unwrap_or(u64::MAX),
            (Ordering::Less, None) => 0..u64::MAX,
            (Ordering::Less, Some(_)) | (Ordering::Greater, _) => 0..0,
        }
    }
}

/// Whether one of the active holds protects row `seq` of `epoch`.
pub fn protects(holds: &[Hold], epoch: u64, seq: u64) -> bool {
    holds.iter().any(|hold| hold.is_active() && hold.rows_in(epoch).contains(&seq))
}

/// Refuses if an active hold protects any of `rows`.
///
/// # Errors
/// * [`HoldError::Held`] names the first such hold.
pub fn require_free(holds: &[Hold], rows: &Range<u64>) -> Result<(), HoldError> {
    let overlaps = |hold: &&Hold| {
        hold.is_active() && hold.rows().start < rows.end && rows.start < hold.rows().end
    };
    let first = holds.iter().filter(overlaps).min_by_key(|hold| (hold.from, hold.hold));
    first.map_or(Ok(()), |hold| Err(HoldError::Held { hold: hold.hold, from: hold.from }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_unix_s(1_795_219_200);

    fn set(id: u128, from: u64, to: Option<u64>) -> Hold {
        let by = UserId::from_u128(1);
        Hold::set(HoldId::from_u128(id), (from, to), " case 7 ", by, AT).unwrap()
    }

    #[test]
    fn a_hold_protects_its_rows_until_it_is_released() {
        let holds = [set(1, 5, Some(8)), set(2, 20, None)];
        let protected: Vec<_> = (0..25).filter(|seq| protects(&holds, 0, *seq)).collect();
        assert_eq!(protected, [5, 6, 7, 20, 21, 22, 23, 24]);
        let released = holds[0].clone().release(AT).unwrap();
        assert!(!protects(std::slice::from_ref(&released), 0, 5));
        assert_eq!(released.release(AT), Err(HoldError::Released(HoldId::from_u128(1))));
        assert_eq!(holds[0].reason, "case 7");
    }

    /// Row 5 of one epoch is not row 5 of another.
    #[test]
    fn a_hold_protects_rows_of_its_epoch_and_without_an_end_all_later_ones() {
        let holds = [Hold { epoch: 1, ..set(1, 5, Some(8)) }];
        let found: Vec<_> = (0..3).filter(|epoch| protects(&holds, *epoch, 5)).collect();
        assert_eq!(found, [1]);
        let holds = [Hold { epoch: 1, ..set(1, 5, None) }];
        for (epoch, seq, expected) in
            [(0, 9, false), (1, 4, false), (1, 5, true), (2, 0, true), (3, 4, true)]
        {
            assert_eq!(protects(&holds, epoch, seq), expected, "{epoch} {seq}");
        }
    }

    #[test]
    fn ranges_that_touch_a_hold_are_refused_and_neighbours_are_not() {
        let holds = [set(1, 5, Some(8))];
        let held = Err(HoldError::Held { hold: HoldId::from_u128(1), from: 5 });
        for (range, expected) in
            [(0..5, Ok(())), (8..20, Ok(())), (0..6, held), (7..8, held), (0..20, held)]
        {
            assert_eq!(require_free(&holds, &range), expected, "{range:?}");
        }
        let released = [holds[0].clone().release(AT).unwrap()];
        assert_eq!(require_free(&released, &(0..20)), Ok(()));
        assert_eq!(require_free(&[set(1, 5, None)], &(900..901)), held);
    }

    #[test]
    fn a_hold_without_rows_or_reason_or_beyond_all_rows_is_refused() {
        let by = UserId::from_u128(1);
        let refused = |rows, reason: &str| Hold::set(HoldId::from_u128(1), rows, reason, by, AT);
        assert_eq!(refused((5, Some(5)), "x"), Err(HoldError::Empty));
        assert!(refused((5, Some(6)), "x").is_ok());
        assert_eq!(refused((ROW_MAX + 1, None), "x"), Err(HoldError::Beyond));
        assert_eq!(refused((5, Some(ROW_MAX + 1)), "x"), Err(HoldError::Beyond));
        assert!(refused((5, Some(ROW_MAX)), "x").is_ok() && refused((ROW_MAX, None), "x").is_ok());
        assert_eq!(refused((5, None), "  "), Err(HoldError::Reason));
        assert!(refused((5, None), &"é".repeat(500)).is_ok());
        assert_eq!(refused((5, None), &"é".repeat(501)), Err(HoldError::Reason));
    }
}
