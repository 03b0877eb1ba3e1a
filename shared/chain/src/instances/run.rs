//! Numbers without a hole between them, and what stands at their ends.

use serde::{Deserialize, Serialize};

use crate::Hash;

/// Runs of numbers in ascending order, with holes between them.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct Runs(Vec<Run>);

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Run {
    /// Its first number.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    from: u64,
    /// The digest of the intent with its last number; absent when that is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<Hash>,
    /// What the intent with its first number names as the one before; absent when that is void, and with number 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prev: Option<Hash>,
    /// Its last number.
    to: u64,
}

/// How an intent hangs in the chain of its instance; nothing of it is known of a void one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Link {
    /// Its own digest.
    pub(super) digest: Option<Hash>,
    /// That of the one before, as it says.
    pub(super) prev: Option<Hash>,
}

/// An intent that names another predecessor than the one that was sealed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Broken {
    /// Its number.
    pub(crate) number: u64,
    /// The digest of the one before, as it was sealed.
    pub(crate) expected: Hash,
    /// The digest that it names.
    pub(crate) got: Hash,
}

impl Runs {
    pub(super) fn contains(&self, number: u64) -> bool {
        self.0.get(self.place(number)).is_some_and(|run| run.from <= number)
    }

    /// What this number would contradict: the one before it, the one after it, or both.
    pub(super) fn contradictions(&self, number: u64, link: &Link) -> Vec<Broken> {
        if self.contains(number) {
            return Vec::new();
        }
        let place = self.place(number);
        let before = place.checked_sub(1).and_then(|place| self.0.get(place));
        let before = before.filter(|run| run.to + 1 == number).and_then(|run| run.last);
        let after = self.0.get(place).filter(|run| run.from == number + 1).and_then(|run| run.prev);
        let broken = |number, expected: Option<Hash>, got: Option<Hash>| {
            let broken = Broken { number, expected: expected?, got: got? };
            (broken.expected != broken.got).then_some(broken)
        };
        let both = [broken(number, before, link.prev), broken(number + 1, link.digest, after)];
        both.into_iter().flatten().collect()
    }

    pub(super) fn insert(&mut self, number: u64, link: Link) {
        if self.contains(number) {
            return;
        }
        let place = self.place(number);
        let run = Run { from: number, last: link.digest, prev: link.prev, to: number };
        self.0.insert(place, run);
        self.join(place);
        if let Some(before) = place.checked_sub(1) {
            self.join(before);
        }
    }

    /// Makes one run of the one at `place` and the next, if there is no hole between them.
    fn join(&mut self, place: usize) {
        let Some(next) = self.0.get(place + 1).cloned() else { return };
        let Some(run) = self.0.get_mut(place).filter(|run| run.to + 1 == next.from) else { return };
        (run.last, run.to) = (next.last, next.to);
        self.0.remove(place + 1);
    }

    /// The numbers between the runs, and before the first.
    pub(super) fn holes(&self) -> impl Iterator<Item = (u64, u64)> {
        let ends = std::iter::once(0).chain(self.0.iter().map(|run| run.to));
        ends.zip(&self.0).map(|(end, run)| (end + 1, run.from - 1)).filter(|(from, to)| from <= to)
    }

    /// The place of the first run that does not end before `number`.
    fn place(&self, number: u64) -> usize {
        self.0.partition_point(|run| run.to < number)
    }
}

const fn one() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_one(number: &u64) -> bool {
    *number == 1
}
