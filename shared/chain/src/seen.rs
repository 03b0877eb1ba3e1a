//! Heads of a log that its reader, or a witness of his, saw before: a log that is shown to him must go on from each of them.
//!
//! Whoever holds the log's key can sign a second history, or hand out an old one as if it were all. No signature in the file tells; a head that was
//! seen does, because a tree has one way to begin.

use std::{fmt, str::FromStr};

use crate::{
    Hash,
    proof::{self, Subtrees},
    report::{Finding, Kind},
};

/// A head that was seen. Written as its number of rows and its root in hexadecimal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Seen {
    /// How many rows; at least one.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

/// A text is not a head that was seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a number of rows and a root in hexadecimal")]
pub struct SeenError;

impl Seen {
    /// Whether a log with the root `root` over its first [`size`](Self::size) rows goes on from this head.
    pub(crate) fn check(&self, root: Hash) -> Result<(), Finding> {
        if root == self.root {
            return Ok(());
        }
        let expected =
            format!("{} rows with the root {}, as they were seen before", self.size, self.root);
        Err(Finding::of(Kind::Consistency, expected, format!("rows with the root {root}")))
    }

    /// What is wrong with a log of so many rows, which are fewer.
    pub(crate) fn rolled_back(&self, size: u64) -> Finding {
        let expected = format!("at least {} rows, as they were seen before", self.size);
        Finding::of(Kind::Rollback, expected, format!("{size} rows"))
    }
}

/// What is wrong with a log of `size` rows that must go on from every head in `seen`.
pub(crate) fn differs(
    seen: &[Seen],
    tree: &(impl Subtrees + ?Sized),
    size: u64,
) -> Option<Finding> {
    seen.iter().find_map(|head| {
        if size < head.size {
            return Some(head.rolled_back(size));
        }
        head.check(proof::root(tree, head.size)?).err()
    })
}

impl FromStr for Seen {
    type Err = SeenError;

    fn from_str(text: &str) -> Result<Self, SeenError> {
        let (size, root) = text.split_once(' ').ok_or(SeenError)?;
        let size = size.parse().ok().filter(|size: &u64| *size > 0).ok_or(SeenError)?;
        let root: Hash = root.trim().parse().map_err(|_| SeenError)?;
        Ok(Self { size, root })
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.size, self.root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        policy::Policy,
        report::Verdict,
        sample::{self, policy},
        verify,
    };

    fn seen(count: u64) -> Seen {
        let rows = sample::rows(count);
        Seen { size: count, root: sample::checkpoint(&rows).root }
    }

    fn found(rows: u64, seen: Seen) -> Option<(Option<u64>, Kind)> {
        let policy = Policy { seen: vec![seen], ..policy() };
        let export = sample::bundle(&sample::rows(rows));
        let report = verify::bundle(&export, Some(&policy));
        assert_eq!(report, verify::diagnose(&export, Some(&policy)));
        assert_eq!(report.verdict == Verdict::Ok, report.first_bad.is_none(), "{report:?}");
        report.first_bad.map(|finding| (finding.seq, finding.kind))
    }

    #[test]
    fn a_log_that_goes_on_from_what_was_seen_is_ok() {
        for (rows, before) in
            [(1, 1), (5, 4), (300, 1), (300, 255), (300, 256), (300, 257), (300, 300)]
        {
            assert_eq!(found(rows, seen(before)), None, "{rows} rows after {before}");
        }
    }

    #[test]
    fn a_shorter_log_than_was_seen_is_a_rollback() {
        assert_eq!(found(299, seen(300)), Some((None, Kind::Rollback)));
        assert_eq!(found(256, seen(257)), Some((None, Kind::Rollback)));
    }

    #[test]
    fn another_beginning_than_was_seen_is_a_fork() {
        for size in [1, 255, 256, 257, 300] {
            let other = Seen { root: Hash::of(b"another"), ..seen(size) };
            assert_eq!(found(300, other), Some((None, Kind::Consistency)), "{size}");
        }
    }

    #[test]
    fn a_head_has_one_spelling() {
        let head = seen(7);
        assert_eq!(head.to_string().parse(), Ok(head));
        let root = Hash::of(b"").to_string();
        for text in ["", "7", "0 ROOT", "7 ROO", "-1 ROOT", "x ROOT"] {
            assert_eq!(text.replace("ROOT", &root).parse::<Seen>(), Err(SeenError), "{text}");
        }
    }
}
