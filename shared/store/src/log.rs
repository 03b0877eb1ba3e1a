//! Reading the log of a tenant: commits in segments, the last one being the head.

use chain::commit::{Commit, Head, document_id, segment};
use domain::Timestamp;
use ports::Container;
use serde::{Deserialize, Serialize};

use crate::{Document, ListOf, Partition, StoreError, retention::PurgedSegment};

/// A commit as it is stored, in partition `[tenant, segment]`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct LogCommit(pub Commit);

impl Document for LogCommit {
    const CONTAINER: Container = Container::Log;
    const KIND: &'static str = "commit";

    fn id(&self) -> String {
        self.0.id()
    }
}

/// The shard of the commit whose first row is `first`, in the partition's epoch of the log: `0`, and `e1-0` in a later epoch.
pub fn shard(partition: &Partition, first: u64) -> String {
    segment_shard(partition, segment(first))
}

fn segment_shard(partition: &Partition, segment: u64) -> String {
    match partition.epoch() {
        0 => segment.to_string(),
        epoch => format!("e{epoch}-{segment}"),
    }
}

/// The commit whose first row is `first`, if the log is that long.
///
/// # Errors
/// When storage fails.
pub async fn commit_at(partition: &Partition, first: u64) -> Result<Option<Commit>, StoreError> {
    let found =
        partition.in_shard(shard(partition, first)).find::<LogCommit>(&document_id(first)).await?;
    Ok(found.map(|found| found.document.0))
}

/// The commit that holds row `row`, if the log is that long.
///
/// # Errors
/// When storage fails.
pub async fn holding(partition: &Partition, row: u64) -> Result<Option<Commit>, StoreError> {
    let found = commits_until(partition, row, 1).await?.into_iter().next();
    Ok(found.filter(|commit| (commit.first..commit.size).contains(&row)))
}

/// Up to `limit` commits of one segment in order, the first of which holds row `row`; none beyond the end of the log.
///
/// # Errors
/// When storage fails.
pub async fn commits_from(
    partition: &Partition,
    row: u64,
    limit: usize,
) -> Result<Vec<Commit>, StoreError> {
    let Some(first) = holding(partition, row).await? else { return Ok(Vec::new()) };
    let after = Some(first.id());
    let of = ListOf { after, limit: limit.saturating_sub(1).max(1), ..ListOf::default() };
    let mut commits = vec![first];
    commits.extend(listed(partition, row, of).await?);
    Ok(commits)
}

/// Up to `limit` commits of one segment, newest first, the first of which holds row `row` if the log is that long.
///
/// # Errors
/// When storage fails.
pub async fn commits_until(
    partition: &Partition,
    row: u64,
    limit: usize,
) -> Result<Vec<Commit>, StoreError> {
    let after = Some(document_id(row.saturating_add(1)));
    listed(partition, row, ListOf { descending: true, after, limit, ..ListOf::default() }).await
}

/// Up to `limit` commits in order, the first of which holds row `row` or is the next one that is there; none from row `size` on.
///
/// # Errors
/// When storage fails.
pub async fn commits_since(
    partition: &Partition,
    row: u64,
    size: u64,
    limit: usize,
) -> Result<Vec<Commit>, StoreError> {
    let mut at = row;
    while at < size {
        let mut commits = commits_from(partition, at, limit).await?;
        if commits.is_empty() {
            let of = ListOf { after: Some(document_id(at)), limit, ..ListOf::default() };
            commits = listed(partition, at, of).await?;
        }
        if !commits.is_empty() {
            return Ok(commits);
        }
        at = (segment(at) + 1) << SEGMENT_SHIFT;
    }
    Ok(Vec::new())
}

/// Commits of the segment that holds `row`.
async fn listed(partition: &Partition, row: u64, of: ListOf) -> Result<Vec<Commit>, StoreError> {
    let listing = partition.in_shard(shard(partition, row)).list::<LogCommit>(of).await?;
    Ok(listing.documents.into_iter().map(|found| found.document.0).collect())
}

/// The first of the `size` rows that was sealed at `at` or later; `size` when none was. Found by halving: the log's time never goes back.
///
/// # Errors
/// When storage fails, or a row is not there.
pub async fn first_since(
    partition: &Partition,
    at: Timestamp,
    size: u64,
) -> Result<u64, StoreError> {
    // Times of the log have one form, in which the order of texts is that of times; a commit has one for all its rows.
    let at = at.to_string();
    let (mut low, mut high) = (0, size);
    while low < high {
        let middle = low + (high - low) / 2;
        match holding(partition, middle).await? {
            Some(commit) if commit.rx < at => low = commit.size,
            Some(commit) => high = commit.first,
            // Purged: what is over its time is older than anybody may ask for by time.
            None => low = middle + 1,
        }
    }
    Ok(low.min(size))
}

/// A row that the log is said to have is not there.
pub fn missing(row: u64) -> StoreError {
    StoreError::Unreadable(format!("row {row} of the log is not there"))
}

/// The end of the log; that of the empty log when there is none.
///
/// # Errors
/// When storage fails, or the last commit contradicts itself.
pub async fn head(partition: &Partition) -> Result<Head, StoreError> {
    last(partition).await?.map_or_else(|| Ok(Head::default()), |commit| head_of(&commit))
}

/// The end of the log after `commit`.
///
/// # Errors
/// When it contradicts itself.
pub fn head_of(commit: &Commit) -> Result<Head, StoreError> {
    commit.head().map_err(|error| StoreError::Unreadable(error.to_string()))
}

/// The last commit, if the log has begun.
///
/// # Errors
/// When storage fails.
pub async fn last(partition: &Partition) -> Result<Option<Commit>, StoreError> {
    let Some(last) = last_segment(partition).await? else { return Ok(None) };
    let of = ListOf { descending: true, limit: 1, ..ListOf::default() };
    let listing = partition.in_shard(segment_shard(partition, last)).list::<LogCommit>(of).await?;
    let commit = listing.documents.into_iter().next();
    let commit = commit.ok_or_else(|| StoreError::Unreadable("an empty segment".to_owned()))?;
    Ok(Some(commit.document.0))
}

/// The last segment that has a commit: found by doubling, then by halving, so that a long log costs few reads.
async fn last_segment(partition: &Partition) -> Result<Option<u64>, StoreError> {
    if !begins(partition, 0).await? {
        return Ok(None);
    }
    let (mut low, mut high) = (0, 1);
    while begins(partition, high).await? {
        (low, high) = (high, high * 2);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if begins(partition, middle).await? { low = middle } else { high = middle }
    }
    Ok(Some(low))
}

/// Whether a segment has its first commit, or had it before it was purged. A segment's first row is the first of a commit, because none
/// crosses a segment.
async fn begins(partition: &Partition, number: u64) -> Result<bool, StoreError> {
    if commit_at(partition, number << SEGMENT_SHIFT).await?.is_some() {
        return Ok(true);
    }
    let mark = PurgedSegment::id_of(&segment_shard(partition, number));
    Ok(partition.in_own_shards().find::<PurgedSegment>(&mark).await?.is_some())
}

/// Rows in a segment, as a power of two ([`chain::commit::segment`]).
const SEGMENT_SHIFT: u32 = 18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_begin_where_the_log_says() {
        assert_eq!(segment((1 << SEGMENT_SHIFT) - 1), 0);
        assert_eq!(segment(1 << SEGMENT_SHIFT), 1);
        assert_eq!(segment(5 << SEGMENT_SHIFT), 5);
    }
}
