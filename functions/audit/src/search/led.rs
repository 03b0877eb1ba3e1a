//! Following leads to rows: each row is read from the log, and must be one that the lead can mean.

use std::ops::Range;

use chain::commit::{Commit, segment};
use store::{
    StoreError,
    leads::{self, Keys},
    log,
};

use super::{Order, READS_MAX, Row, Search};
use crate::purged::{self, Kept};

/// Leads that are read at a time.
const LEADS: usize = 200;
/// Rows in a segment, as a power of two.
const SEGMENT_SHIFT: u32 = 18;

/// What came of following leads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Trust {
    /// Every lead was to a row that it can mean.
    Kept,
    /// One was not: nothing that the projection says counts.
    Lost,
}

impl Search<'_> {
    /// Follows the leads among `left`, from one end on.
    pub(super) async fn follow(
        &mut self,
        keys: &Keys,
        left: &mut Range<u64>,
    ) -> Result<Trust, StoreError> {
        for _ in 0..READS_MAX {
            if self.is_full() || left.is_empty() {
                break;
            }
            let part = part(self.wanted.order, left);
            let descending = self.wanted.order == Order::Newest;
            let numbers = leads::numbers(self.log, keys, &part, descending, LEADS).await;
            let numbers = match numbers {
                Err(StoreError::Unreadable(_)) => return Ok(Trust::Lost),
                other => other?,
            };
            if self.follow_some(keys, &part, &numbers, left).await? == Trust::Lost {
                return Ok(Trust::Lost);
            }
        }
        Ok(Trust::Kept)
    }

    /// Follows the leads to these rows, which are all that there are in `part` if there are fewer than were asked for.
    async fn follow_some(
        &mut self,
        keys: &Keys,
        part: &Range<u64>,
        numbers: &[u64],
        left: &mut Range<u64>,
    ) -> Result<Trust, StoreError> {
        for number in numbers {
            if !part.contains(number) {
                break;
            }
            if self.is_full() {
                return Ok(Trust::Kept);
            }
            if !left.contains(number) || !self.take(keys, *number).await? {
                return Ok(Trust::Lost);
            }
            self.wanted.order.pass(left, *number);
        }
        let is_all = numbers.len() < LEADS || numbers.iter().any(|number| !part.contains(number));
        if is_all {
            match self.wanted.order {
                Order::Oldest => left.start = part.end,
                Order::Newest => left.end = part.start,
            }
        }
        Ok(Trust::Kept)
    }

    /// Takes the row if it fits. Whether the lead can mean it.
    async fn take(&mut self, keys: &Keys, number: u64) -> Result<bool, StoreError> {
        let Kept::Row(text) = self.row(number).await? else {
            // Its body was removed a moment ago, and the lead is about to be.
            return Ok(true);
        };
        let row = Row::parse(&text)?;
        if row.seq != number || !keys.find(&row.marks()) {
            return Ok(false);
        }
        if self.wanted.filter.matches(&row.view()) {
            self.rows.push(text);
        }
        Ok(true)
    }

    async fn row(&mut self, number: u64) -> Result<Kept, StoreError> {
        let holds = |commit: &Commit| (commit.first..commit.size).contains(&number);
        if !self.commit.as_ref().is_some_and(holds) {
            self.commit = log::holding(self.log, number).await?;
        }
        let Some(commit) = &self.commit else {
            return purged::row(self.blobs, self.log, number).await;
        };
        let place = usize::try_from(number - commit.first).unwrap_or(usize::MAX);
        let row = commit.rows.get(place).ok_or_else(|| log::missing(number))?;
        Ok(Kept::Row(row.clone()))
    }
}

/// What of `left` lies in one segment, at the end from which it is read.
fn part(order: Order, left: &Range<u64>) -> Range<u64> {
    match order {
        Order::Oldest => {
            let end = (segment(left.start) + 1) << SEGMENT_SHIFT;
            left.start..left.end.min(end)
        }
        Order::Newest => {
            let start = segment(left.end.saturating_sub(1)) << SEGMENT_SHIFT;
            left.start.max(start)..left.end
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_ends_where_the_segment_does() {
        let border = 1_u64 << SEGMENT_SHIFT;
        for (left, oldest, newest) in [
            (5..9, 5..9, 5..9),
            (0..border, 0..border, 0..border),
            (0..border + 1, 0..border, border..border + 1),
            (border - 1..border + 1, border - 1..border, border..border + 1),
            (border..border + 2, border..border + 2, border..border + 2),
        ] {
            assert_eq!(part(Order::Oldest, &left), oldest, "{left:?}");
            assert_eq!(part(Order::Newest, &left), newest, "{left:?}");
        }
    }
}
