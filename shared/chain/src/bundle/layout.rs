//! The second reading of the rows: the bytes of the export, piece by piece.

use std::{
    collections::{BTreeMap, btree_map},
    ops::Range,
};

use super::BundleError;
use crate::{
    container::Writer,
    manifest::File,
    tile::{Content, Levels, Tile, WIDTH, encode_entries},
};

/// The pieces of an export in their order. Each is at most as large as a bundle of 256 rows, or as the largest file that is not a tile.
#[derive(Debug)]
pub struct Layout {
    files: btree_map::IntoIter<String, Source>,
    levels: Levels,
    /// The archive, until its directory was given out.
    writer: Option<Writer>,
    /// The bundle that waits for its rows.
    waiting: Option<(String, File)>,
}

/// Where the content of a file comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Bytes(Vec<u8>),
    /// The tree, or rows that have to be read again; and what the manifest says of them.
    Tile(Tile, File),
}

impl Source {
    pub(super) fn file(&self) -> File {
        match self {
            Self::Bytes(bytes) => File::of(bytes),
            Self::Tile(_, file) => *file,
        }
    }
}

/// What comes next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// These bytes.
    Ready(Vec<u8>),
    /// What [`Layout::fill`] makes of the rows with these numbers.
    Rows(Range<u64>),
}

impl Layout {
    pub(super) fn new(files: BTreeMap<String, Source>, levels: Levels) -> Self {
        Self { files: files.into_iter(), levels, writer: Some(Writer::default()), waiting: None }
    }

    /// The next piece; `None` after the last. Asked again before [`fill`](Self::fill), it refuses.
    ///
    /// # Errors
    /// * [`BundleError::Changed`]: rows were asked for and not given.
    /// * [`BundleError::TooLarge`].
    pub fn next_piece(&mut self) -> Result<Option<Piece>, BundleError> {
        if let Some((path, _)) = self.waiting.take() {
            return Err(BundleError::Changed(path));
        }
        let Some((path, source)) = self.files.next() else {
            return Ok(self.writer.take().map(|writer| Piece::Ready(writer.finish())));
        };
        match source {
            Source::Bytes(bytes) => self.file(&path, bytes).map(Piece::Ready).map(Some),
            Source::Tile(tile, file) if tile.content == Content::Entries => {
                self.waiting = Some((path, file));
                let first = tile.index * WIDTH as u64;
                Ok(Some(Piece::Rows(first..first + tile.width)))
            }
            Source::Tile(tile, _) => {
                let hashes = self.levels.encode(&tile).unwrap_or_default();
                self.file(&path, hashes).map(Piece::Ready).map(Some)
            }
        }
    }

    /// The bytes that these rows make, which were asked for last.
    ///
    /// # Errors
    /// * [`BundleError::Changed`]: they are not those that the manifest speaks of.
    /// * [`BundleError::TooLarge`].
    pub fn fill<R: AsRef<[u8]>>(&mut self, rows: &[R]) -> Result<Vec<u8>, BundleError> {
        let Some((path, file)) = self.waiting.take() else { return Ok(Vec::new()) };
        let entries = encode_entries(rows)?;
        if File::of(&entries) != file {
            return Err(BundleError::Changed(path));
        }
        self.file(&path, entries)
    }

    fn file(&mut self, path: &str, content: Vec<u8>) -> Result<Vec<u8>, BundleError> {
        let Some(writer) = &mut self.writer else { return Ok(Vec::new()) };
        let mut bytes = writer.begin(path, &content)?;
        bytes.extend(content);
        Ok(bytes)
    }
}
