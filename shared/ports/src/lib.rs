//! What we need from outside: documents, blobs, keys, queues, events, mail, clock and randomness.
//!
//! Ports are few and poor; backends (`local`, `azure`) stay native; everything strict is written once above them, in `store`.
//! In scope: traits, their promises, the limits both backends must honour, and the identities with their rights.
//! Out of scope: any implementation.

mod blobs;
mod breaches;
mod clock;
mod documents;
mod events;
mod identity;
mod keys;
mod limits;
mod mail;
mod queue;
mod removal;
pub mod rights;

pub use blobs::{BlobError, Blobs, NewBlob, StoredBlob};
pub use breaches::{BreachError, Breaches};
pub use clock::{Clock, Randomness};
pub use documents::{
    Changes, CommitError, Cursor, Dirty, Documents, Etag, NewDocument, Page, PartitionKey, Query,
    Refusal, StorageError, Stored, Write,
};
pub use events::{Events, PublishError};
pub use identity::{
    Action, BLOB_REMOVAL_RIGHTS, BLOB_RIGHTS, Bucket, Container, DOCUMENT_RIGHTS, Identity, KEYS,
    KeyPurpose, PUBLISHERS, QUEUE_RIGHTS, QueueName, RECEIVERS, REMOVAL_RIGHTS, SECRETS, Secret,
};
pub use keys::{KeptKey, KeyError, Keys, OwnKey, StoreSignature};
pub use limits::{
    BATCH_BYTES_MAX, BATCH_WRITES_MAX, BLOB_SEGMENT_BYTES_MAX, BLOB_SEGMENTS_MAX,
    DOCUMENT_BYTES_MAX, ENVELOPE_BYTES, ID_BYTES_MAX, LimitError, check_batch, check_blob_name,
    check_id, escaped_bytes, stored_bytes,
};
pub use mail::{Letter, Mail, MailError};
pub use queue::{MAX_DEQUEUE_COUNT, MESSAGE_BYTES_MAX, Message, Queue, QueueError};
pub use removal::{REMOVALS_MAX, Removal};

use std::sync::Arc;

/// Everything an app may reach, made for one identity.
#[derive(Clone)]
pub struct Ports {
    /// Whose rights these handles carry.
    pub identity: Identity,
    /// Documents.
    pub documents: Arc<dyn Documents>,
    /// Blobs.
    pub blobs: Arc<dyn Blobs>,
    /// Removal, which one identity alone may do.
    pub removal: Arc<dyn Removal>,
    /// Keys.
    pub keys: Arc<dyn Keys>,
    /// Queues.
    pub queue: Arc<dyn Queue>,
    /// State changes for other apps.
    pub events: Arc<dyn Events>,
    /// Letters to people.
    pub mail: Arc<dyn Mail>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub randomness: Arc<dyn Randomness>,
}
