//! The one way along the rows finds what looking at every row and purge by itself finds.

use super::*;

type Rows = Range<u64>;

/// Numbers that look like any, and are the same every time (xorshift64).
struct Any(u64);

impl Any {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn range(&mut self, end: u64) -> Rows {
        let from = self.below(end);
        from..from + self.below(end - from + 1)
    }
}

/// By the words of the rule, row by row.
fn row_by_row(
    purges: &[(Rows, Rows)],
    holds: &[(Rows, Range<usize>)],
    gone: &[Rows],
) -> Option<u64> {
    gone.iter().flat_map(Clone::clone).find(|row| {
        let is_held = |number: usize| {
            holds.iter().any(|(rows, numbers)| rows.contains(row) && numbers.contains(&number))
        };
        let counts = |(number, (rows, kept)): (usize, &(Rows, Rows))| {
            rows.contains(row) && !kept.contains(row) && !is_held(number)
        };
        !purges.iter().enumerate().any(counts)
    })
}

#[test]
fn whatever_overlaps_the_row_is_that_which_the_words_of_the_rule_name() {
    let mut any = Any(1);
    let mut found = 0;
    for trial in 0..3_000 {
        let purges: Vec<_> = (0..any.below(6))
            .map(|_| {
                let rows = any.range(30);
                let kept = any.range(30);
                let kept = kept.start.max(rows.start)..kept.end.min(rows.end);
                (rows, kept)
            })
            .collect();
        let holds: Vec<_> = (0..any.below(6))
            .map(|_| {
                let numbers = any.range(purges.len() as u64 + 1);
                let end = usize::try_from(numbers.end).unwrap().min(purges.len());
                (any.range(30), usize::try_from(numbers.start).unwrap().min(end)..end)
            })
            .collect();
        let gone = [any.range(10), 10 + any.below(5)..20, 21..22];
        let mut sweep = Sweep::default();
        for (rows, kept) in &purges {
            sweep.cover(rows.clone(), [kept.clone()].into_iter().filter(|kept| !kept.is_empty()));
        }
        holds.iter().for_each(|(rows, numbers)| sweep.hold(rows, numbers));
        let first = sweep.first_open(gone.iter());
        let expected = row_by_row(&purges, &holds, &gone);
        assert_eq!(first.map(|rows| rows.start), expected, "trial {trial}");
        found += u32::from(expected.is_none());
    }
    assert!(found > 30, "both answers are tried: {found}");
}
