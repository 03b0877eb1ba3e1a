//! Which rows of its range a purge leaves as they are.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many ranges a row names at the most: so many have room in it, whatever their numbers.
pub const KEPT_MAX: usize = 1_000;

/// The rows that a purge leaves as they are, because they stay or were gone before: each range by its first row and the row after its last, in
/// their order, with a row between two of them.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Kept(Vec<(u64, u64)>);

impl Kept {
    /// What is left of `rows` when those of `going` go, which come in their order. Where that would be more than [`KEPT_MAX`] ranges, the last one
    /// goes on to the end, and there is a first row that waits for another purge.
    ///
    /// # Examples
    /// ```
    /// use chain::purge::Kept;
    ///
    /// let (kept, rest) = Kept::beside(&(1..9), [1, 2, 5, 8]);
    /// assert_eq!((kept, rest), (Kept::from(vec![(3, 5), (6, 8)]), None));
    /// ```
    pub fn beside(rows: &Range<u64>, going: impl IntoIterator<Item = u64>) -> (Self, Option<u64>) {
        let (mut kept, mut at) = (Vec::new(), rows.start);
        for seq in going {
            if seq > at && kept.len() + 1 == KEPT_MAX {
                kept.push((at, rows.end));
                return (Self(kept), Some(seq));
            }
            if seq > at {
                kept.push((at, seq));
            }
            at = seq + 1;
        }
        if at < rows.end {
            kept.push((at, rows.end));
        }
        (Self(kept), None)
    }

    /// Whether row `seq` is among them.
    pub fn contains(&self, seq: u64) -> bool {
        let begun = self.0.partition_point(|(from, _)| *from <= seq);
        let last = begun.checked_sub(1).and_then(|place| self.0.get(place));
        last.is_some_and(|(_, to)| seq < *to)
    }

    /// Whether they are ranges of `rows`, in the one way of writing them.
    pub(super) fn is_within(&self, rows: &Range<u64>) -> bool {
        let mut least = rows.start;
        self.0.iter().all(|(from, to)| {
            let fits = least <= *from && from < to && *to <= rows.end;
            least = to.saturating_add(1);
            fits
        })
    }

    /// The ranges.
    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<u64>> {
        self.0.iter().map(|(from, to)| *from..*to)
    }

    /// As a member of a row.
    pub(super) fn to_value(&self) -> Value {
        self.0.iter().map(|(from, to)| vec![*from, *to]).collect::<Vec<_>>().into()
    }
}

impl From<Vec<(u64, u64)>> for Kept {
    /// These ranges; nobody has looked whether they are in their order.
    fn from(ranges: Vec<(u64, u64)>) -> Self {
        Self(ranges)
    }
}

impl From<Kept> for Vec<(u64, u64)> {
    fn from(kept: Kept) -> Self {
        kept.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(rows: Range<u64>, going: &[u64]) -> Vec<(u64, u64)> {
        Kept::beside(&rows, going.iter().copied()).0.0
    }

    #[test]
    fn what_does_not_go_is_kept_in_as_few_ranges_as_can_be() {
        assert_eq!(kept(3..9, &[3, 4, 5, 6, 7, 8]), []);
        assert_eq!(kept(3..9, &[]), [(3, 9)]);
        assert_eq!(kept(3..9, &[4, 5, 7]), [(3, 4), (6, 7), (8, 9)]);
        let (of, _) = Kept::beside(&(3..9), [4, 5, 7]);
        let found: Vec<_> = (0..12).filter(|seq| of.contains(*seq)).collect();
        assert_eq!(found, [3, 6, 8]);
    }

    #[test]
    fn ranges_have_one_way_of_being_written() {
        let is_within = |ranges: &[(u64, u64)]| Kept(ranges.to_vec()).is_within(&(3..9));
        for good in [&[][..], &[(3, 9)], &[(3, 4), (5, 6)], &[(8, 9)]] {
            assert!(is_within(good), "{good:?}");
        }
        for bad in
            [&[(2, 4)][..], &[(8, 10)], &[(4, 4)], &[(5, 4)], &[(3, 4), (4, 5)], &[(6, 7), (3, 4)]]
        {
            assert!(!is_within(bad), "{bad:?}");
        }
    }

    /// Rows that find no room in the row wait, and the purge leaves them alone.
    #[test]
    fn beyond_the_most_ranges_the_rest_waits() {
        let most = KEPT_MAX as u64;
        let every_second = |count: u64| (0..count).map(|number| number * 2 + 1);
        let (all, rest) = Kept::beside(&(0..most * 2), every_second(most - 1));
        assert_eq!((all.0.len(), all.0.last(), rest), (1000, Some(&(1998, 2000)), None));
        let (some, rest) = Kept::beside(&(0..most * 2 + 9), every_second(most + 2));
        assert_eq!((some.0.len(), some.0.last(), rest), (1000, Some(&(1998, 2009)), Some(1999)));
        let longest = vec![((1_u64 << 53) - 1, (1 << 53) - 1); KEPT_MAX];
        assert!(Kept(longest).to_value().to_string().len() < 60_000, "a row has 65535 bytes");
    }
}
