//! The chain of one Runner's statements, as far as it is known: which numbers are held, and how their ends link.

use serde::{Deserialize, Serialize};

/// A statement's place: its number, the digest that it names as its predecessor's, and its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Link<D> {
    /// Counted from 1.
    pub sequence: u64,
    /// The digest of the statement before.
    pub prev: D,
    /// The digest of this statement.
    pub digest: D,
}

/// Numbers without a gap between them, and the digests at both ends.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Segment<D> {
    /// The first number.
    pub from: u64,
    /// The last number.
    pub to: u64,
    /// What the first statement names as its predecessor's digest.
    pub prev: D,
    /// The digest of the last statement.
    pub last: D,
}

/// What is known about the place that a statement claims.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// Nothing holds it.
    Free,
    /// A statement holds it: the same one, or another.
    Taken,
    /// Nothing holds it, and a neighbour says that another statement belongs there.
    Contradicted,
}

/// Two statements of one Runner do not link although their numbers do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Contradiction;

/// Which of a Runner's statements are held. Order of arrival does not matter; clocks do not either.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Chain<D> {
    /// Ascending, with at least one number missing between two.
    segments: Vec<Segment<D>>,
}

impl<D> Default for Chain<D> {
    fn default() -> Self {
        Self { segments: Vec::new() }
    }
}

impl<D: Copy + Eq> Chain<D> {
    /// What is known about the place of `link`.
    pub fn place(&self, link: &Link<D>) -> Place {
        let n = link.sequence;
        if self.segments.iter().any(|segment| (segment.from..=segment.to).contains(&n)) {
            return Place::Taken;
        }
        let contradicts = self.segments.iter().any(|segment| {
            (follows(segment.to, n) && segment.last != link.prev)
                || (follows(n, segment.from) && segment.prev != link.digest)
        });
        if contradicts { Place::Contradicted } else { Place::Free }
    }

    /// Notes that `link` is held. A number that is noted already stays as it is.
    ///
    /// Says so when it does not link to a neighbour. It is noted nevertheless, because it is held.
    pub fn note(&mut self, link: &Link<D>) -> Option<Contradiction> {
        let place = self.place(link);
        if place == Place::Taken {
            return None;
        }
        let Link { sequence: n, prev, digest } = *link;
        let at = self.segments.partition_point(|segment| segment.to < n);
        self.segments.insert(at, Segment { from: n, to: n, prev, last: digest });
        self.join(at);
        if let Some(before) = at.checked_sub(1) {
            self.join(before);
        }
        (place == Place::Contradicted).then_some(Contradiction)
    }

    /// Joins the segment at `index` with the next one if no number is missing between them.
    fn join(&mut self, index: usize) {
        let (Some(left), Some(right)) =
            (self.segments.get(index).copied(), self.segments.get(index + 1).copied())
        else {
            return;
        };
        if follows(left.to, right.from) {
            self.segments.remove(index + 1);
            if let Some(segment) = self.segments.get_mut(index) {
                *segment = Segment { to: right.to, last: right.last, ..left };
            }
        }
    }

    /// The last number of the part that begins with 1 and has no gap; 0 when there is none.
    pub fn contiguous(&self) -> u64 {
        self.segments.first().filter(|first| first.from == 1).map_or(0, |first| first.to)
    }

    /// The lowest number that is missing.
    pub fn next_expected(&self) -> u64 {
        self.contiguous().saturating_add(1)
    }

    /// The first `ranges_max` ranges that are missing below the highest number, both ends included.
    pub fn missing(&self, ranges_max: usize) -> Vec<(u64, u64)> {
        let ends = std::iter::once(0).chain(self.segments.iter().map(|segment| segment.to));
        let gaps =
            ends.zip(&self.segments).map(|(end, next)| (end + 1, next.from.saturating_sub(1)));
        gaps.filter(|(from, to)| from <= to).take(ranges_max).collect()
    }

    /// Whether it is short enough to be kept as a hint.
    pub fn has_at_most(&self, segments_max: usize) -> bool {
        self.segments.len() <= segments_max
    }
}

fn follows(before: u64, after: u64) -> bool {
    before.checked_add(1) == Some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sound chain: statement n has digest n, and names n − 1.
    fn link(sequence: u64) -> Link<u64> {
        Link { sequence, prev: sequence - 1, digest: sequence }
    }

    fn chain(numbers: &[u64]) -> Chain<u64> {
        let mut chain = Chain::default();
        for number in numbers {
            assert_eq!(chain.note(&link(*number)), None);
        }
        chain
    }

    #[test]
    fn any_order_gives_the_same_chain() {
        let sorted = chain(&[1, 2, 3, 5, 6]);
        for order in [[6, 5, 3, 2, 1], [3, 1, 6, 2, 5], [2, 5, 1, 6, 3]] {
            assert_eq!(chain(&order), sorted);
        }
        assert_eq!(sorted.contiguous(), 3);
        assert_eq!(sorted.next_expected(), 4);
        assert_eq!(sorted.missing(10), [(4, 4)]);
    }

    #[test]
    fn missing_ranges_have_both_ends() {
        assert_eq!(chain(&[4, 9]).missing(10), [(1, 3), (5, 8)]);
        assert_eq!(chain(&[4, 9]).missing(1), [(1, 3)]);
        assert_eq!(chain(&[4, 9]).next_expected(), 1);
        assert_eq!(chain(&[]).missing(10), []);
        assert_eq!(chain(&[1, 2]).missing(10), []);
    }

    #[test]
    fn a_place_is_taken_whoever_claims_it() {
        let other = Link { sequence: 2, prev: 1, digest: 99 };
        assert_eq!(chain(&[1, 2, 3]).place(&other), Place::Taken);
        assert_eq!(chain(&[1, 3]).place(&link(2)), Place::Free);
        assert_eq!(chain(&[]).place(&link(7)), Place::Free);
    }

    #[test]
    fn a_neighbour_on_either_side_contradicts() {
        let held = chain(&[1, 2, 4]);
        let after = Link { sequence: 5, prev: 99, digest: 5 };
        assert_eq!(held.place(&after), Place::Contradicted);
        let before = Link { sequence: 3, prev: 2, digest: 99 };
        assert_eq!(held.place(&before), Place::Contradicted);
        assert_eq!(held.place(&Link { sequence: 7, prev: 99, digest: 7 }), Place::Free);
    }

    #[test]
    fn a_contradiction_that_is_held_is_noted() {
        let mut held = chain(&[1]);
        assert_eq!(held.note(&Link { sequence: 2, prev: 99, digest: 2 }), Some(Contradiction));
        assert_eq!(held.contiguous(), 2);
        assert_eq!(held.note(&Link { sequence: 2, prev: 1, digest: 7 }), None);
    }

    #[test]
    fn the_last_number_of_all_has_no_next() {
        let mut held: Chain<u64> = Chain::default();
        let last = Link { sequence: u64::MAX, prev: 0, digest: 1 };
        assert_eq!(held.note(&last), None);
        assert_eq!(held.missing(10), [(1, u64::MAX - 1)]);
    }
}
