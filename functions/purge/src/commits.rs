//! Removing commits of the log whose rows all lie before the cut.

use chain::{
    commit::{Commit, segment},
    purge::leaf_of,
    tile::WIDTH,
    tree::leaf_hash,
};
use domain::retention::PurgePlan;
use ports::{Bucket, Container, PartitionKey};
use store::{Housekeeping, HousekeepingKind, StoreError, log, retention::PurgedSegment};

use crate::{bodies, tick::Work};

/// Commits read and removed at a time: up to a megabyte each.
const PAGE: usize = 10;

/// An entry bundle that was read last.
#[derive(Default)]
struct Cached {
    index: Option<u64>,
    entries: Vec<Vec<u8>>,
}

/// Removes the commits of a purge, the oldest first. Each is removed only when an entry bundle holds every row of it, or its hash.
pub(crate) async fn remove(work: &Work<'_>, plan: &PurgePlan) -> Result<(), StoreError> {
    // The first commit holds row 0, which stays in its bundle.
    let first = if plan.from <= 1 { 0 } else { plan.from };
    let mut cached = Cached::default();
    loop {
        let commits = log::commits_since(&work.partition, first, plan.to, PAGE).await?;
        let is_over = |commit: &&Commit| commit.first >= first && commit.size <= plan.to;
        let over: Vec<_> = commits.iter().take_while(is_over).collect();
        if over.is_empty() {
            return Ok(());
        }
        for commit in over {
            check(work, commit, &mut cached).await?;
            remove_one(work, commit).await?;
        }
    }
}

/// Every row of the commit must be in its bundle, or its hash.
async fn check(work: &Work<'_>, commit: &Commit, cached: &mut Cached) -> Result<(), StoreError> {
    let width = WIDTH as u64;
    for (seq, row) in (commit.first..).zip(&commit.rows) {
        let index = seq / width;
        if cached.index != Some(index) {
            let (name, width) = bodies::bundle(work, index);
            let blob = work.state.ports.blobs.get(Bucket::Entries, &name).await?;
            let blob = blob.ok_or_else(|| StoreError::Unavailable(format!("no blob {name}")))?;
            *cached =
                Cached { index: Some(index), entries: bodies::entries(&blob.bytes, &name, width)? };
        }
        let place = usize::try_from(seq % width).unwrap_or(usize::MAX);
        let found = cached.entries.get(place).map(|entry| leaf_of(entry));
        if found != Some(leaf_hash(row.as_bytes())) {
            return Err(StoreError::Unreadable(format!("row {seq} is not in its entry bundle")));
        }
    }
    Ok(())
}

/// First the mark that its segment began; then itself.
async fn remove_one(work: &Work<'_>, commit: &Commit) -> Result<(), StoreError> {
    let tenant = work.partition.tenant();
    let removal = &work.state.ports.removal;
    let shard = log::shard(&work.partition, commit.first);
    let before = commit.first.checked_sub(1);
    if before.is_none_or(|before| segment(before) != segment(commit.first)) {
        mark(work, &shard).await?;
    }
    let place = PartitionKey::new(tenant, shard);
    removal.remove_documents(Container::Log, &place, &[commit.id()]).await?;
    Ok(())
}

/// Whoever looks for the end of the log must know that the segment began.
async fn mark(work: &Work<'_>, shard: &str) -> Result<(), StoreError> {
    let mark = PurgedSegment { shard: shard.to_owned() };
    let keep = Housekeeping::new(HousekeepingKind::Follower).create(&mark);
    match work.partition.keep(keep).await {
        Ok(()) | Err(StoreError::Exists) => Ok(()),
        Err(error) => Err(error),
    }
}
