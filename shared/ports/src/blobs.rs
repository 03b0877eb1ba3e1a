//! Blobs: exports, checkpoints, dead letters.

use std::ops::Range;

use async_trait::async_trait;

use crate::{Bucket, Etag, LimitError};

/// A blob as it was stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredBlob {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its version.
    pub etag: Etag,
}

/// Why a blob was not stored or read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BlobError {
    /// It exists already, or has another version than expected; nothing was written.
    #[error("the blob was written by someone else")]
    Moved,
    /// The identity has no such right.
    #[error("this identity may not {0}")]
    Denied(String),
    /// Not a name of a blob.
    #[error("a blob cannot have this name")]
    Name(#[from] LimitError),
    /// No answer: a write was applied or not.
    #[error("blob storage did not answer: {0}")]
    Unavailable(String),
}

/// Blobs by name ([`check_blob_name`](crate::check_blob_name)).
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Reads one blob.
    async fn get(&self, bucket: Bucket, name: &str) -> Result<Option<StoredBlob>, BlobError>;

    /// Reads the bytes of one blob from `range.start` up to `range.end` or its end, whichever comes first.
    async fn get_range(
        &self,
        bucket: Bucket,
        name: &str,
        range: Range<u64>,
    ) -> Result<Option<Vec<u8>>, BlobError>;

    /// Stores a blob durably. `expected` is the version it must have, `None` that it must not exist.
    async fn put(
        &self,
        bucket: Bucket,
        name: &str,
        bytes: &[u8],
        expected: Option<&Etag>,
    ) -> Result<Etag, BlobError>;

    /// Begins a blob that comes in pieces, for what memory does not hold. It is there once it is [stored](NewBlob::store), and not before.
    async fn begin(&self, bucket: Bucket, name: &str) -> Result<Box<dyn NewBlob>, BlobError>;
}

/// A blob that is being written. Dropped before it is stored, it was never there.
#[async_trait]
pub trait NewBlob: Send + Sync {
    /// Adds to its end. After an error it can only be dropped.
    async fn append(&mut self, bytes: Vec<u8>) -> Result<(), BlobError>;

    /// Stores it durably, whole; [`BlobError::Moved`] when another one has its name meanwhile.
    async fn store(self: Box<Self>) -> Result<Etag, BlobError>;
}
