//! The first row that is gone and that no purge accounts for: found on one way along the rows, in work of n log n, however purges and holds overlap.
//!
//! Purges have numbers, in the order of the log. A purge counts at a row if it covers that row and no hold protects the row that was set when the
//! purge came. So a hold is a range of rows and a range of numbers; and a tree over the numbers tells at each row whether any purge counts.

use std::ops::Range;

/// What changes on the way along the rows.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    changes: Vec<(u64, Change)>,
    purges: usize,
}

#[derive(Debug)]
enum Change {
    /// This purge begins to cover rows, or ends to.
    Turn(usize),
    /// From here on rows are held, against these purges.
    Hold(Range<usize>),
    /// They are no longer.
    Free(Range<usize>),
}

impl Sweep {
    /// Adds the next purge: it covers these rows but for `kept`, which are among them.
    pub(super) fn cover(&mut self, rows: Range<u64>, kept: impl Iterator<Item = Range<u64>>) {
        let number = self.purges;
        self.purges += 1;
        if rows.is_empty() {
            return;
        }
        let within = kept.map(|range| range.start.min(rows.end)..range.end.min(rows.end));
        for range in within.chain([rows.clone()]) {
            self.changes.push((range.start, Change::Turn(number)));
            self.changes.push((range.end, Change::Turn(number)));
        }
    }

    /// Protects these rows from the purges of these numbers.
    pub(super) fn hold(&mut self, rows: &Range<u64>, numbers: &Range<usize>) {
        if rows.is_empty() || numbers.is_empty() {
            return;
        }
        self.changes.push((rows.start, Change::Hold(numbers.clone())));
        self.changes.push((rows.end, Change::Free(numbers.clone())));
    }

    /// The first of the rows at which no purge counts, and those that follow it up to the next change.
    pub(super) fn first_open<'r>(
        mut self,
        gone: impl Iterator<Item = &'r Range<u64>>,
    ) -> Option<Range<u64>> {
        self.changes.sort_by_key(|(at, _)| *at);
        let mut counting = Counting::of(self.purges);
        let mut changes = self.changes.into_iter().peekable();
        for run in gone {
            let mut at = run.start;
            while at < run.end {
                while let Some((_, change)) = changes.next_if(|(place, _)| *place <= at) {
                    counting.change(&change);
                }
                let end = changes.peek().map_or(run.end, |(place, _)| run.end.min(*place));
                if !counting.any() {
                    return Some(at..end);
                }
                at = end;
            }
        }
        None
    }
}

/// A tree over the numbers of purges: the root at 1, below each node `n` those at `2n` and `2n + 1`, and the purges as leaves from `width` on.
struct Counting {
    width: usize,
    nodes: Vec<Node>,
}

#[derive(Clone, Copy, Default)]
struct Node {
    /// Holds against all purges below it.
    holds: usize,
    /// Whether a purge below it counts, these holds aside.
    covers: bool,
}

impl Counting {
    fn of(purges: usize) -> Self {
        let width = purges.next_power_of_two();
        Self { width, nodes: vec![Node::default(); width * 2] }
    }

    /// Whether any purge counts.
    fn any(&self) -> bool {
        self.counts(1)
    }

    fn counts(&self, node: usize) -> bool {
        self.nodes.get(node).is_some_and(|node| node.covers && node.holds == 0)
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::Turn(number) => {
                self.edit(self.width + number, |leaf| leaf.covers = !leaf.covers);
                self.lift(self.width + number);
            }
            Change::Hold(numbers) => self.each(numbers, |node| node.holds += 1),
            Change::Free(numbers) => self.each(numbers, |node| node.holds -= 1),
        }
    }

    /// Edits the few nodes below which just these numbers lie.
    fn each(&mut self, numbers: &Range<usize>, edit: fn(&mut Node)) {
        let (mut left, mut right) = (self.width + numbers.start, self.width + numbers.end);
        while left < right {
            if left % 2 == 1 {
                self.edit(left, edit);
                left += 1;
            }
            if right % 2 == 1 {
                right -= 1;
                self.edit(right, edit);
            }
            (left, right) = (left / 2, right / 2);
        }
        self.lift(self.width + numbers.start);
        self.lift(self.width + numbers.end - 1);
    }

    fn edit(&mut self, node: usize, edit: impl Fn(&mut Node)) {
        self.nodes.get_mut(node).into_iter().for_each(edit);
    }

    /// Tells the nodes above one what counts below them.
    fn lift(&mut self, node: usize) {
        let mut above = node / 2;
        while above > 0 {
            let covers = self.counts(above * 2) || self.counts(above * 2 + 1);
            self.edit(above, |node| node.covers = covers);
            above /= 2;
        }
    }
}

#[cfg(test)]
mod tests;
