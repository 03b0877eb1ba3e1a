//! A Merkle tree over hashes that are there already (RFC 6962 §2.1), and its inclusion proofs (RFC 9162 §2.1.3).

use crate::Digest;

/// All levels of a tree, the leaves first. A level's odd last node moves up as it is, which gives the split of RFC
/// 6962.
#[derive(Clone)]
pub(super) struct Tree {
    levels: Vec<Vec<Digest>>,
}

impl Tree {
    pub(super) fn new(leaves: Vec<Digest>) -> Self {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let above = below.chunks(2).map(|pair| match pair {
                [left, right] => inner(left, right),
                odd => odd.first().copied().unwrap_or_default(),
            });
            let above = above.collect();
            levels.push(above);
        }
        Self { levels }
    }

    /// The hash over everything; that of no leaves is SHA-256 of nothing.
    pub(super) fn root(&self) -> Digest {
        self.levels
            .last()
            .and_then(|level| level.first())
            .copied()
            .unwrap_or_else(|| Digest::of(""))
    }

    /// The hashes beside the way from leaf `index` to the root, the lowest first.
    pub(super) fn proof(&self, index: usize) -> Vec<Digest> {
        let beside = |(height, level): (usize, &Vec<Digest>)| {
            let place = index.checked_shr(u32::try_from(height).ok()?)?;
            level.get(place ^ 1).copied()
        };
        self.levels.iter().enumerate().filter_map(beside).collect()
    }
}

/// The root that follows from a leaf and its proof (RFC 9162 §2.1.3.2); `None` when the proof has not the right
/// length for its place.
pub(super) fn root_from(leaf: Digest, index: u32, size: u32, proof: &[Digest]) -> Option<Digest> {
    let (mut place, mut last) = (index, size.checked_sub(1)?);
    if place > last {
        return None;
    }
    let mut hash = leaf;
    let mut beside = proof.iter();
    while last > 0 {
        let is_odd_last = place == last && place & 1 == 0;
        if !is_odd_last {
            let other = beside.next()?;
            hash = if place & 1 == 1 { inner(other, &hash) } else { inner(&hash, other) };
        }
        place >>= 1;
        last >>= 1;
    }
    beside.next().is_none().then_some(hash)
}

fn inner(left: &Digest, right: &Digest) -> Digest {
    Digest::of_parts(&[&[1], &left.0, &right.0])
}
