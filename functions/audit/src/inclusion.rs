//! Proving that a row is in the log, from a few commits: each holds the right edge of the tree after it, and so the hashes of what lies left of it.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use chain::{
    Hash,
    proof::{self, Subtrees},
    tree::{CompactRange, leaf_hash},
};
use store::{Partition, StoreError, log};

/// The place of a complete subtree: its height, and how many of that height lie left of it.
type Place = (u32, u64);

/// Notes which subtrees a proof asks for.
#[derive(Default)]
struct Asked(RefCell<BTreeSet<Place>>);

impl Subtrees for Asked {
    fn subtree(&self, height: u32, index: u64) -> Option<Hash> {
        self.0.borrow_mut().insert((height, index));
        Some(Hash::ZERO)
    }
}

struct Known(BTreeMap<Place, Hash>);

impl Subtrees for Known {
    fn subtree(&self, height: u32, index: u64) -> Option<Hash> {
        self.0.get(&(height, index)).copied()
    }
}

/// Shows that row `index` is in the tree of the first `size` rows (RFC 9162 §2.1.3.1), leaf end first. Reads O(log size) commits.
///
/// The edges are taken at their word: check the proof against a signed root before anybody sees it.
///
/// # Errors
/// When storage fails, or there is no such row.
pub(crate) async fn prove(
    data: &Partition,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, StoreError> {
    let mut known = BTreeMap::new();
    for (height, place) in asked(index, size) {
        known.insert((height, place), subtree(data, height, place).await?);
    }
    proof::inclusion(&Known(known), index, size).ok_or_else(|| log::missing(index))
}

fn asked(index: u64, size: u64) -> BTreeSet<Place> {
    let asked = Asked::default();
    // What comes of made-up hashes is of no interest.
    drop(proof::inclusion(&asked, index, size));
    asked.0.into_inner()
}

/// The hash over the 2^`height` rows from `index · 2^height` on.
async fn subtree(data: &Partition, height: u32, index: u64) -> Result<Hash, StoreError> {
    let start = index << height;
    let end = start + (1 << height);
    let last = log::holding(data, end - 1).await?.ok_or_else(|| log::missing(end - 1))?;
    let from = last.first.max(start);
    let mut range = before(data, start, from).await?;
    let numbered = (last.first..).zip(&last.rows);
    for (_, row) in numbered.filter(|(number, _)| (from..end).contains(number)) {
        range.push(leaf_hash(row.as_bytes()));
    }
    Ok(range.root())
}

/// The tree of the rows from `start` up to `end`, where a commit begins, if it does not begin at `start`: the low part of the edge there.
///
/// `start` is a multiple of a power of two that is larger than what lies between, so no subtree of the edge crosses it.
async fn before(data: &Partition, start: u64, end: u64) -> Result<CompactRange, StoreError> {
    if start == end {
        return Ok(CompactRange::default());
    }
    let commit = log::holding(data, end - 1).await?.ok_or_else(|| log::missing(end - 1))?;
    let subtrees = (end - start).count_ones() as usize;
    let edge = commit.edge.get(commit.edge.len().saturating_sub(subtrees)..).unwrap_or_default();
    CompactRange::new(end - start, edge.to_vec())
        .map_err(|error| StoreError::Unreadable(error.to_string()))
}
