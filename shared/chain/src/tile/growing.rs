//! A tree that grows at its right edge, as tiles see it: what is kept are the hashes of the last tile of each level.

use super::{
    Content, HEIGHT, Tile, TileHashes, WIDTH, WIDTH_U64, needed_to_append, root_of_full_tile,
};
use crate::{Hash, tree::CompactRange};

/// A tree that grows at its right edge.
#[derive(Clone, Debug, Default)]
pub(crate) struct Growing {
    size: u64,
    edge: Vec<Vec<Hash>>,
}

impl Growing {
    /// How many leaves.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Appends `leaves`, and gives the hashes that each level of the tiles gets by it to `level`.
    pub(crate) fn extend(&mut self, leaves: &[Hash], level: &mut impl FnMut(usize, &[Hash])) {
        level(0, leaves);
        for leaf in leaves {
            self.push(*leaf, &mut |height, tile| level(height + 1, &[root_of_full_tile(tile)]));
        }
    }

    /// Appends one leaf, and gives each tile that is full by it to `full`, with its level.
    fn push(&mut self, leaf: Hash, full: &mut impl FnMut(usize, &[Hash; WIDTH])) {
        self.size += 1;
        let mut hash = leaf;
        for height in 0.. {
            if self.edge.len() == height {
                self.edge.push(Vec::with_capacity(WIDTH));
            }
            let Some(tile) = self.edge.get_mut(height) else { return };
            tile.push(hash);
            let Ok(hashes) = tile.as_slice().try_into() else { return };
            full(height, hashes);
            hash = root_of_full_tile(hashes);
            tile.clear();
        }
    }

    /// The right edge.
    pub(crate) fn range(&self) -> CompactRange {
        let mut range = CompactRange::default();
        for (height, hashes) in (0..u64::BITS).step_by(HEIGHT as usize).zip(&self.edge).rev() {
            hashes.iter().for_each(|hash| range.push_subtree(height, *hash));
        }
        range
    }

    /// The root over all leaves.
    pub(crate) fn root(&self) -> Hash {
        self.range().root()
    }
}

/// Makes the hash tiles of a tree that grows.
///
/// # Examples
/// ```
/// use chain::{tile::Tiler, tree::leaf_hash};
///
/// let mut tiler = Tiler::default();
/// let full: Vec<_> = (0..256_u32).flat_map(|row| tiler.push(leaf_hash(&row.to_be_bytes()))).collect();
/// assert_eq!(full[0].0.path(), "tile/0/000");
/// assert_eq!(tiler.partials()[0].0.path(), "tile/1/000.p/1");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tiler {
    growing: Growing,
}

impl Tiler {
    /// The tree of `size` rows again, from its last tiles ([`needed_to_append`]); `None` when `tiles` lacks one of them.
    ///
    /// The tiles are taken at their word: compare [`range`](Self::range) with what was signed.
    pub fn resume(size: u64, tiles: &TileHashes) -> Option<Self> {
        let mut edge = Vec::new();
        for level in 0..u64::BITS / HEIGHT {
            let hashes = size >> (HEIGHT * level);
            if hashes == 0 {
                break;
            }
            edge.push(Vec::with_capacity(WIDTH));
        }
        for tile in needed_to_append(size) {
            let Content::Hashes { level } = tile.content else { continue };
            edge.get_mut(usize::from(level))?.extend_from_slice(tiles.tile(&tile)?);
        }
        Some(Self { growing: Growing { size, edge } })
    }

    /// How many rows.
    pub const fn size(&self) -> u64 {
        self.growing.size()
    }

    /// The right edge of the tree.
    pub fn range(&self) -> CompactRange {
        self.growing.range()
    }

    /// Appends a row; the tiles that are full by it, lowest level first, with their bytes.
    pub fn push(&mut self, leaf: Hash) -> Vec<(Tile, Vec<u8>)> {
        let row = self.growing.size();
        let mut made = Vec::new();
        self.growing.push(leaf, &mut |height, hashes| {
            let Ok(level) = u8::try_from(height) else { return };
            let tile = Tile {
                content: Content::Hashes { level },
                index: row >> (HEIGHT * (u32::from(level) + 1)),
                width: WIDTH_U64,
            };
            made.push((tile, bytes(hashes)));
        });
        made
    }

    /// The partial tiles at the right edge, lowest level first, with their bytes.
    pub fn partials(&self) -> Vec<(Tile, Vec<u8>)> {
        let tiles = needed_to_append(self.growing.size()).into_iter();
        tiles.filter_map(|tile| self.partial(tile)).collect()
    }

    fn partial(&self, tile: Tile) -> Option<(Tile, Vec<u8>)> {
        let Content::Hashes { level } = tile.content else { return None };
        Some((tile, bytes(self.growing.edge.get(usize::from(level))?)))
    }
}

fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::tile::{Levels, files};

    fn leaves(count: u32) -> Vec<Hash> {
        (0..count).map(|row| Hash::of(&row.to_be_bytes())).collect()
    }

    /// The tree that forgets agrees with the one that remembers, at every size around the edges of tiles.
    #[test]
    fn a_growing_tree_has_the_roots_and_the_tiles_of_all_leaves() {
        let leaves = leaves(70_000);
        let (mut growing, mut given) = (Growing::default(), vec![Vec::new(); 3]);
        for piece in leaves.chunks(999) {
            growing.extend(piece, &mut |level, hashes| given[level].extend_from_slice(hashes));
            let size = usize::try_from(growing.size()).unwrap();
            assert_eq!(growing.root(), Levels::new(leaves[..size].to_vec()).root(), "{size}");
        }
        assert_eq!(given, Levels::new(leaves).0);
        assert_eq!(Growing::default().root(), Hash::of(b""));
    }

    /// Written as the tree grows, and taken up again at odd places, the tiles are those that the whole tree has.
    #[test]
    fn tiles_that_are_made_as_the_tree_grows_are_those_of_the_whole_tree() {
        let leaves = leaves(66_000);
        let (mut tiler, mut made) = (Tiler::default(), BTreeMap::new());
        for piece in leaves.chunks(777) {
            made.extend(piece.iter().flat_map(|leaf| tiler.push(*leaf)));
            made.extend(tiler.partials());
            let mut last = TileHashes::default();
            for tile in needed_to_append(tiler.size()) {
                last.insert(&tile, &made[&tile]).unwrap();
            }
            let resumed = Tiler::resume(tiler.size(), &last).unwrap();
            assert_eq!(resumed.range(), tiler.range(), "{}", tiler.size());
            tiler = resumed;
        }
        let levels = Levels::new(leaves);
        for tile in files(66_000).filter(|tile| tile.content != Content::Entries) {
            assert_eq!(Some(&made[&tile]), levels.encode(&tile).as_ref(), "{}", tile.path());
        }
        assert_eq!(tiler.range().root(), levels.root());
    }

    #[test]
    fn a_tree_is_not_taken_up_without_its_last_tiles() {
        assert_eq!(Tiler::resume(0, &TileHashes::default()).unwrap().size(), 0);
        assert!(Tiler::resume(5, &TileHashes::default()).is_none());
    }
}
