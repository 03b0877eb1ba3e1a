//! Documents in partitions: the one port whose promises the whole product rests on.

use async_trait::async_trait;
use domain::{TenantId, Timestamp};

use crate::{Container, LimitError};

/// A full partition key: hierarchical `[/tenant, /shard]`, never a prefix of it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PartitionKey {
    /// Whose.
    pub tenant: TenantId,
    /// `"0"`, `"h"` for housekeeping, `"r00"`…`"r15"` for runs, a segment number for the log.
    pub shard: String,
}

impl PartitionKey {
    /// The partition of `tenant` named `shard`.
    pub fn new(tenant: TenantId, shard: impl Into<String>) -> Self {
        Self { tenant, shard: shard.into() }
    }
}

/// A version of one document; opaque, compared for equality only.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Etag(pub String);

/// A place in a feed of changes; opaque, and only for the feed that gave it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cursor(pub String);

/// A document to write. Only `kind`, `k1` and `k2` can be queried.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewDocument {
    /// Unique in its partition; at most 255 bytes, none of `/ \ ? #`.
    pub id: String,
    /// What it is.
    pub kind: String,
    /// First declared indexed field.
    pub k1: Option<String>,
    /// Second declared indexed field.
    pub k2: Option<String>,
    /// One JSON object.
    pub body: String,
    /// From then on reads answer as if it did not exist, and its id can be created again.
    pub expires_at: Option<Timestamp>,
}

/// A document as it was stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stored {
    /// What was written.
    pub document: NewDocument,
    /// Its version.
    pub etag: Etag,
}

/// One operation of a batch. There is no upsert, no patch and no delete.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Write {
    /// The id must not exist.
    Create(NewDocument),
    /// The document must still have this version.
    Replace(NewDocument, Etag),
}

impl Write {
    /// The document that it writes.
    pub fn document(&self) -> &NewDocument {
        match self {
            Self::Create(document) | Self::Replace(document, _) => document,
        }
    }
}

/// Which documents of one partition: of one `kind`, optionally with a given `k1` or `k2`, in the order of their ids.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Query {
    /// What they are.
    pub kind: String,
    /// With this first indexed field.
    pub k1: Option<String>,
    /// With this second indexed field.
    pub k2: Option<String>,
    /// Newest id first.
    pub descending: bool,
    /// Strictly after this id, in the order asked for (keyset cursor).
    pub after: Option<String>,
    /// At most this many; 1..=1000.
    pub limit: usize,
}

/// A page of documents.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Page {
    /// In order.
    pub documents: Vec<Stored>,
    /// Pass as `after` for the next page; `None` at the end.
    pub next: Option<String>,
}

/// What changed in one partition: the latest version of each document only; a page may split a transaction.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Changes {
    /// In the order of the commits.
    pub documents: Vec<Stored>,
    /// Where to go on. Reading again from the same cursor gives the same documents or later versions of them.
    pub cursor: Cursor,
    /// Whether there may be more: `false` only at the end.
    pub more: bool,
}

/// Partitions in which something changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Dirty {
    /// Each at least once since the cursor.
    pub partitions: Vec<PartitionKey>,
    /// Where to go on.
    pub cursor: Cursor,
    /// Whether there may be more: `false` only at the end.
    pub more: bool,
}

/// Why storage did not answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StorageError {
    /// The identity has no such right (Cosmos answers 403).
    #[error("this identity may not {0}")]
    Denied(String),
    /// Cosmos answers 429: nothing was applied, wait.
    #[error("storage asks to slow down")]
    Throttled,
    /// No answer. Nothing is known of a write: it was applied or not, and may still be. Read the create-only document before trying again.
    #[error("storage did not answer: {0}")]
    Unavailable(String),
    /// The request breaks a limit that both backends have.
    #[error("storage cannot take this")]
    Limit(#[from] LimitError),
}

/// Why a batch was not applied.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CommitError {
    /// The write at this index did not meet its precondition; nothing was applied.
    #[error("write {index} was refused: {refusal}")]
    Refused {
        /// Of the write, from 0.
        index: usize,
        /// Why.
        refusal: Refusal,
    },
    /// Storage failed; see the variant for what is known.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a write's precondition does not hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// To be created, but exists (409).
    #[error("it exists already")]
    Exists,
    /// Has another version (412).
    #[error("it was written since it was read")]
    Stale,
    /// To be replaced, but does not exist (404).
    #[error("it does not exist")]
    Missing,
}

/// Documents in partitions.
#[async_trait]
pub trait Documents: Send + Sync {
    /// Reads one document. A read sees every commit that was answered before it began.
    async fn read(
        &self,
        container: Container,
        partition: &PartitionKey,
        id: &str,
    ) -> Result<Option<Stored>, StorageError>;

    /// Reads a page of one partition.
    async fn query(
        &self,
        container: Container,
        partition: &PartitionKey,
        query: &Query,
    ) -> Result<Page, StorageError>;

    /// Applies every write or none, in one partition, durably before it answers. At most 100 writes and 2 MB ([`check_batch`](crate::check_batch)).
    async fn commit(
        &self,
        container: Container,
        partition: &PartitionKey,
        writes: Vec<Write>,
    ) -> Result<Vec<Etag>, CommitError>;

    /// What changed in one full partition since `after`; from the beginning without it. Not more than `limit`, except that Cosmos DB may give
    /// the documents of one batch together.
    async fn changes(
        &self,
        container: Container,
        partition: &PartitionKey,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Changes, StorageError>;

    /// Which partitions of a container changed since `after`: for jobs of the system, never in a request.
    async fn dirty(
        &self,
        container: Container,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Dirty, StorageError>;
}
