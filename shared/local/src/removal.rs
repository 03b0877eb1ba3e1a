//! Removal: rows of SQLite, overwritten with zeros, and files.

use std::sync::Arc;

use async_trait::async_trait;
use ports::{
    BlobError, Bucket, Container, Identity, LimitError, PartitionKey, REMOVALS_MAX, Removal,
    StorageError, rights,
};

use crate::{LocalError, blobs, checkpoint, documents::commit, store::Parts};

/// What one identity may remove.
pub(crate) struct LocalRemoval {
    pub(crate) parts: Arc<Parts>,
    pub(crate) identity: Identity,
}

#[async_trait]
impl Removal for LocalRemoval {
    async fn remove_documents(
        &self,
        container: Container,
        partition: &PartitionKey,
        ids: &[String],
    ) -> Result<u64, StorageError> {
        rights::remove_documents(self.identity, container, ids)?;
        if ids.len() > REMOVALS_MAX {
            return Err(LimitError::Batch { writes: ids.len(), bytes: 0 }.into());
        }
        let (partition, ids) = (partition.clone(), ids.to_vec());
        let removed = self
            .parts
            .write(move |connection| commit::remove(connection, container, &partition, &ids))
            .await?;
        if removed > 0 {
            self.forget().await?;
        }
        Ok(removed)
    }

    async fn remove_blob(&self, bucket: Bucket, name: &str) -> Result<(), BlobError> {
        rights::remove_blobs(self.identity, bucket)?;
        blobs::remove(&self.parts, bucket, name).await
    }
}

impl LocalRemoval {
    /// Takes what was removed out of the write-ahead log as well, where it lies until the log is written over.
    async fn forget(&self) -> Result<(), LocalError> {
        let file = self.parts.file.clone();
        let done = tokio::task::spawn_blocking(move || checkpoint::truncate(&file)).await;
        // While others read or write, the log cannot be cut; the next removal, or the next start of the log, does it.
        match done {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the write-ahead log still holds what was removed");
                Ok(())
            }
            Err(error) => Err(LocalError(error.to_string())),
        }
    }
}
