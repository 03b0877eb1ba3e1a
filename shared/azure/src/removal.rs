//! Removal in Azure: items of Cosmos DB, and blobs.

use std::sync::Arc;

use async_trait::async_trait;
use ports::{BlobError, Bucket, Container, PartitionKey, Removal, StorageError};

use crate::{AzureBlobs, AzureDocuments};

/// What one identity may remove: that of the documents and blobs it is made of.
pub struct AzureRemoval {
    documents: Arc<AzureDocuments>,
    blobs: Arc<AzureBlobs>,
}

impl AzureRemoval {
    /// Over the documents and blobs of one identity.
    pub const fn new(documents: Arc<AzureDocuments>, blobs: Arc<AzureBlobs>) -> Self {
        Self { documents, blobs }
    }
}

#[async_trait]
impl Removal for AzureRemoval {
    async fn remove_documents(
        &self,
        container: Container,
        partition: &PartitionKey,
        ids: &[String],
    ) -> Result<u64, StorageError> {
        self.documents.remove(container, partition, ids).await
    }

    async fn remove_blob(&self, bucket: Bucket, name: &str) -> Result<(), BlobError> {
        self.blobs.remove(bucket, name).await
    }
}
