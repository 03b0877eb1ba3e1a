//! Removal: what one identity alone may do, and a port of its own, so that nothing else can be asked to.

use async_trait::async_trait;

use crate::{BlobError, Bucket, Container, PartitionKey, StorageError};

/// The most documents that are removed at once.
pub const REMOVALS_MAX: usize = 100;

/// Removes what is over its time. Whatever is removed is gone from every later read, query and feed, and does not lie about in the medium longer
/// than the backend can help.
#[async_trait]
pub trait Removal: Send + Sync {
    /// Removes documents of one partition, durably before it answers: at most [`REMOVALS_MAX`]. Those that are not there are removed already,
    /// so that whoever is killed half-way can do it again. How many were there, as far as the backend tells.
    async fn remove_documents(
        &self,
        container: Container,
        partition: &PartitionKey,
        ids: &[String],
    ) -> Result<u64, StorageError>;

    /// Removes a blob, durably before it answers; one that is not there is removed already.
    async fn remove_blob(&self, bucket: Bucket, name: &str) -> Result<(), BlobError>;
}
