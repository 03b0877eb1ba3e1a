//! Proofs from hash tiles alone: which tiles a proof needs, and the hashes in them.
//!
//! ```text
//! needed_for_consistency(1000, 70_000)  →  read those files  →  TileHashes  →  proof::consistency(&hashes, 1000, 70_000)
//! ```

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use super::{Content, HEIGHT, Tile, decode_hashes};
use crate::{
    Hash,
    proof::{self, Subtrees},
    tree::CompactRange,
};

/// A file is not the tile that it should be.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a tile of {width} hashes has {} bytes, not {found}", width * 32)]
pub struct TileError {
    /// How many hashes it should hold.
    pub width: u64,
    /// How many bytes it has.
    pub found: usize,
}

/// The hashes of some tiles. They are taken at their word: check a proof made of them against a signed root.
#[derive(Clone, Debug, Default)]
pub struct TileHashes(BTreeMap<(u8, u64), Vec<Hash>>);

impl TileHashes {
    /// Adds the bytes of a hash tile; an entry bundle has no hashes and is passed over.
    ///
    /// # Errors
    /// [`TileError`] when the tile is of another width.
    pub fn insert(&mut self, tile: &Tile, bytes: &[u8]) -> Result<(), TileError> {
        let Content::Hashes { level } = tile.content else { return Ok(()) };
        let wrong = TileError { width: tile.width, found: bytes.len() };
        let hashes: Vec<_> = decode_hashes(bytes).ok_or(wrong)?.collect();
        if hashes.len() as u64 != tile.width {
            return Err(wrong);
        }
        self.0.insert((level, tile.index), hashes);
        Ok(())
    }

    /// The hashes of one tile, if they are there.
    pub fn tile(&self, tile: &Tile) -> Option<&[Hash]> {
        let Content::Hashes { level } = tile.content else { return None };
        self.0.get(&(level, tile.index)).map(Vec::as_slice)
    }
}

impl Subtrees for TileHashes {
    fn subtree(&self, height: u32, index: u64) -> Option<Hash> {
        let (level, first, count) = place(height, index)?;
        let tile = self.0.get(&(level, first / super::WIDTH_U64))?;
        let start = usize::try_from(first % super::WIDTH_U64).ok()?;
        let mut range = CompactRange::default();
        tile.get(start..start + count)?.iter().for_each(|hash| range.push(*hash));
        Some(range.root())
    }
}

/// Where the hashes over which a subtree stands are: the level of their tile, the number of the first in that level, how many.
fn place(height: u32, index: u64) -> Option<(u8, u64, usize)> {
    let (level, rest) = (height / HEIGHT, height % HEIGHT);
    Some((u8::try_from(level).ok()?, index << rest, 1 << rest))
}

/// The tiles that [`proof::inclusion`] of row `index` in the tree of `size` rows asks for; none when there is no such row.
pub fn needed_for_inclusion(index: u64, size: u64) -> Vec<Tile> {
    needed(size, |asked| proof::inclusion(asked, index, size))
}

/// The tiles that [`proof::consistency`] from `earlier` to `size` rows asks for; none when it needs no hashes.
pub fn needed_for_consistency(earlier: u64, size: u64) -> Vec<Tile> {
    needed(size, |asked| proof::consistency(asked, earlier, size))
}

/// The partial tiles of a tree of `size` rows, lowest level first: all that is needed to append to it.
pub fn needed_to_append(size: u64) -> Vec<Tile> {
    let levels = (0_u8..8).map(|level| (level, size >> (HEIGHT * u32::from(level))));
    let partial = levels.filter(|(_, hashes)| hashes % super::WIDTH_U64 > 0);
    partial.map(|(level, hashes)| Tile::holding(level, hashes - 1, size)).collect()
}

/// Notes which subtrees a proof asks for.
#[derive(Default)]
struct Asked(RefCell<BTreeSet<(u32, u64)>>);

impl Subtrees for Asked {
    fn subtree(&self, height: u32, index: u64) -> Option<Hash> {
        self.0.borrow_mut().insert((height, index));
        Some(Hash::ZERO)
    }
}

fn needed(size: u64, prove: impl FnOnce(&Asked) -> Option<Vec<Hash>>) -> Vec<Tile> {
    let asked = Asked::default();
    // What comes of made-up hashes is of no interest.
    drop(prove(&asked));
    let places =
        asked.0.into_inner().into_iter().filter_map(|(height, index)| place(height, index));
    let tiles = places.map(|(level, hash, _)| Tile::holding(level, hash, size));
    tiles.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tile::Levels;

    const SIZES: [u64; 12] = [1, 2, 3, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000];

    fn levels(size: u64) -> Levels {
        Levels::new((0..size).map(|row| Hash::of(&row.to_be_bytes())).collect())
    }

    fn read(levels: &Levels, tiles: &[Tile]) -> TileHashes {
        let mut hashes = TileHashes::default();
        for tile in tiles {
            hashes.insert(tile, &levels.encode(tile).unwrap()).unwrap();
        }
        hashes
    }

    /// Proofs from the tiles that are asked for, checked by the algorithms of RFC 9162 §2.1.3.2 and §2.1.4.2 against the root of all leaves.
    #[test]
    fn the_tiles_that_are_asked_for_are_enough_for_the_proof() {
        for size in SIZES {
            let whole = levels(size);
            for index in SIZES.iter().map(|size| size - 1).filter(|index| *index < size) {
                let tiles = needed_for_inclusion(index, size);
                let proof = proof::inclusion(&read(&whole, &tiles), index, size).unwrap();
                let leaf = whole.leaves()[usize::try_from(index).unwrap()];
                let checked = proof::check_inclusion(leaf, index, size, &proof, whole.root());
                assert_eq!(checked, Ok(()), "{index} of {size}");
                assert!(tiles.len() <= 5, "{index} of {size}: {}", tiles.len());
            }
            for earlier in SIZES.into_iter().filter(|earlier| *earlier <= size) {
                let tiles = needed_for_consistency(earlier, size);
                let proof = proof::consistency(&read(&whole, &tiles), earlier, size).unwrap();
                let before = levels(earlier).root();
                let checked = proof::check_consistency(earlier, before, size, whole.root(), &proof);
                assert_eq!(checked, Ok(()), "{earlier} to {size}");
            }
        }
    }

    #[test]
    fn a_proof_without_its_tiles_is_none() {
        let whole = levels(300);
        let tiles = needed_for_inclusion(7, 300);
        assert_eq!(tiles.len(), 2);
        for left_out in &tiles {
            let others: Vec<_> = tiles.iter().copied().filter(|tile| tile != left_out).collect();
            assert_eq!(proof::inclusion(&read(&whole, &others), 7, 300), None, "{left_out:?}");
        }
        assert_eq!(needed_for_inclusion(300, 300), []);
        assert_eq!(needed_for_consistency(300, 300), []);
    }

    #[test]
    fn a_tile_of_another_width_is_refused() {
        let tile = needed_to_append(5)[0];
        let mut hashes = TileHashes::default();
        for bytes in [0, 4 * 32, 5 * 32 - 1, 5 * 32 + 1, 6 * 32] {
            let refused = TileError { width: 5, found: bytes };
            assert_eq!(hashes.insert(&tile, &vec![0; bytes]), Err(refused));
        }
        assert_eq!(hashes.insert(&tile, &[0; 160]), Ok(()));
    }

    /// Sizes of C2SP tlog-tiles, "Partial Tiles": 70,000 rows have 112, 17 and 1 hashes in their last tiles, 256 rows only one at level 1.
    #[test]
    fn what_is_needed_to_append_are_the_partial_tiles() {
        let paths = |size| needed_to_append(size).iter().map(Tile::path).collect::<Vec<_>>();
        assert_eq!(paths(70_000), ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
        assert_eq!(paths(256), ["tile/1/000.p/1"]);
        assert!(paths(0).is_empty());
        assert_eq!(needed_to_append(256)[0].blob_name("ten_a", 0), "ten_a/tile/1/000.p/1");
        assert_eq!(needed_to_append(256)[0].blob_name("ten_a", 3), "ten_a/e3/tile/1/000.p/1");
    }
}
