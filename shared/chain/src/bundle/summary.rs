//! The first reading of the rows: what the manifest and the tree say of them.

use crate::{
    Hash,
    manifest::File,
    purge::leaf_of,
    tile::{Bundle, EntryTooLong, WIDTH},
};

/// What is known of rows that were read once: a hash of each, and length and digest of each bundle of 256.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    pub(super) leaves: Vec<Hash>,
    pub(super) bundles: Vec<File>,
    bundle: Bundle,
}

impl Summary {
    /// Takes the next row; of one that was purged, its hash ([`crate::purge::Entry`]).
    ///
    /// # Errors
    /// [`EntryTooLong`].
    pub fn push(&mut self, row: &[u8]) -> Result<(), EntryTooLong> {
        self.bundle.push(row)?;
        self.leaves.push(leaf_of(row));
        if self.leaves.len().is_multiple_of(WIDTH) {
            self.end_bundle();
        }
        Ok(())
    }

    /// No row follows.
    pub(super) fn end(mut self) -> (Vec<Hash>, Vec<File>) {
        if !self.leaves.len().is_multiple_of(WIDTH) {
            self.end_bundle();
        }
        (self.leaves, self.bundles)
    }

    fn end_bundle(&mut self) {
        self.bundles.push(File::of(&std::mem::take(&mut self.bundle).0));
    }
}
