//! Proofs about the tree: that it holds a row, and that it only grew (RFC 9162 §2.1.3, §2.1.4).

use crate::{
    Hash,
    tree::{CompactRange, node_hash},
};

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

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ProofError {
    /// The row lies outside the tree, or the earlier tree is larger than the later one.
    #[error("the proof is about something that the tree does not contain")]
    Range,
    /// Too many or too few hashes.
    #[error("the proof has the wrong number of hashes")]
    Length,
    /// The hashes lead to another root.
    #[error("the proof leads to another root; the row or the tree was changed")]
    Root,
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

/// Checks an inclusion proof (RFC 9162 §2.1.3.2).
///
/// # Errors
/// * [`ProofError::Range`]: `index` is not below `size`.
/// * [`ProofError::Length`], [`ProofError::Root`]: the proof is not one of this row in this tree.
pub fn check_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: Hash,
) -> Result<(), ProofError> {
    if inclusion_root(leaf, index, size, proof)? == root { Ok(()) } else { Err(ProofError::Root) }
}

/// The root of the tree of `size` rows that an inclusion proof leads to (RFC 9162 §2.1.3.2, steps 1 to 4).
///
/// # Errors
/// [`ProofError::Range`], [`ProofError::Length`] as [`check_inclusion`].
pub fn inclusion_root(
    leaf: Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
) -> Result<Hash, ProofError> {
    let mut last = size.checked_sub(1).filter(|last| index <= *last).ok_or(ProofError::Range)?;
    let mut place = index;
    let mut hash = leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if place & 1 == 1 || place == last {
            hash = node_hash(sibling, &hash);
            // On the right edge, levels without a sibling are skipped. `place` is not 0 here: `last` is not.
            let skipped = place.trailing_zeros();
            (place, last) = (place >> skipped, last >> skipped);
        } else {
            hash = node_hash(&hash, sibling);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    if last == 0 { Ok(hash) } else { Err(ProofError::Length) }
}

/// Checks a consistency proof (RFC 9162 §2.1.4.2).
///
/// # Errors
/// * [`ProofError::Range`]: `earlier` is above `size`.
/// * [`ProofError::Length`], [`ProofError::Root`]: the later tree does not begin with the earlier one.
pub fn check_consistency(
    earlier: u64,
    earlier_root: Hash,
    size: u64,
    root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if earlier > size {
        return Err(ProofError::Range);
    }
    if earlier == 0 {
        return conclude(proof.is_empty(), earlier_root == Hash::of(b""));
    }
    if earlier == size {
        return conclude(proof.is_empty(), earlier_root == root);
    }
    // When the earlier tree is one complete subtree, the proof begins with its root.
    let implied = earlier.is_power_of_two().then_some(earlier_root);
    let mut hashes = implied.into_iter().chain(proof.iter().copied());
    let seed = hashes.next().ok_or(ProofError::Length)?;
    let skipped = (earlier - 1).trailing_ones();
    let (mut place, mut last) = ((earlier - 1) >> skipped, (size - 1) >> skipped);
    let (mut old, mut new) = (seed, seed);
    for sibling in hashes {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if place & 1 == 1 || place == last {
            (old, new) = (node_hash(&sibling, &old), node_hash(&sibling, &new));
            let skipped = place.trailing_zeros();
            (place, last) = (place >> skipped, last >> skipped);
        } else {
            new = node_hash(&new, &sibling);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    conclude(last == 0, old == earlier_root && new == root)
}

fn conclude(length_fits: bool, roots_fit: bool) -> Result<(), ProofError> {
    match (length_fits, roots_fit) {
        (true, true) => Ok(()),
        (true, false) => Err(ProofError::Root),
        (false, _) => Err(ProofError::Length),
    }
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
mod tests {
    use super::*;
    use crate::tree::tests::{RFC_6962_ROOTS, rfc_6962_leaves};

    fn hashes(texts: &[&str]) -> Vec<Hash> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn root_at(size: u64) -> Hash {
        RFC_6962_ROOTS[usize::try_from(size).unwrap()].parse().unwrap()
    }

    #[test]
    fn roots_are_those_of_the_test_tree() {
        let leaves = rfc_6962_leaves();
        for size in 0..=8 {
            assert_eq!(root(leaves.as_slice(), size), Some(root_at(size)));
        }
        assert_eq!(root(leaves.as_slice(), 9), None);
    }

    /// Published with the test tree (`merkletree/merkle_tree_test.cc`, here counted from 0): rows 0 and 5 of 8, 2 of 3, 1 of 5.
    #[test]
    fn inclusion_proofs_are_those_published_for_the_test_tree() {
        let leaves = rfc_6962_leaves();
        for (index, size, expected) in [
            (
                0,
                8,
                vec![
                    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
                ],
            ),
            (
                5,
                8,
                vec![
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                ],
            ),
            (2, 3, vec!["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
            (
                1,
                5,
                vec![
                    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                ],
            ),
        ] {
            let proof = inclusion(leaves.as_slice(), index, size).unwrap();
            assert_eq!(proof, hashes(&expected), "{index} of {size}");
        }
    }

    /// Published with the test tree: from 1, 6 to 8, and 2 to 5.
    #[test]
    fn consistency_proofs_are_those_published_for_the_test_tree() {
        let leaves = rfc_6962_leaves();
        for (earlier, size, expected) in [
            (1, 1, vec![]),
            (
                1,
                8,
                vec![
                    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
                ],
            ),
            (
                6,
                8,
                vec![
                    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                ],
            ),
            (
                2,
                5,
                vec![
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                ],
            ),
        ] {
            let proof = consistency(leaves.as_slice(), earlier, size).unwrap();
            assert_eq!(proof, hashes(&expected), "{earlier} to {size}");
        }
    }

    #[test]
    fn every_proof_holds_for_its_row_and_tree_and_for_no_other() {
        let leaves = rfc_6962_leaves();
        for size in 1..=8 {
            for index in 0..size {
                let leaf = leaves[usize::try_from(index).unwrap()];
                let proof = inclusion(leaves.as_slice(), index, size).unwrap();
                assert_eq!(check_inclusion(leaf, index, size, &proof, root_at(size)), Ok(()));
                for other in (0..size).filter(|other| *other != index) {
                    assert!(check_inclusion(leaf, other, size, &proof, root_at(size)).is_err());
                }
                refuses_damage(&proof, |proof| {
                    check_inclusion(leaf, index, size, proof, root_at(size))
                });
            }
            for earlier in 0..=size {
                let check = |proof: &[Hash]| {
                    check_consistency(earlier, root_at(earlier), size, root_at(size), proof)
                };
                let proof = consistency(leaves.as_slice(), earlier, size).unwrap();
                assert_eq!(check(&proof), Ok(()), "{earlier} to {size}");
                refuses_damage(&proof, check);
                let forked = Hash::of(b"fork");
                let check = check_consistency(earlier, forked, size, root_at(size), &proof);
                assert!(check.is_err(), "{earlier} to {size}");
            }
        }
    }

    fn refuses_damage(proof: &[Hash], check: impl Fn(&[Hash]) -> Result<(), ProofError>) {
        for place in 0..proof.len() {
            let mut edited = proof.to_vec();
            edited[place].0[31] ^= 1;
            assert_eq!(check(&edited), Err(ProofError::Root));
        }
        let longer = [proof, &[Hash::ZERO]].concat();
        assert_eq!(check(&longer), Err(ProofError::Length));
        if let Some((_, shorter)) = proof.split_last() {
            assert!(check(shorter).is_err());
        }
    }

    #[test]
    fn what_the_tree_does_not_contain_has_no_proof() {
        let leaves = rfc_6962_leaves();
        assert_eq!(inclusion(leaves.as_slice(), 8, 8), None);
        assert_eq!(inclusion(leaves.as_slice(), 0, 9), None);
        assert_eq!(consistency(leaves.as_slice(), 4, 3), None);
        assert_eq!(check_inclusion(leaves[0], 8, 8, &[], root_at(8)), Err(ProofError::Range));
        assert_eq!(check_inclusion(leaves[0], 0, 0, &[], root_at(0)), Err(ProofError::Range));
        let consistency = check_consistency(4, root_at(4), 3, root_at(3), &[]);
        assert_eq!(consistency, Err(ProofError::Range));
    }
}
