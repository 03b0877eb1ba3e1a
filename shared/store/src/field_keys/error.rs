//! Why a field was not sealed or opened.

use domain::{Class, Fault};
use ports::KeyError;
use seal::{OpenError, SealError};

use crate::{KeyringError, StoreError};

/// Why a field was not sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum FieldError {
    /// The tenant's keys cannot be had.
    #[error("the tenant's keys cannot be used")]
    Keys(#[source] KeyringError),
    /// The tenant's keys are wrapped by a key of its own, which it does not let us use.
    #[error(
        "this tenant keeps its secrets under a key of its own, and that key cannot be used now; \
         whoever holds the key can make it usable again, and everything works as before"
    )]
    Withheld(#[source] KeyError),
    /// Too long.
    #[error("the field was not sealed")]
    Seal(#[from] SealError),
    /// Changed, moved, or sealed under a version that was destroyed.
    #[error("the field was not opened")]
    Open(#[from] OpenError),
}

impl From<KeyringError> for FieldError {
    fn from(error: KeyringError) -> Self {
        if let KeyringError::Key(_, error @ KeyError::Withheld(_)) = error {
            Self::Withheld(error)
        } else {
            Self::Keys(error)
        }
    }
}

impl Fault for FieldError {
    fn class(&self) -> Class {
        match self {
            Self::Withheld(_) | Self::Keys(KeyringError::Key(_, KeyError::Unavailable(_))) => {
                Class::Unavailable
            }
            Self::Keys(KeyringError::Storage(error)) => StoreError::from(error.clone()).class(),
            Self::Keys(KeyringError::Tenant(error)) => error.class(),
            Self::Keys(_) | Self::Seal(_) | Self::Open(_) => Class::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Withheld(_) => "customer-key-withheld",
            Self::Keys(_) | Self::Seal(_) | Self::Open(_) => match self.class() {
                Class::Unavailable => "dependency-unavailable",
                Class::Invalid
                | Class::Unauthenticated
                | Class::Forbidden
                | Class::NotFound
                | Class::Method
                | Class::Conflict
                | Class::TooLarge
                | Class::Media
                | Class::Unprocessable
                | Class::TooMany
                | Class::Internal => "internal",
            },
        }
    }
}
