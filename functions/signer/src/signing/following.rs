//! Following a log from its last signed head: every row is hashed, and what it fills is written.
//!
//! What is written at a signing is small: each full tile and each full bundle once, and of every level of the tree the last, partial tile when it
//! changed; so two or three blobs for a few rows, whatever the size of the log. Partial *entry bundles* are not written at all: their rows would be
//! copied again with every signing, and a row body would lie in up to 255 blobs that have to be found again when it is to be purged. These rows are in
//! the last commits of the log, of which the last is never removed.

use chain::{
    commit::{Commit, Head},
    epoch::{self, Rotation},
    tile::{Content, Tile, TileHashes, Tiler, WIDTH, encode_entries, needed_to_append},
    tree::leaf_hash,
};
use store::{Partition, log};

use super::{SigningError, bucket};
use crate::{State, kept};

/// Blobs that are written at the same time.
const WRITES: usize = 8;
const WIDTH_U64: u64 = WIDTH as u64;

/// A log that is being followed.
pub(super) struct Following<'a> {
    state: &'a State,
    partition: &'a Partition,
    head: Head,
    tiler: Tiler,
    /// The first row of the commit that holds the first row of the unfinished bundle.
    tail: u64,
    /// Rows of the unfinished bundle that were met here: the last ones of it.
    rows: Vec<String>,
    last_commit: Option<u64>,
    /// What is full and not written yet.
    full: Vec<(Tile, Vec<u8>)>,
    /// What the last row says, if it ends the epoch.
    ended: Option<Rotation>,
}

impl<'a> Following<'a> {
    /// Takes the log up at `head`, which was signed, with the tiles that were written then.
    pub(super) async fn from(
        state: &'a State,
        partition: &'a Partition,
        head: Head,
        tail: u64,
    ) -> Result<Self, SigningError> {
        let size = head.tree.size();
        let mut last = TileHashes::default();
        for tile in needed_to_append(size) {
            let name = name(partition, &tile);
            let bytes = kept::get(&*state.ports.blobs, bucket(&tile), &name).await?;
            last.insert(&tile, &bytes).map_err(|_| differs(&name))?;
        }
        let tiler = Tiler::resume(size, &last).filter(|tiler| tiler.range() == head.tree);
        let tiler = tiler.ok_or_else(|| differs(&format!("{}/tile", partition.tenant())))?;
        let (rows, full) = (Vec::new(), Vec::new());
        Ok(Self { state, partition, head, tiler, tail, rows, last_commit: None, full, ended: None })
    }

    pub(super) const fn size(&self) -> u64 {
        self.head.tree.size()
    }

    /// The first row of the last commit that was taken here.
    pub(super) const fn last_commit(&self) -> Option<u64> {
        self.last_commit
    }

    /// What the last row says, if it ends the epoch.
    pub(super) fn ended(&self) -> Option<Rotation> {
        self.ended.clone()
    }

    /// Checks that the commit follows, and writes what it fills.
    pub(super) async fn take(&mut self, commit: &Commit) -> Result<(), SigningError> {
        let (tenant, size) = (self.partition.tenant(), self.size());
        self.head = commit
            .follow(&self.head, &tenant.to_string())
            .map_err(|source| SigningError::Broken { tenant, size, source })?;
        self.last_commit = Some(commit.first);
        for row in &commit.rows {
            if self.ended.is_some() {
                let (epoch, size) = (self.partition.epoch(), self.tiler.size());
                return Err(SigningError::Over { tenant, epoch, size });
            }
            self.ended = epoch::rotation_in(row);
            let full = self.tiler.push(leaf_hash(row.as_bytes()));
            self.rows.push(row.clone());
            self.full.extend(full);
            if self.tiler.size().is_multiple_of(WIDTH_U64) {
                self.finish_bundle().await?;
            }
        }
        let begins = self.size() - self.size() % WIDTH_U64;
        if begins >= commit.first {
            self.tail = if begins == self.size() { self.size() } else { commit.first };
        }
        if self.full.len() >= WRITES { self.write().await } else { Ok(()) }
    }

    /// The bundle that the row before ended.
    async fn finish_bundle(&mut self) -> Result<(), SigningError> {
        let end = self.tiler.size();
        let mut rows = self.earlier(end - WIDTH_U64, end - self.rows.len() as u64).await?;
        rows.append(&mut self.rows);
        let tile = Tile { content: Content::Entries, index: end / WIDTH_U64 - 1, width: WIDTH_U64 };
        let leaves = rows.iter().flat_map(|row| leaf_hash(row.as_bytes()).0);
        // The rows that were signed before were not hashed in this turn: the tile that they fill says what they were.
        let hashes = self.full.iter().rev().find(|(full, _)| {
            full.content == Content::Hashes { level: 0 } && full.index == tile.index
        });
        if hashes.is_none_or(|(_, hashes)| !leaves.eq(hashes.iter().copied())) {
            return Err(differs(&name(self.partition, &tile)));
        }
        let bytes = encode_entries(&rows).map_err(|_| differs(&name(self.partition, &tile)))?;
        self.full.push((tile, bytes));
        Ok(())
    }

    /// The rows from `start` up to `end`, which were signed in an earlier turn.
    async fn earlier(&self, start: u64, end: u64) -> Result<Vec<String>, SigningError> {
        let (mut rows, mut next) = (Vec::new(), self.tail);
        while start < end && next < end {
            let commit = log::commit_at(self.partition, next).await?;
            let commit = commit.ok_or_else(|| log::missing(next))?;
            next = commit.size.max(next + 1);
            let numbered = (commit.first..).zip(commit.rows);
            rows.extend(numbered.filter(|(row, _)| (start..end).contains(row)).map(|(_, row)| row));
        }
        Ok(rows)
    }

    /// Writes what is full.
    async fn write(&mut self) -> Result<(), SigningError> {
        let full = std::mem::take(&mut self.full);
        for some in full.chunks(WRITES) {
            let writes = some.iter().map(|(tile, bytes)| self.create(tile, bytes));
            futures::future::try_join_all(writes).await?;
        }
        Ok(())
    }

    async fn create(&self, tile: &Tile, bytes: &[u8]) -> Result<(), SigningError> {
        let name = name(self.partition, tile);
        kept::create(&*self.state.ports.blobs, bucket(tile), &name, bytes).await
    }

    /// Writes the last tile of each level that changed since the log had `before` rows; the end of the log, and its tail.
    pub(super) async fn finish(mut self, before: u64) -> Result<(Head, u64), SigningError> {
        let known = needed_to_append(before);
        let partial = self.tiler.partials().into_iter();
        self.full.extend(partial.filter(|(tile, _)| !known.contains(tile)));
        self.write().await?;
        Ok((self.head, self.tail))
    }
}

fn name(partition: &Partition, tile: &Tile) -> String {
    tile.blob_name(&partition.tenant().to_string(), partition.epoch())
}

fn differs(name: &str) -> SigningError {
    SigningError::Differs { name: name.to_owned(), is: "is not the one that was written" }
}
