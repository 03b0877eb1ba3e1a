//! The Merkle tree of RFC 6962 §2.1 (RFC 9162 §2.1.1) over the rows of a log.

use crate::{Hash, lanes};

/// What is hashed before a row: RFC 6962 §2.1.
pub(crate) const LEAF: u8 = 0;
/// What is hashed before two hashes.
const NODE: u8 = 1;

/// The hash of a row: `SHA-256(0x00 ‖ row)`.
///
/// # Examples
/// ```
/// // printf '\0' | sha256sum
/// let empty_row = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
/// assert_eq!(chain::tree::leaf_hash(b"").to_string(), empty_row);
/// ```
pub fn leaf_hash(row: &[u8]) -> Hash {
    lanes::digest_one(Some(LEAF), row)
}

/// The hash of two neighbouring subtrees: `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    lanes::digest_one(Some(NODE), &pair(left, right))
}

/// [`node_hash`] of each pair.
pub(crate) fn node_hashes(pairs: &[[Hash; 2]]) -> Vec<Hash> {
    let both: Vec<_> = pairs.iter().map(|[left, right]| pair(left, right)).collect();
    let messages: Vec<_> = both.iter().map(<[u8; 64]>::as_slice).collect();
    let mut hashes = Vec::with_capacity(pairs.len());
    lanes::digests(Some(NODE), &messages, &mut hashes);
    hashes
}

/// [`leaf_hash`] of each row.
pub(crate) fn leaf_hashes(rows: &[&[u8]]) -> Vec<Hash> {
    let mut hashes = Vec::with_capacity(rows.len());
    lanes::digests(Some(LEAF), rows, &mut hashes);
    hashes
}

/// Both, one after the other.
fn pair(left: &Hash, right: &Hash) -> [u8; 64] {
    let mut both = [0; 64];
    let (first, second) = both.split_at_mut(32);
    first.copy_from_slice(&left.0);
    second.copy_from_slice(&right.0);
    both
}

/// The right edge of a tree: all that is needed to append to it and to know its root.
///
/// One hash for each 1 in the binary form of the size, the largest subtree first; so at most 64 hashes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CompactRange {
    size: u64,
    edge: Vec<Hash>,
}

/// A right edge that does not belong to its size.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a tree of {size} rows has a right edge of {} hashes, not {found}", size.count_ones())]
pub struct EdgeError {
    /// The size.
    pub size: u64,
    /// How many hashes were given.
    pub found: usize,
}

impl CompactRange {
    /// The tree of `size` rows with this right edge, the largest subtree first.
    ///
    /// # Errors
    /// [`EdgeError`] when the number of hashes is not that of the 1s in `size`.
    pub fn new(size: u64, edge: Vec<Hash>) -> Result<Self, EdgeError> {
        if edge.len() != size.count_ones() as usize {
            return Err(EdgeError { size, found: edge.len() });
        }
        Ok(Self { size, edge })
    }

    /// How many rows.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the complete subtrees, the largest first.
    pub fn edge(&self) -> &[Hash] {
        &self.edge
    }

    /// Appends the row with this leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_subtree(0, leaf);
    }

    /// Appends a complete subtree of 2^`height` rows; the size must be a multiple of that.
    pub(crate) fn push_subtree(&mut self, height: u32, subtree: Hash) {
        let mut joined = subtree;
        // Adding 1 carries through the 1s of a number, and joining subtrees does the same.
        for _ in 0..(self.size >> height).trailing_ones() {
            if let Some(left) = self.edge.pop() {
                joined = node_hash(&left, &joined);
            }
        }
        self.edge.push(joined);
        self.size += 1 << height;
    }

    /// Appends the rows with these leaf hashes: as [`push`](Self::push) of each, in less time.
    pub fn extend(&mut self, leaves: &[Hash]) {
        let (mut level, mut odd) = (leaves.to_vec(), Vec::new());
        let size = self.size + leaves.len() as u64;
        for height in 0.. {
            if level.is_empty() {
                break;
            }
            // What was left over at this height when the tree was smaller now has a right neighbour.
            if (self.size >> height) & 1 == 1 {
                level.splice(..0, self.edge.pop());
            }
            let (pairs, rest) = level.as_chunks();
            odd.extend(rest);
            level = node_hashes(pairs);
        }
        self.edge.extend(odd.iter().rev());
        self.size = size;
    }

    /// The root of the tree; of the empty tree, SHA-256 of nothing.
    pub fn root(&self) -> Hash {
        let mut subtrees = self.edge.iter().rev();
        let Some(smallest) = subtrees.next() else { return Hash::of(b"") };
        subtrees.fold(*smallest, |right, left| node_hash(left, &right))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The test tree of the Certificate Transparency reference implementation (`merkletree/merkle_tree_test.cc`).
    pub(crate) fn rfc_6962_leaves() -> Vec<Hash> {
        [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ]
        .map(|row| leaf_hash(&hex::decode(row).unwrap()))
        .to_vec()
    }

    /// Its roots at sizes 0 to 8; computed again from the definition of RFC 6962 §2.1 with Python's `hashlib`.
    pub(crate) const RFC_6962_ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn the_test_tree_of_rfc_6962_has_its_published_roots() {
        let mut range = CompactRange::default();
        assert_eq!(range.root().to_string(), RFC_6962_ROOTS[0]);
        for (leaf, root) in rfc_6962_leaves().into_iter().zip(&RFC_6962_ROOTS[1..]) {
            range.push(leaf);
            assert_eq!(range.root().to_string(), *root, "{}", range.size());
        }
    }

    #[test]
    fn a_range_goes_on_from_its_stored_edge() {
        let leaves = rfc_6962_leaves();
        let mut first = CompactRange::default();
        leaves[..5].iter().for_each(|leaf| first.push(*leaf));
        let mut second = CompactRange::new(5, first.edge().to_vec()).unwrap();
        leaves[5..].iter().for_each(|leaf| second.push(*leaf));
        assert_eq!(second.root().to_string(), RFC_6962_ROOTS[8]);
    }

    #[test]
    fn rows_that_are_appended_at_once_make_the_tree_of_those_appended_singly() {
        let leaves: Vec<_> = (0..70_u32).map(|row| leaf_hash(&row.to_be_bytes())).collect();
        for start in 0..leaves.len() {
            let mut before = CompactRange::default();
            leaves[..start].iter().for_each(|leaf| before.push(*leaf));
            let mut singly = before.clone();
            for end in start..leaves.len() {
                let mut at_once = before.clone();
                at_once.extend(&leaves[start..end]);
                assert_eq!(at_once, singly, "{start} to {end}");
                singly.push(leaves[end]);
            }
        }
    }

    #[test]
    fn an_edge_of_another_size_is_refused() {
        assert_eq!(CompactRange::new(5, vec![Hash::ZERO]), Err(EdgeError { size: 5, found: 1 }));
        assert!(CompactRange::new(0, Vec::new()).is_ok());
    }
}
