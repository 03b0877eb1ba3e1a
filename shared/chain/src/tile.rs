//! The tree and the rows as files (C2SP tlog-tiles): hash tiles of height 8, and bundles of 256 entries.

use crate::{
    Hash,
    tree::{CompactRange, node_hash},
};

/// Hashes in a full tile, entries in a full bundle.
pub const WIDTH: usize = 256;
const WIDTH_U64: u64 = WIDTH as u64;
const HEIGHT: u32 = WIDTH.trailing_zeros();

/// One file: a hash tile or an entry bundle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tile {
    /// What it holds.
    pub content: Content,
    /// Its place among the files of the same content, from 0.
    pub index: u64,
    /// How many hashes or entries: 1..=256.
    pub width: u64,
}

/// What a [`Tile`] holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Content {
    /// Rows, each after its length as 16 bits, big-endian.
    Entries,
    /// The hashes of the complete subtrees of 256^level rows.
    Hashes {
        /// 0 for leaf hashes.
        level: u8,
    },
}

impl Tile {
    /// Its path: `tile/0/x001/x234/067`, or `tile/entries/000.p/44` for a partial one.
    pub fn path(&self) -> String {
        let content = match self.content {
            Content::Entries => "entries".to_owned(),
            Content::Hashes { level } => level.to_string(),
        };
        let mut index = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            index = format!("x{:03}/{index}", rest % 1000);
            rest /= 1000;
        }
        let partial =
            if self.width < WIDTH_U64 { format!(".p/{}", self.width) } else { String::new() };
        format!("tile/{content}/{index}{partial}")
    }
}

/// Every file that a log of `size` rows consists of: its bundles in order, then its tiles, lowest level first.
pub fn files(size: u64) -> impl Iterator<Item = Tile> {
    let levels = (0_u8..8).map(move |level| (level, size >> (HEIGHT * u32::from(level))));
    let levels = levels.take_while(|(_, hashes)| *hashes > 0);
    let tiles = levels.flat_map(|(level, hashes)| split(Content::Hashes { level }, hashes));
    bundles(size).chain(tiles)
}

/// The entry bundles of a log of `size` rows, in order.
pub fn bundles(size: u64) -> impl Iterator<Item = Tile> {
    split(Content::Entries, size)
}

fn split(content: Content, count: u64) -> impl Iterator<Item = Tile> {
    (0..count.div_ceil(WIDTH_U64)).map(move |index| Tile {
        content,
        index,
        width: WIDTH_U64.min(count - index * WIDTH_U64),
    })
}

/// A row does not fit into a bundle.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a row of {0} bytes does not fit into an entry bundle; the most is 65535")]
pub struct EntryTooLong(pub usize);

/// The bytes of an entry bundle.
///
/// # Errors
/// [`EntryTooLong`] for a row of more than 65,535 bytes.
pub fn encode_entries<R: AsRef<[u8]>>(rows: &[R]) -> Result<Vec<u8>, EntryTooLong> {
    let mut bytes = Vec::new();
    for row in rows.iter().map(AsRef::as_ref) {
        let length = u16::try_from(row.len()).map_err(|_| EntryTooLong(row.len()))?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(row);
    }
    Ok(bytes)
}

/// The rows of an entry bundle; `Err` with what is left where a row is cut short, and nothing after that.
pub fn decode_entries(bytes: &[u8]) -> impl Iterator<Item = Result<&[u8], &[u8]>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let whole = rest.split_first_chunk().and_then(|(length, after)| {
            after.split_at_checked(usize::from(u16::from_be_bytes(*length)))
        });
        let Some((row, after)) = whole else { return Some(Err(std::mem::take(&mut rest))) };
        rest = after;
        Some(Ok(row))
    })
}

/// The hashes of a log at every level of its tiles.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Levels(Vec<Vec<Hash>>);

impl Levels {
    /// Hashes `leaves`, the leaf hashes in order, up to the top.
    pub fn new(leaves: Vec<Hash>) -> Self {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|below| below.len() >= WIDTH) {
            let above = below.as_chunks::<WIDTH>().0.iter().map(root_of_full_tile);
            levels.push(above.collect());
        }
        Self(levels)
    }

    /// The leaf hashes.
    pub fn leaves(&self) -> &[Hash] {
        self.0.first().map_or(&[], Vec::as_slice)
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        self.range().root()
    }

    /// The right edge: what the partial tiles hold, the highest level first.
    pub fn range(&self) -> CompactRange {
        let mut range = CompactRange::default();
        for (height, hashes) in (0..u64::BITS).step_by(HEIGHT as usize).zip(&self.0).rev() {
            let partial = hashes.as_chunks::<WIDTH>().1;
            for hash in partial {
                range.push_subtree(height, *hash);
            }
        }
        range
    }

    /// The bytes of a hash tile; `None` for a bundle, or where there are fewer hashes.
    pub fn encode(&self, tile: &Tile) -> Option<Vec<u8>> {
        let Content::Hashes { level } = tile.content else { return None };
        let start = usize::try_from(tile.index * WIDTH_U64).ok()?;
        let end = start.checked_add(usize::try_from(tile.width).ok()?)?;
        let hashes = self.0.get(usize::from(level))?.get(start..end)?;
        Some(hashes.iter().flat_map(|hash| hash.0).collect())
    }
}

/// A tree that grows at its right edge, as tiles see it: what is kept are the hashes of the last tile of each level.
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
        self.size += leaves.len() as u64;
        level(0, leaves);
        for leaf in leaves {
            self.push(*leaf, level);
        }
    }

    fn push(&mut self, leaf: Hash, level: &mut impl FnMut(usize, &[Hash])) {
        let mut hash = leaf;
        for height in 0.. {
            if self.edge.len() == height {
                self.edge.push(Vec::with_capacity(WIDTH));
            }
            let Some(tile) = self.edge.get_mut(height) else { return };
            tile.push(hash);
            let Ok(full) = tile.as_slice().try_into() else { return };
            hash = root_of_full_tile(full);
            tile.clear();
            level(height + 1, &[hash]);
        }
    }

    /// The root over all leaves.
    pub(crate) fn root(&self) -> Hash {
        let mut range = CompactRange::default();
        for (height, hashes) in (0..u64::BITS).step_by(HEIGHT as usize).zip(&self.edge).rev() {
            hashes.iter().for_each(|hash| range.push_subtree(height, *hash));
        }
        range.root()
    }
}

/// The hashes in a hash tile; `None` when its length is not a multiple of 32.
pub fn decode_hashes(bytes: &[u8]) -> Option<impl Iterator<Item = Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| hashes.iter().map(|hash| Hash(*hash)))
}

fn root_of_full_tile(tile: &[Hash; WIDTH]) -> Hash {
    let mut level = tile.to_vec();
    while level.len() > 1 {
        level =
            level.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    level.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{proof, tree::leaf_hash};

    fn leaves(count: u32) -> Vec<Hash> {
        (0..count).map(|row| leaf_hash(&row.to_be_bytes())).collect()
    }

    /// The example of C2SP tlog-tiles, "Merkle Tree": index 1234067 is `x001/x234/067`.
    #[test]
    fn paths_are_those_of_tlog_tiles() {
        let tile = |content, index, width| Tile { content, index, width }.path();
        let level = Content::Hashes { level: 0 };
        assert_eq!(tile(level, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(tile(level, 1_234_067, 8), "tile/0/x001/x234/067.p/8");
        assert_eq!(tile(Content::Hashes { level: 2 }, 0, 1), "tile/2/000.p/1");
        assert_eq!(tile(Content::Entries, 999, 256), "tile/entries/999");
        assert_eq!(tile(Content::Entries, 1000, 255), "tile/entries/x001/000.p/255");
    }

    /// The examples of C2SP tlog-tiles, "Partial Tiles": trees of 70,000 and of 256 rows.
    #[test]
    fn a_tree_has_the_tiles_that_tlog_tiles_names() {
        let tiles: Vec<_> = files(70_000).filter(|tile| tile.content != Content::Entries).collect();
        let paths: Vec<_> = tiles.iter().map(Tile::path).collect();
        assert_eq!(paths.len(), 274 + 2 + 1);
        assert_eq!(
            paths[272..],
            ["tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
        );
        let paths: Vec<_> = files(256).map(|tile| tile.path()).collect();
        assert_eq!(paths, ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(files(0).count(), 0);
    }

    /// At and around every boundary, the tiles' root must be that of the recursive definition of RFC 9162 §2.1.1.
    #[test]
    fn tiles_lead_to_the_root_of_the_definition() {
        for count in [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537] {
            let leaves = leaves(count);
            let expected = proof::root(leaves.as_slice(), u64::from(count)).unwrap();
            let levels = Levels::new(leaves);
            assert_eq!(levels.root(), expected, "{count}");
            assert_eq!(levels.range().size(), u64::from(count));
            for tile in files(u64::from(count)).filter(|tile| tile.content != Content::Entries) {
                let bytes = levels.encode(&tile).unwrap();
                assert_eq!(bytes.len() as u64, 32 * tile.width, "{}", tile.path());
            }
        }
    }

    /// The tree that forgets agrees with the one that remembers, at every size around the edges of tiles.
    #[test]
    fn a_growing_tree_has_the_roots_and_the_tiles_of_all_leaves() {
        let leaves: Vec<_> = (0..70_000_u32).map(|row| Hash::of(&row.to_be_bytes())).collect();
        let (mut growing, mut given) = (Growing::default(), vec![Vec::new(); 3]);
        for piece in leaves.chunks(999) {
            growing.extend(piece, &mut |level, hashes| given[level].extend_from_slice(hashes));
            let size = usize::try_from(growing.size()).unwrap();
            assert_eq!(growing.root(), Levels::new(leaves[..size].to_vec()).root(), "{size}");
        }
        assert_eq!(given, Levels::new(leaves).0);
        assert_eq!(Growing::default().root(), Hash::of(b""));
    }

    #[test]
    fn entries_are_prefixed_with_their_length() {
        let bytes = encode_entries(&[b"ab".as_slice(), b"", b"c"]).unwrap();
        assert_eq!(bytes, b"\0\x02ab\0\0\0\x01c");
        let rows: Vec<_> = decode_entries(&bytes).collect();
        assert_eq!(rows, [Ok(b"ab".as_slice()), Ok(b""), Ok(b"c")]);
        let rows: Vec<_> = decode_entries(&bytes[..8]).collect();
        assert_eq!(rows, [Ok(b"ab".as_slice()), Ok(b""), Err(b"\0\x01".as_slice())]);
        assert_eq!(encode_entries(&[vec![0; 65_536]]), Err(EntryTooLong(65_536)));
        assert!(encode_entries(&[vec![0; 65_535]]).is_ok());
    }
}
