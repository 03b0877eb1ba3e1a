//! The ports on one machine: SQLite, files, a root key file, an outbox folder.
//!
//! One folder holds everything: `store.sqlite` (documents, queues, topics), `blobs/`, `root.key`, `outbox/`. Several processes may
//! open the same folder on a local disk; any of them may be killed at any moment without losing what it acknowledged.
//! In scope: every port, the rights of every identity, the receiving side of queues and topics for the stand-in of the Functions host.
//! Out of scope: when a message or an event is delivered again (the stand-in decides), what documents mean (`store`), encryption of
//! fields (`seal`). Not for a network share: SQLite's write-ahead log needs shared memory.

mod blobs;
mod checkpoint;
mod database;
mod documents;
mod error;
mod events;
mod files;
mod keys;
mod mail;
mod queue;
mod readers;
mod removal;
mod root_key;
mod sequence;
mod store;
mod topics;
mod writer;

pub use error::{LocalError, OpenError};
pub use queue::{Failed, Queues};
pub use root_key::{PASSPHRASE_CHARS_MIN, is_root_key_protected, protect_root_key};
pub use store::Store;
pub use topics::{Delivery, Topic, Topics};
