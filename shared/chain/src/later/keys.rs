//! Which keys sign the heads of later epochs.
//!
//! A file is followed before it is known that anybody who is trusted signed it. So a row names few keys, an epoch ends once, and a head is looked at
//! with the keys of one rotation: the work for a line does not grow with the lines before it.

use std::collections::BTreeMap;

use crate::{
    epoch::Named,
    note::{NoteError, VerifierKey},
};

/// The keys that rotations named, by the number of the epoch for which they did.
#[derive(Default)]
pub(super) struct Keys(BTreeMap<u64, Vec<VerifierKey>>);

impl Keys {
    /// Notes what the row says that ends an epoch. A second such row of one epoch says nothing.
    pub(super) fn add(&mut self, Named { epoch, keys, .. }: Named) {
        self.0.entry(epoch).or_insert(keys);
    }

    /// The keys of the epoch `number`, under its name `origin`: those that the last rotation before it named.
    ///
    /// An epoch that a restore cut off could name none, and the one after it is signed by the same key.
    ///
    /// # Errors
    /// [`NoteError::Name`] for a name that a signature line cannot hold.
    pub(super) fn of(&self, number: u64, origin: &str) -> Result<Vec<VerifierKey>, NoteError> {
        let last = self.0.range(..=number).next_back();
        let keys = last.into_iter().flat_map(|(_, keys)| keys);
        keys.map(|key| VerifierKey::new(origin, *key.key())).collect()
    }
}
