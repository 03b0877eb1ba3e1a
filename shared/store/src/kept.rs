//! Rows whose commits were removed: what the entry bundles keep of them; and rows that are looked for, wherever they are kept.

use std::ops::Range;

use chain::{
    Hash,
    commit::Commit,
    purge::Entry,
    row::Row,
    tile::{Content, Tile, WIDTH, decode_entries},
};
use domain::{EventId, retention::Sought};
use ports::{Blobs, Bucket};

use crate::{Partition, SignedHead, StoreError, log};

/// Rows in a full bundle.
const WIDTH_U64: u64 = WIDTH as u64;
/// Commits that are read at a time.
const COMMITS: usize = 8;

/// What is kept of a row whose commit was removed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Kept {
    /// All of it: it is held, or says what was removed.
    Row(String),
    /// Its hash.
    Hash(Hash),
}

/// Where a row stands.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Stands {
    /// In which epoch of the log.
    pub epoch: u64,
    /// Its number there.
    pub seq: u64,
    /// Its exact bytes.
    pub row: String,
}

/// The entry bundle that holds row `seq` of an epoch of `size` rows: the last one of an epoch that has ended may be partial.
pub const fn bundle_of(seq: u64, size: u64) -> Tile {
    let index = seq / WIDTH_U64;
    let rest = size.saturating_sub(index * WIDTH_U64);
    let width = if rest < WIDTH_U64 { rest } else { WIDTH_U64 };
    Tile { content: Content::Entries, index, width }
}

/// The rows of the bundle that holds `seq`, with their numbers.
///
/// # Errors
/// When storage fails, or there is no such bundle: then the row is missing, and nothing accounts for it.
pub async fn bundle(
    blobs: &dyn Blobs,
    log: &Partition,
    seq: u64,
) -> Result<Vec<(u64, Kept)>, StoreError> {
    let (name, bytes) = bytes(blobs, log, seq).await?;
    let unreadable = || StoreError::Unreadable(format!("the blob {name} is no entry bundle"));
    let kept = decode_entries(&bytes).map(|entry| kept(entry.ok()?));
    let kept: Vec<_> = kept.collect::<Option<_>>().ok_or_else(unreadable)?;
    Ok((seq / WIDTH_U64 * WIDTH_U64..).zip(kept).collect())
}

/// The name and the content of that bundle: a full one, or else the last one of an epoch that has ended.
async fn bytes(
    blobs: &dyn Blobs,
    log: &Partition,
    seq: u64,
) -> Result<(String, Vec<u8>), StoreError> {
    let tenant = log.tenant();
    let name = |tile: Tile| tile.blob_name(&tenant.to_string(), log.epoch());
    let full = name(bundle_of(seq, u64::MAX));
    if let Some(blob) = blobs.get(Bucket::Entries, &full).await? {
        return Ok((full, blob.bytes));
    }
    let ended = SignedHead::read_ended(blobs, tenant, log.epoch()).await?;
    let ended = ended.filter(|ended| seq < ended.size).ok_or_else(|| log::missing(seq))?;
    let last = name(bundle_of(seq, ended.size));
    let blob = blobs.get(Bucket::Entries, &last).await?.ok_or_else(|| log::missing(seq))?;
    Ok((last, blob.bytes))
}

fn kept(entry: &[u8]) -> Option<Kept> {
    match Entry::of(entry) {
        Entry::Row(bytes) => str::from_utf8(bytes).ok().map(|row| Kept::Row(row.to_owned())),
        Entry::Gone(hash) => Some(Kept::Hash(hash)),
        Entry::Missing => None,
    }
}

/// The signed head of an epoch of a log whose last signed head is `current`: what was signed last of it. `None` where nothing was.
///
/// # Errors
/// When storage fails, or the blob is not one.
pub async fn head_of(
    blobs: &dyn Blobs,
    log: &Partition,
    current: &SignedHead,
    epoch: u64,
) -> Result<Option<SignedHead>, StoreError> {
    if epoch == current.epoch {
        return Ok(Some(current.clone()));
    }
    SignedHead::read_ended(blobs, log.tenant(), epoch).await
}

/// Where the row stands that an event became, in a log whose last signed head is `current`; `None` while it is not signed.
///
/// # Errors
/// When storage fails, or a row is missing.
pub async fn stands(
    blobs: &dyn Blobs,
    log: &Partition,
    sought: &Sought,
    current: &SignedHead,
) -> Result<Option<Stands>, StoreError> {
    for epoch in sought.epoch..=current.epoch {
        let Some(head) = head_of(blobs, log, current, epoch).await? else { continue };
        let after = if epoch == sought.epoch { sought.after } else { 0 };
        let log = log.in_epoch(epoch);
        let found = row_of(blobs, &log, sought.event, after..head.size).await?;
        if let Some((seq, row)) = found {
            return Ok(Some(Stands { epoch, seq, row }));
        }
    }
    Ok(None)
}

/// The row of an event among `rows` of an epoch, with its number, if it is there.
async fn row_of(
    blobs: &dyn Blobs,
    log: &Partition,
    event: EventId,
    rows: Range<u64>,
) -> Result<Option<(u64, String)>, StoreError> {
    let event = event.to_string();
    let is_it = |row: &str| Row::parse(row).is_ok_and(|row| row.id == event);
    let mut at = rows.start;
    while at < rows.end {
        let found = read(blobs, log, at).await?;
        let next = found.last().map_or(rows.end, |(seq, _)| seq + 1);
        for (seq, kept) in found.into_iter().filter(|(seq, _)| (at..rows.end).contains(seq)) {
            if let Kept::Row(row) = kept
                && is_it(&row)
            {
                return Ok(Some((seq, row)));
            }
        }
        at = next;
    }
    Ok(None)
}

/// Some rows from `at` on, with their numbers; `at` is among them.
///
/// # Errors
/// When storage fails, or the row is missing.
pub async fn read(
    blobs: &dyn Blobs,
    log: &Partition,
    at: u64,
) -> Result<Vec<(u64, Kept)>, StoreError> {
    let commits = log::commits_from(log, at, COMMITS).await?;
    if commits.is_empty() {
        return bundle(blobs, log, at).await;
    }
    let numbered = |commit: Commit| (commit.first..).zip(commit.rows.into_iter().map(Kept::Row));
    Ok(commits.into_iter().flat_map(numbered).collect())
}
