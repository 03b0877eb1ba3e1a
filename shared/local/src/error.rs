//! Why the store was not opened, or did not answer.

use std::{io, path::PathBuf};

use ports::{CommitError, PublishError, QueueError, StorageError};

/// Why a store was not opened. Nothing was changed but what is named.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder, or something in it, cannot be made or read.
    #[error("{path} cannot be used; check that it is on a local disk and belongs to this user")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others could read or replace what is in it.
    #[error("{path} has mode {mode:03o} and would let others in; run `chmod {wanted:o} {path}`")]
    Exposed {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// What they should be.
        wanted: u32,
    },
    /// The root key is neither 32 bytes in a plain file, nor what protects it by a passphrase.
    #[error(
        "{0} is not a root key (32 bytes in a plain file, or one under a passphrase); restore it from the backup: without it no wrapped key opens"
    )]
    RootKey(PathBuf),
    /// The root key is under a passphrase, and none was said.
    #[error(
        "{0} is under a passphrase; set PROOFLINE_ROOT_PASSPHRASE or PROOFLINE_ROOT_PASSPHRASE_FILE, or start at a terminal to be asked"
    )]
    PassphraseMissing(PathBuf),
    /// It is under another one.
    #[error("the passphrase is not the one of {0}; nothing was opened and nothing was changed")]
    Passphrase(PathBuf),
    /// Too easily guessed.
    #[error("the passphrase is too short: take 12 characters or more, or several words")]
    PassphraseShort,
    /// A passphrase was said for a root key that is in the clear.
    #[error(
        "a passphrase is set, but {0} is in the clear; put it under the passphrase with `proofline root-key protect`, or do not set one"
    )]
    Unprotected(PathBuf),
    /// The derivation refused, which its fixed cost does not do.
    #[error("no key could be derived from the passphrase")]
    Argon2,
    /// Written by a later version.
    #[error(
        "{path} has format {found}, this version knows {known}; start the version that wrote it"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The format of this version.
        known: i64,
    },
    /// SQLite refused.
    #[error("the database cannot be opened")]
    Database(#[from] rusqlite::Error),
}

/// The store did not answer. Of a change nothing is known: it was applied or not.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the store did not answer: {0}")]
pub struct LocalError(pub(crate) String);

impl From<rusqlite::Error> for LocalError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<LocalError> for StorageError {
    fn from(error: LocalError) -> Self {
        Self::Unavailable(error.0)
    }
}

impl From<LocalError> for CommitError {
    fn from(error: LocalError) -> Self {
        Self::Storage(error.into())
    }
}

impl From<LocalError> for QueueError {
    fn from(error: LocalError) -> Self {
        Self::Unavailable(error.0)
    }
}

impl From<LocalError> for PublishError {
    fn from(error: LocalError) -> Self {
        Self::Unavailable(error.0)
    }
}
