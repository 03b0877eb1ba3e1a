//! Why the directory, or something in it, cannot be used.

use std::{io, path::PathBuf};

use domain::{Class, Fault};
use protocol::trust_policy::TrustPolicyError;

use crate::vault::VaultError;

/// Why the directory, or something in it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HomeError {
    /// There is none.
    #[error("{0} is not a Runner's directory: make one with 'init --home'")]
    Missing(PathBuf),
    /// There is one already.
    #[error("{0} exists already; nothing was changed")]
    Exists(PathBuf),
    /// Others can get at it.
    #[error("{0} is open to other users: make it 0700, files in it 0600")]
    Open(PathBuf),
    /// It cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It does not hold what it should.
    #[error("{path} cannot be used: {why}")]
    Content {
        /// What.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The trust policy contradicts itself.
    #[error(transparent)]
    Trust(#[from] TrustPolicyError),
    /// The vault does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Fault for HomeError {
    fn class(&self) -> Class {
        match self {
            Self::Missing(_) => Class::NotFound,
            Self::Exists(_) | Self::Open(_) => Class::Conflict,
            Self::Content { .. } => Class::Invalid,
            Self::Io { .. } => Class::Internal,
            Self::Trust(error) => error.class(),
            Self::Vault(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "home-missing",
            Self::Exists(_) => "home-exists",
            Self::Open(_) => "home-open",
            Self::Content { .. } => "home-invalid",
            Self::Io { .. } => "home-unavailable",
            Self::Trust(error) => error.code(),
            Self::Vault(error) => error.code(),
        }
    }
}
