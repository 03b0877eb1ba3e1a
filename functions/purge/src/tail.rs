//! The last rows of an epoch that is over: they fill no bundle, so that the signer wrote none of them.

use chain::{Hash, row::Row, tile::WIDTH, tree::leaf_hash};
use store::{StoreError, log};

use crate::tick::Work;

/// Commits read at a time.
const PAGE: usize = 10;

/// The rows of the last bundle, from the commits that still hold all of them. Each row names the one before, and the last is the one that was signed.
pub(crate) async fn entries(work: &Work<'_>, index: u64) -> Result<Vec<Vec<u8>>, StoreError> {
    let (first, size) = (index * WIDTH as u64, work.signed.size);
    let (mut rows, mut at) = (Vec::new(), first);
    while at < size {
        let commits = log::commits_since(&work.partition, at, size, PAGE).await?;
        let next = commits.last().map(|last| last.size).ok_or_else(|| log::missing(at))?;
        let numbered = commits.into_iter().flat_map(|commit| (commit.first..).zip(commit.rows));
        rows.extend(numbered.filter(|(seq, _)| (at..size).contains(seq)).map(|(_, row)| row));
        at = next;
    }
    check(&rows, work.signed.last, first)?;
    Ok(rows.into_iter().map(String::into_bytes).collect())
}

fn check(rows: &[String], last: Hash, first: u64) -> Result<(), StoreError> {
    let mut expected = last.to_string();
    for (place, row) in rows.iter().enumerate().rev() {
        let found =
            Row::parse(row).ok().filter(|_| leaf_hash(row.as_bytes()).to_string() == expected);
        let found = found.ok_or_else(|| {
            StoreError::Unreadable(format!(
                "row {} is not the one that was signed",
                first + place as u64
            ))
        })?;
        found.prev.clone_into(&mut expected);
    }
    Ok(())
}
