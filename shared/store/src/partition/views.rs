//! The same tenant's data in another light: another shard, another epoch, other promises.

use super::Partition;
use crate::Promises;

impl Partition {
    /// The same tenant's data in another shard than the documents' own.
    #[must_use]
    pub fn in_shard(&self, shard: impl Into<String>) -> Self {
        Self { shard: Some(shard.into()), ..self.clone() }
    }

    /// The same tenant's data, each document in its own shard again.
    #[must_use]
    pub fn in_own_shards(&self) -> Self {
        Self { shard: None, ..self.clone() }
    }

    /// The same tenant's data, with whatever is committed there noted in `promises`.
    #[must_use]
    pub fn noting(&self, promises: &Promises) -> Self {
        Self { promises: Some(promises.clone()), ..self.clone() }
    }

    /// `other`, with whatever is committed there noted where this partition notes it.
    #[must_use]
    pub fn promising_with(&self, other: Self) -> Self {
        Self { promises: self.promises.clone(), ..other }
    }

    /// The same tenant's data, with another epoch of its log.
    #[must_use]
    pub fn in_epoch(&self, epoch: u64) -> Self {
        Self { epoch, ..self.clone() }
    }

    /// Which epoch of the log this is.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }
}
