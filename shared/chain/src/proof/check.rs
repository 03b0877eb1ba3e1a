//! Checking proofs: what a verifier does with the hashes that it is given.

use crate::{Hash, tree::node_hash};

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
