//! Purges that are recorded in the log, and what an operator can make of them.

use std::ops::Range;

use chain::{Hash, purge};
use serde_json::{Value, json};

use super::{ROWS, STRUCK, Scene};
use crate::made_log::{SEALED_AT, seal_at};

/// The rows that are held.
const HELD: Range<u64> = STRUCK..STRUCK + 10;
/// When the purge was recorded, and until when rows had to be sealed for it.
const LATER: &str = "2028-01-01T00:00:00.000000Z";
const BEFORE: &str = "2026-12-01T00:00:00.000000Z";
/// When the witness cosigned then, in seconds since 1970: 2028-01-01.
const COSIGNED_LATER: u64 = 1_830_297_601;

/// The details of a row that accounts for all rows from 1 on up to `to` but for those of `kept`.
pub fn account(before: &str, to: u64, kept: &Value) -> Value {
    let hash = Hash::of(b"export").to_string();
    json!({"before": before, "epoch": 0, "export": hash, "from": 1, "kept": kept, "months": 13, "root": hash, "to": to})
}

impl Scene {
    /// The log a year later: some rows are held, and the others are gone.
    pub fn purged(&self) -> Vec<u8> {
        self.purged_but_for(|seq| HELD.contains(&seq) || seq == ROWS)
    }

    /// The same without the rows that are held, and without the row that says so.
    pub(super) fn purged_too_far(&self) -> Vec<u8> {
        self.purged_but_for(|_| false)
    }

    fn purged_but_for(&self, is_kept: impl Fn(u64) -> bool) -> Vec<u8> {
        let hold = json!({"epoch": 0, "from": HELD.start, "hold": "hld_1", "to": HELD.end});
        let kept = json!([[HELD.start, HELD.end], [ROWS, ROWS + 1]]);
        let said = [
            (self.log.acted(ROWS, purge::HOLD_SET, &hold), SEALED_AT),
            (self.log.acted(ROWS + 1, purge::ACTION, &account(BEFORE, ROWS + 1, &kept)), LATER),
        ];
        let rows = self.and_then(said);
        let head = self.log.head_witnessed_at(&rows, COSIGNED_LATER);
        self.log.without(&rows, &head, |seq| (1..=ROWS).contains(&seq) && !is_kept(seq))
    }

    /// Today, with a row that says that it is sealed when all of them are over their time.
    pub(super) fn purged_ahead_of_time(&self) -> Vec<u8> {
        let said = account("2198-01-01T00:00:00.000000Z", ROWS, &json!([]));
        let said = self.log.acted(ROWS, purge::ACTION, &said);
        let rows = self.and_then([(said, "2200-01-01T00:00:00.000000Z")]);
        let head = self.log.witnessed_head(&rows);
        self.log.without(&rows, &head, |seq| (1..ROWS).contains(&seq))
    }

    /// The rows of the log and these.
    fn and_then<const N: usize>(&self, then: [(String, &str); N]) -> Vec<String> {
        let before = (0..ROWS).map(|number| (self.log.intent(number), SEALED_AT));
        seal_at(before.chain(then))
    }
}
