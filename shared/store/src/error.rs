//! Why a tenant's data could not be read or written.

use domain::{Class, Fault};
use ports::{CommitError, LimitError, Refusal, StorageError};

/// Why a tenant's data could not be read or written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// This tenant has none, whoever else may have one.
    #[error("there is no such thing")]
    NotFound,
    /// To be created, but exists.
    #[error("it exists already")]
    Exists,
    /// Written by someone else since it was read.
    #[error("it was changed since it was read; read it again")]
    Conflict,
    /// Storage asks to slow down; nothing was applied.
    #[error("storage is busy; nothing was changed, try again")]
    Throttled,
    /// No answer. It was applied or not: ask before trying again.
    #[error("storage did not answer; ask whether it was applied before you try again")]
    Unavailable(String),
    /// Over a limit of storage.
    #[error("too large to be stored")]
    TooLarge(#[source] LimitError),
    /// What guards read was not written by us, or is older than what was there.
    #[error("a record of this tenant is refused; its operator was told, try again later")]
    Forged(&'static str),
    /// Our own data is wrong, or an app lacks a right.
    #[error("internal error")]
    Unreadable(String),
}

impl Fault for StoreError {
    fn class(&self) -> Class {
        match self {
            Self::NotFound => Class::NotFound,
            Self::Exists | Self::Conflict => Class::Conflict,
            Self::Throttled | Self::Unavailable(_) | Self::Forged(_) => Class::Unavailable,
            Self::TooLarge(_) => Class::TooLarge,
            Self::Unreadable(_) => Class::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Exists => "exists",
            Self::Conflict => "conflict",
            Self::Throttled | Self::Unavailable(_) => "dependency-unavailable",
            Self::Forged(_) => "record-refused",
            Self::TooLarge(_) => "payload-too-large",
            Self::Unreadable(_) => "internal",
        }
    }
}

impl From<StorageError> for StoreError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Denied(what) => Self::Unreadable(format!("denied: {what}")),
            StorageError::Throttled => Self::Throttled,
            StorageError::Unavailable(why) => Self::Unavailable(why),
            StorageError::Limit(limit) => Self::TooLarge(limit),
        }
    }
}

impl From<CommitError> for StoreError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused { refusal: Refusal::Exists, .. } => Self::Exists,
            CommitError::Refused { refusal: Refusal::Stale | Refusal::Missing, .. } => {
                Self::Conflict
            }
            CommitError::Storage(error) => error.into(),
        }
    }
}
