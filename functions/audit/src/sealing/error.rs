//! Why nothing was sealed.

use chain::{commit::CommitError, intent::IntentError, note::NoteError};
use domain::{Class, Fault};
use ports::QueueError;
use store::{KeyringError, StoreError};

/// Why nothing was sealed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealingError {
    /// Storage refused or did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The next worker was not woken.
    #[error("a queue did not take a message")]
    Queue(#[from] QueueError),
    /// The keys of the apps cannot be read.
    #[error("the keys of the apps cannot be read")]
    Keys(#[from] KeyringError),
    /// Rows cannot be packed.
    #[error("intents cannot be packed into rows")]
    Commit(#[from] CommitError),
    /// A row of the sealer's own cannot be written.
    #[error("a row of the sealer's own cannot be written")]
    Own(#[from] IntentError),
    /// The log's name cannot be signed.
    #[error("the log's name cannot be signed")]
    Origin(#[from] NoteError),
}

impl Fault for SealingError {
    fn class(&self) -> Class {
        match self {
            Self::Store(error) => error.class(),
            Self::Queue(_) | Self::Keys(_) => Class::Unavailable,
            Self::Commit(_) | Self::Own(_) | Self::Origin(_) => Class::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Queue(_) | Self::Keys(_) => "dependency-unavailable",
            Self::Commit(_) | Self::Own(_) | Self::Origin(_) => "internal",
        }
    }
}
