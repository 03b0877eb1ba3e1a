//! The ports on Azure: Cosmos DB, Blob Storage, Storage queues, Key Vault, Event Grid, mail.
//!
//! In scope: every port over the official SDK, with our own limits on retries and time; the receiving side of the queues for the stand-in of the
//! Functions host. Out of scope: making anything (databases, containers, keys and queues are made by Bicep and only checked here), what an
//! identity may do (`ports::rights`, and the role assignments in Azure), what documents mean (`store`).

mod blobs;
mod credential;
mod documents;
mod endpoint;
mod error;
mod events;
mod keys;
mod loopback;
mod mail;
mod open;
mod queue;
mod removal;
mod retry;
mod settings;

pub use blobs::AzureBlobs;
pub use credential::credential;
pub use documents::AzureDocuments;
pub use error::OpenError;
pub use events::AzureEvents;
pub use keys::{AzureKeys, VaultSecrets};
pub use mail::AzureMail;
pub use open::Azure;
pub use queue::{AzureQueue, Failed, Queues};
pub use removal::AzureRemoval;
pub use settings::{CosmosSettings, CredentialSettings, MailSettings, Settings, StorageSettings};
