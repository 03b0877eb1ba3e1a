//! The tree and the rows as files (C2SP tlog-tiles): hash tiles of height 8, and bundles of 256 entries.

mod growing;
mod hashes;

pub(crate) use growing::Growing;
pub use growing::Tiler;
pub use hashes::{
    TileError, TileHashes, needed_for_consistency, needed_for_inclusion, needed_to_append,
};

use crate::{
    Hash,
    tree::{CompactRange, node_hashes},
};

/// Hashes in a full tile, entries in a full bundle.
pub const WIDTH: usize = 256;
const WIDTH_U64: u64 = WIDTH as u64;
const HEIGHT: u32 = WIDTH.trailing_zeros();

/// One file: a hash tile or an entry bundle.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Tile {
    /// What it holds.
    pub content: Content,
    /// Its place among the files of the same content, from 0.
    pub index: u64,
    /// How many hashes or entries: 1..=256.
    pub width: u64,
}

/// What a [`Tile`] holds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
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

    /// Where it is kept as a blob: `<tenant>/tile/0/000`, and `<tenant>/e1/tile/0/000` in a later epoch of the log.
    pub fn blob_name(&self, tenant: &str, epoch: u64) -> String {
        let epoch = if epoch == 0 { String::new() } else { format!("e{epoch}/") };
        format!("{tenant}/{epoch}{}", self.path())
    }

    /// The tile of `level` that holds the hash with this number, in a tree of `size` rows.
    fn holding(level: u8, hash: u64, size: u64) -> Self {
        let index = hash / WIDTH_U64;
        let hashes = size.checked_shr(HEIGHT * u32::from(level)).unwrap_or(0);
        let width = WIDTH_U64.min(hashes.saturating_sub(index * WIDTH_U64));
        Self { content: Content::Hashes { level }, index, width }
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
    let mut bundle = Bundle::default();
    for row in rows {
        bundle.push(row.as_ref())?;
    }
    Ok(bundle.0)
}

/// The bytes of an entry bundle that grows row by row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bundle(pub(crate) Vec<u8>);

impl Bundle {
    pub(crate) fn push(&mut self, row: &[u8]) -> Result<(), EntryTooLong> {
        let length = u16::try_from(row.len()).map_err(|_| EntryTooLong(row.len()))?;
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(row);
        Ok(())
    }
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

/// The hashes in a hash tile; `None` when its length is not a multiple of 32.
pub fn decode_hashes(bytes: &[u8]) -> Option<impl Iterator<Item = Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| hashes.iter().map(|hash| Hash(*hash)))
}

fn root_of_full_tile(tile: &[Hash; WIDTH]) -> Hash {
    let mut level = node_hashes(tile.as_chunks().0);
    while level.len() > 1 {
        level = node_hashes(level.as_chunks().0);
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
