//! Proofs about the tree: that it holds a row, and that it only grew (RFC 9162 §2.1.3, §2.1.4).

mod check;

use crate::{
    Hash,
    tree::{CompactRange, node_hash},
};

pub use check::{ProofError, check_consistency, check_inclusion, inclusion_root};

/// Where the hashes of complete subtrees come from: leaf hashes, tiles, a cache.
pub trait Subtrees {
    /// The hash over the 2^`height` rows from `index · 2^height` on; `None` when they are not all there.
    fn subtree(&self, height: u32, index: u64) -> Option<Hash>;
}

/// Leaf hashes in order. Simple, and slow for large trees: each subtree is hashed anew.
impl Subtrees for [Hash] {
    fn subtree(&self, height: u32, index: u64) -> Option<Hash> {
        let rows = 1_usize.checked_shl(height)?;
        let start = usize::try_from(index).ok()?.checked_mul(rows)?;
        let mut range = CompactRange::default();
        self.get(start..start.checked_add(rows)?)?.iter().for_each(|leaf| range.push(*leaf));
        Some(range.root())
    }
}

/// The root of the first `size` rows; `None` when `source` lacks some of them.
pub fn root(source: &(impl Subtrees + ?Sized), size: u64) -> Option<Hash> {
    if size == 0 { Some(Hash::of(b"")) } else { range(source, 0, size) }
}

/// Shows that row `index` is in the tree of the first `size` rows: `PATH(m, D_n)` of RFC 9162 §2.1.3.1, leaf end first.
///
/// `None` when there is no such row, or `source` lacks some rows.
pub fn inclusion(source: &(impl Subtrees + ?Sized), index: u64, size: u64) -> Option<Vec<Hash>> {
    if index >= size {
        return None;
    }
    let mut path = Vec::new();
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range(source, middle, end)?);
            end = middle;
        } else {
            path.push(range(source, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Some(path)
}

/// Shows that the tree of the first `size` rows begins with the tree of the first `earlier`: `PROOF(m, D_n)` of RFC 9162 §2.1.4.1.
///
/// Empty when the sizes are equal or `earlier` is 0. `None` when `earlier > size`, or `source` lacks some rows.
pub fn consistency(
    source: &(impl Subtrees + ?Sized),
    earlier: u64,
    size: u64,
) -> Option<Vec<Hash>> {
    if earlier > size {
        return None;
    }
    if earlier == 0 {
        return Some(Vec::new());
    }
    let mut proof = Vec::new();
    let (mut start, mut end) = (0, size);
    while end != earlier {
        let middle = start + split(end - start);
        if earlier <= middle {
            proof.push(range(source, middle, end)?);
            end = middle;
        } else {
            proof.push(range(source, start, middle)?);
            start = middle;
        }
    }
    // The verifier knows the earlier root, which is this subtree when nothing lies to its left.
    if start != 0 {
        proof.push(range(source, start, end)?);
    }
    proof.reverse();
    Some(proof)
}

/// `MTH(D[start:end])` of RFC 9162 §2.1.1. `start` is a multiple of the largest power of two in the range.
fn range(source: &(impl Subtrees + ?Sized), start: u64, end: u64) -> Option<Hash> {
    let rows = end - start;
    if rows.is_power_of_two() {
        let height = rows.trailing_zeros();
        return source.subtree(height, start >> height);
    }
    let middle = start + split(rows);
    Some(node_hash(&range(source, start, middle)?, &range(source, middle, end)?))
}

/// The largest power of two smaller than `rows`, which is above 1.
const fn split(rows: u64) -> u64 {
    1 << (rows - 1).ilog2()
}

#[cfg(test)]
mod tests;
