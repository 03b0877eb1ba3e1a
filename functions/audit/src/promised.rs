//! Looking for the row that was promised: first among those that were sealed since, then among those that a clock which was behind sealed before.
//!
//! A log that is busy has more rows than one answer may read. A look that is not at its end says where the next one goes on, so that no row is out of reach.

use std::{ops::Range, time::Duration};

use chain::row;
use domain::Timestamp;
use ports::Blobs;
use protocol::Digest;
use store::{Partition, StoreError, log};

use crate::{
    purged::Kept,
    search::{self, Order},
};

/// Clocks of apps differ by so much at most.
const SKEW: Duration = Duration::from_mins(5);
/// How often commits are read for one answer.
const READS_MAX: usize = 64;

/// What is looked for, and where.
pub(crate) struct Wanted<'a> {
    pub(crate) blobs: &'a dyn Blobs,
    /// The epoch of the log.
    pub(crate) log: &'a Partition,
    /// The digest of the intent of which the row is made.
    pub(crate) intent: Digest,
    /// When it was promised: it was not sealed before.
    pub(crate) since: Timestamp,
}

/// What came of a look.
pub(crate) enum Look {
    /// The row, and its number.
    Found(u64, String),
    /// It is not there.
    Missing,
    /// It is not there, and some of the rows that were sealed since are gone.
    Purged,
    /// There are more rows to look through, from this one on.
    Unfinished(u64),
}

impl Wanted<'_> {
    /// Looks among the first `size` rows, on from where an earlier look ended.
    pub(crate) async fn look(&self, size: u64, from: Option<u64>) -> Result<Look, StoreError> {
        let early = log::first_since(self.log, self.since.minus(SKEW), size).await?;
        let start = log::first_since(self.log, self.since, size).await?;
        let mut is_whole = from.is_none() || !self.is_purged(early..size).await?;
        let mut reads = 0..READS_MAX;
        for mut left in parts([early, start, size], from) {
            while !left.is_empty() {
                if reads.next().is_none() {
                    return Ok(Look::Unfinished(left.start));
                }
                for (number, row) in self.read(&left, search::COMMITS).await? {
                    match row {
                        Kept::Row(row) if self.is_it(&row) => return Ok(Look::Found(number, row)),
                        Kept::Row(_) => {}
                        Kept::Hash(_) => is_whole = false,
                    }
                    left.start = number + 1;
                }
            }
        }
        Ok(if is_whole { Look::Missing } else { Look::Purged })
    }

    /// Whether the row may be in an epoch before: this one began after it was promised.
    pub(crate) async fn may_be_before(&self) -> Result<bool, StoreError> {
        let first = log::commit_at(self.log, 0).await?;
        let since = self.since.minus(SKEW).to_string();
        Ok(self.log.epoch() > 0 && first.is_some_and(|first| first.rx >= since))
    }

    fn is_it(&self, row: &str) -> bool {
        row::intent_text(row).is_ok_and(|intent| Digest::of(&intent) == self.intent)
    }

    async fn is_purged(&self, rows: Range<u64>) -> Result<bool, StoreError> {
        let first = self.read(&rows, 1).await?.into_iter().next();
        Ok(matches!(first, Some((_, Kept::Hash(_)))))
    }

    async fn read(
        &self,
        rows: &Range<u64>,
        commits: usize,
    ) -> Result<Vec<(u64, Kept)>, StoreError> {
        search::read(self.blobs, self.log, Order::Oldest, rows, commits).await
    }
}

/// What is left to look through: what was sealed since it was promised, then what was sealed shortly before.
fn parts([early, start, size]: [u64; 3], from: Option<u64>) -> [Range<u64>; 2] {
    match from {
        None => [start..size, early..start],
        Some(from) if from >= start => [from.min(size)..size, early..start],
        Some(from) => [start..start, from.max(early)..start],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_since_is_looked_through_first_and_every_look_goes_on_from_the_last() {
        let places = [10, 20, 90];
        assert_eq!(parts(places, None), [20..90, 10..20]);
        assert_eq!(parts(places, Some(50)), [50..90, 10..20]);
        assert_eq!(parts(places, Some(20)), [20..90, 10..20]);
        assert_eq!(parts(places, Some(19)), [20..20, 19..20]);
        // Whatever somebody asks for, no other rows are read.
        assert_eq!(parts(places, Some(0)), [20..20, 10..20]);
        assert_eq!(parts(places, Some(u64::MAX)), [90..90, 10..20]);
    }
}
