//! Rows whose bodies were removed when their time was over: what is left of them, and what must say so.
//!
//! In an entry bundle, a row that is gone is an entry of exactly 32 bytes: its hash. No row is that short, because every row has fourteen members.
//! So tree, root and links are checked as ever: `prev` of the next row must be that hash, and the hash is under the signed root.
//!
//! A row of the log must account for each: action [`ACTION`], with the [`Purge`] as `data`. It says which rows, which among them stay, and until when
//! they were kept: a row that stays is not accounted for, though nothing is left that says why it stayed.
//! Rows under a legal hold are not accounted for, whatever it says: `hold.set` rows name a range of rows until a `hold.released` row ends it.

use std::{cmp::Ordering, collections::BTreeMap, ops::Range};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Hash, genesis,
    report::{Finding, Kind, Purged},
    row::Row,
    tree::leaf_hash,
};

mod kept;
mod months;
mod sweep;

pub use kept::{KEPT_MAX, Kept};
pub use months::months_before;

use months::day_after;
use sweep::Sweep;

/// The action of a row that accounts for rows whose bodies are removed.
pub const ACTION: &str = "log.purge";
/// The action of a row that puts rows under a legal hold.
pub const HOLD_SET: &str = "hold.set";
/// The action of a row that ends a legal hold.
pub const HOLD_RELEASED: &str = "hold.released";
/// The action of a row that says that personal details were erased.
pub const ERASED: &str = "erasure.executed";

/// Ranges that a report lists; it counts all rows.
const LISTED_MAX: usize = 1_000;

/// What a row with the action [`ACTION`] says in `data`. Further members are left alone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Purge {
    /// Rows that were sealed earlier than this are over their time; `2026-11-21T00:00:00.001234Z`.
    pub before: String,
    /// The epoch whose rows these are; without it, that in which the row stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// SHA-256 of the export that was made of them before.
    pub export: Hash,
    /// The first row.
    pub from: u64,
    /// The rows between `from` and `to` that it leaves as they are.
    pub kept: Kept,
    /// How many months rows are kept.
    pub months: u32,
    /// The root of the tree of the first `to` rows.
    pub root: Hash,
    /// The row after the last.
    pub to: u64,
}

/// What a row with the action [`HOLD_SET`] or [`HOLD_RELEASED`] says in `data`, as far as a verifier needs it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HeldRows {
    /// The epoch whose rows these are; without it, that in which the row stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// The first row; of a hold that is set.
    #[serde(default)]
    pub from: u64,
    /// Which hold.
    pub hold: String,
    /// The row after the last; without it, every later row as well, those of later epochs among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

/// An entry of a bundle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Entry<'a> {
    /// The exact bytes of a row.
    Row(&'a [u8]),
    /// The hash of a row whose body was removed.
    Gone(Hash),
    /// Neither.
    Missing,
}

impl<'a> Entry<'a> {
    /// Tells them apart by their length.
    pub fn of(bytes: &'a [u8]) -> Self {
        match <[u8; 32]>::try_from(bytes) {
            Ok(hash) => Self::Gone(Hash(hash)),
            Err(_) if bytes.is_empty() => Self::Missing,
            Err(_) => Self::Row(bytes),
        }
    }
}

/// The leaf hash of an entry: that of the row, or that which is left of it.
pub fn leaf_of(entry: &[u8]) -> Hash {
    match Entry::of(entry) {
        Entry::Gone(hash) => hash,
        Entry::Row(bytes) => leaf_hash(bytes),
        Entry::Missing => leaf_hash(&[]),
    }
}

/// Whether rows with this action are never purged: without them, nobody could tell what the log is, what was removed, and what must not be.
pub fn is_kept(action: &str) -> bool {
    action.starts_with("log.") || action == HOLD_SET || action == HOLD_RELEASED || action == ERASED
}

/// A walk's account of the rows that are gone.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Gone; with the sealing time of the last row before that is there.
    gone: Vec<(Range<u64>, String)>,
    rows: u64,
    purges: Vec<Passed>,
    /// Rows that are held, and the number of the first purge that came since.
    holds: BTreeMap<String, (Range<u64>, usize)>,
    /// Rows that were held, and the numbers of the purges that came meanwhile.
    held: Vec<(Range<u64>, Range<usize>)>,
    /// Of the last row that is there.
    rx: String,
    /// For how many months rows must have been kept.
    months: u32,
    /// The number of the epoch, as row 0 names it.
    epoch: u64,
    /// A purge of this epoch that was sealed later accounts for nothing.
    until: Option<String>,
}

/// A purge that may account for rows.
#[derive(Clone, Debug)]
struct Passed {
    purge: Purge,
    /// When it was sealed, as it says itself.
    rx: String,
    until: Until,
}

/// The latest time that a purge can say of itself.
#[derive(Clone, Debug)]
enum Until {
    /// That which counts for all rows of this epoch.
    Own,
    /// In a later epoch: the day after others saw the head under which it is shown; any time where nobody did.
    Later(Option<String>),
}

impl Ledger {
    /// The account of a log whose rows must be kept for so many months at least.
    pub fn demanding(months: u32) -> Self {
        Self { months, ..Self::default() }
    }

    /// The same account of an epoch whose row 0 does not pass.
    #[must_use]
    pub fn in_epoch(self, epoch: u64) -> Self {
        Self { epoch, ..self }
    }

    /// Notes that others than the operator saw all rows at `time`, such as `2026-11-21T00:00:00Z`: a purge says of itself when it was sealed, and
    /// could say any time. Their clocks and the log's may differ by a day.
    pub fn seen_at(&mut self, time: &str) {
        self.until = day_after(time);
    }

    /// Notes that row `seq` is gone.
    pub fn gone(&mut self, seq: u64) {
        self.rows += 1;
        match self.gone.last_mut() {
            Some((last, _)) if last.end == seq => last.end = seq + 1,
            Some(_) | None => self.gone.push((seq..seq + 1, self.rx.clone())),
        }
    }

    /// Notes what a row says about rows before it.
    pub fn pass(&mut self, row: &Row<'_>) {
        row.rx.clone_into(&mut self.rx);
        if row.action == genesis::ACTION {
            let origin = genesis::origin_of(row).unwrap_or_default();
            self.epoch = genesis::later(&origin).map_or(0, |(_, epoch)| epoch);
        }
        self.note(row, Until::Own);
    }

    /// Notes what a row of a later epoch says about rows of this one, which all come before it. `seen` is when others than the operator saw the head
    /// under which it is shown, as in [`seen_at`](Self::seen_at).
    pub fn pass_later(&mut self, row: &Row<'_>, seen: Option<&str>) {
        self.note(row, Until::Later(seen.and_then(day_after)));
    }

    /// Notes what a row says that stands in this epoch, or in a later one.
    fn note(&mut self, row: &Row<'_>, until: Until) {
        let is_own = matches!(until, Until::Own);
        // What a later row says of its own epoch, or of none, is about no row of this one.
        let stands = if is_own { self.epoch } else { u64::MAX };
        match row.action {
            ACTION => {
                let is_before = |purge: &Purge| !is_own || purge.to <= row.seq;
                let is_here = |purge: &Purge| purge.epoch.unwrap_or(stands) == self.epoch;
                let purge = believed(row).filter(|purge| purge.months >= self.months);
                if let Some(purge) = purge.filter(|purge| is_here(purge) && is_before(purge)) {
                    self.purges.push(Passed { purge, rx: row.rx.to_owned(), until });
                }
            }
            HOLD_SET => {
                if let Ok(held) = serde_json::from_str::<HeldRows>(row.data) {
                    let rows = held.rows_in(self.epoch, stands);
                    self.release(&held.hold);
                    self.holds.insert(held.hold, (rows, self.purges.len()));
                }
            }
            HOLD_RELEASED => {
                if let Ok(held) = serde_json::from_str::<HeldRows>(row.data) {
                    self.release(&held.hold);
                }
            }
            _ => {}
        }
    }

    fn release(&mut self, hold: &str) {
        if let Some((rows, since)) = self.holds.remove(hold) {
            self.held.push((rows, since..self.purges.len()));
        }
    }

    /// The first row that is gone and that nothing accounts for.
    pub fn unexplained(&self) -> Option<Finding> {
        let mut sweep = Sweep::default();
        for passed in &self.purges {
            sweep.cover(self.covered(passed), passed.purge.kept.ranges());
        }
        let active = self.holds.values().map(|(rows, since)| (rows, *since..self.purges.len()));
        let ended = self.held.iter().map(|(rows, numbers)| (rows, numbers.clone()));
        active.chain(ended).for_each(|(rows, numbers)| sweep.hold(rows, &numbers));
        let rows = sweep.first_open(self.gone.iter().map(|(rows, _)| rows))?;
        let expected = format!("the row, or a later row {ACTION} that accounts for it");
        let got = format!("only the hashes of rows {} to {}", rows.start, rows.end - 1);
        Some(Finding::at(rows.start, Kind::UnexplainedPurge, expected, got))
    }

    /// The rows that a purge covers: up to the first that is gone and follows a row which is younger than the purge says. From there on all are.
    fn covered(&self, Passed { purge, rx, until }: &Passed) -> Range<u64> {
        let seconds = |time: &str| time.get(..19).map(str::to_owned);
        let until = match until {
            Until::Own => self.until.as_ref(),
            Until::Later(until) => until.as_ref(),
        };
        if until.is_some_and(|until| seconds(rx) > seconds(until)) {
            return purge.from..purge.from;
        }
        let older = self.gone.partition_point(|(_, since)| *since < purge.before);
        let young = self.gone.get(older).map_or(u64::MAX, |(rows, _)| rows.start);
        purge.from..purge.to.min(young)
    }

    /// How many rows are gone.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// For a report.
    pub fn purged(&self) -> Purged {
        let ranges = self.gone.iter().take(LISTED_MAX);
        let ranges = ranges.map(|(range, _)| (range.start, range.end - 1));
        Purged { rows: self.rows, ranges: ranges.collect() }
    }
}

impl HeldRows {
    /// The rows of `epoch` that it protects, as said by a row that stands in epoch `stands`.
    fn rows_in(&self, epoch: u64, stands: u64) -> Range<u64> {
        match (self.epoch.unwrap_or(stands).cmp(&epoch), self.to) {
            (Ordering::Equal, to) => self.from..to.unwrap_or(u64::MAX),
            (Ordering::Less, None) => 0..u64::MAX,
            (Ordering::Less, Some(_)) | (Ordering::Greater, _) => 0..0,
        }
    }
}

/// What the row accounts for; `None` for one that claims too much: that rows were kept for a shorter time than it says, or stay that it does not
/// speak of.
fn believed(row: &Row<'_>) -> Option<Purge> {
    let purge: Purge = serde_json::from_str(row.data).ok()?;
    let limit = months_before(row.rx, purge.months)?;
    let is_sound = purge.before <= limit && purge.kept.is_within(&(purge.from..purge.to));
    is_sound.then_some(purge)
}

impl Purge {
    /// Its members as details of an event, each by its name.
    pub fn members(&self) -> [(&'static str, Value); 8] {
        [
            ("before", self.before.clone().into()),
            ("epoch", self.epoch.into()),
            ("export", self.export.to_string().into()),
            ("from", self.from.into()),
            ("kept", self.kept.to_value()),
            ("months", self.months.into()),
            ("root", self.root.to_string().into()),
            ("to", self.to.into()),
        ]
    }
}
