//! A blob that comes in pieces: blocks that are staged under its name, and a list of them that makes it the blob.
//!
//! Blocks that no list names are removed by the service after a week ("Put Block", remarks).

use std::collections::HashMap;

use async_trait::async_trait;
use azure_core::{
    Uuid,
    http::{Etag as AzureEtag, RequestContent},
};
use azure_storage_blob::{
    BlobClient,
    models::{
        BlockBlobClientCommitBlockListOptions, BlockBlobClientCommitBlockListResultHeaders as _,
        BlockLookupList,
    },
};
use ports::{BlobError, Blobs as _, Bucket, Etag, NewBlob};

use super::{AzureBlobs, WRITE, refused_for_its_version};

/// What is staged at a time. A blob has at most 50,000 blocks, here 400 GB.
const BLOCK_BYTES: usize = 8 << 20;

/// What was staged so far, and what waits for the next block.
pub(super) struct AzureNewBlob {
    blobs: AzureBlobs,
    blob: BlobClient,
    bucket: Bucket,
    name: String,
    /// Unique: tells our blocks from another writer's, and our blob from another's.
    write: String,
    staged: Vec<Vec<u8>>,
    waiting: Vec<u8>,
}

impl AzureNewBlob {
    pub(super) fn begin(blobs: AzureBlobs, bucket: Bucket, name: &str) -> Self {
        let blob = blobs.client(bucket, name);
        let write = Uuid::new_v4().simple().to_string();
        let (staged, waiting) = (Vec::new(), Vec::new());
        Self { blobs, blob, bucket, name: name.to_owned(), write, staged, waiting }
    }

    async fn stage(&mut self, bytes: Vec<u8>) -> Result<(), BlobError> {
        // Of one length within a blob, as the service wants them.
        let id = format!("{}-{:05}", self.write, self.staged.len()).into_bytes();
        let (length, content) = (bytes.len() as u64, RequestContent::from(bytes));
        let staged = self.blob.block_blob_client().stage_block(&id, length, content, None).await;
        staged.map_err(|error| self.blobs.failed(self.bucket, "write to", &error))?;
        self.staged.push(id);
        Ok(())
    }
}

#[async_trait]
impl NewBlob for AzureNewBlob {
    async fn append(&mut self, bytes: Vec<u8>) -> Result<(), BlobError> {
        self.waiting.extend(bytes);
        while self.waiting.len() >= BLOCK_BYTES {
            let rest = self.waiting.split_off(BLOCK_BYTES);
            let block = std::mem::replace(&mut self.waiting, rest);
            self.stage(block).await?;
        }
        Ok(())
    }

    async fn store(mut self: Box<Self>) -> Result<Etag, BlobError> {
        let rest = std::mem::take(&mut self.waiting);
        if self.staged.is_empty() {
            return self.blobs.put(self.bucket, &self.name, &rest, None).await;
        }
        if !rest.is_empty() {
            self.stage(rest).await?;
        }
        let latest = Some(std::mem::take(&mut self.staged));
        let list = BlockLookupList { latest, ..BlockLookupList::default() };
        let content = RequestContent::try_from(list)
            .map_err(|error| self.blobs.failed(self.bucket, "write to", &error))?;
        let options = BlockBlobClientCommitBlockListOptions {
            if_none_match: Some(AzureEtag::from("*")),
            metadata: Some(HashMap::from([(WRITE.to_owned(), self.write.clone())])),
            ..BlockBlobClientCommitBlockListOptions::default()
        };
        match self.blob.block_blob_client().commit_block_list(content, Some(options)).await {
            Ok(stored) => super::etag(stored.etag().ok().flatten()),
            Err(error) if refused_for_its_version(&error) => {
                self.blobs.refused(self.bucket, &self.blob, &self.write).await
            }
            Err(error) => Err(self.blobs.failed(self.bucket, "write to", &error)),
        }
    }
}
