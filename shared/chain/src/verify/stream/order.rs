//! Which tile comes next.

use crate::tile::{Content, Tile, WIDTH};

const WIDTH_U64: u64 = WIDTH as u64;

/// The tile of a log of `size` rows that stands at `place` in its export: hashes, lowest level first, then rows.
pub(super) fn nth_tile(size: u64, mut place: u64) -> Option<Tile> {
    let level = |level: u8| (Content::Hashes { level }, size >> (8 * u32::from(level)));
    for (content, count) in (0..8).map(level).chain([(Content::Entries, size)]) {
        let tiles = count.div_ceil(WIDTH_U64);
        if place < tiles {
            return Some(Tile {
                content,
                index: place,
                width: WIDTH_U64.min(count - place * WIDTH_U64),
            });
        }
        place -= tiles;
    }
    None
}
