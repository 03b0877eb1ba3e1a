//! The ports of one identity on whichever backend the settings name.

use std::sync::Arc;

use ambient::{SystemClock, SystemRandomness};
use azure::Azure;
use ports::{Identity, Ports};

#[cfg(feature = "local")]
use crate::RootPassphrase;
use crate::{Backend, Config};

/// Why a backend cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The folder on this machine.
    #[cfg(feature = "local")]
    #[error("the local store cannot be opened")]
    Local(#[from] local::OpenError),
    /// Something in Azure.
    #[error(transparent)]
    Azure(#[from] azure::OpenError),
    /// The program was made without it; settings are refused before this can be.
    #[cfg(not(feature = "local"))]
    #[error("the local backend is not in this program")]
    NotBuilt,
}

impl BackendError {
    /// Whether it may pass while the process waits.
    pub fn may_pass(&self) -> bool {
        match self {
            #[cfg(feature = "local")]
            Self::Local(_) => false,
            #[cfg(not(feature = "local"))]
            Self::NotBuilt => false,
            Self::Azure(error) => error.may_pass(),
        }
    }
}

/// Handles that carry the rights of `identity`. In Azure, what these rights are on is looked for, and missed by name.
///
/// # Errors
/// One variant for each backend.
pub async fn ports(config: &Config, identity: Identity) -> Result<Ports, BackendError> {
    match &config.backend {
        Backend::Local => local(config, identity),
        Backend::Azure(azure) => {
            let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
            Ok(Azure::open(&azure.settings(identity), identity, clock, randomness).await?.ports())
        }
    }
}

#[cfg(feature = "local")]
fn local(config: &Config, identity: Identity) -> Result<Ports, BackendError> {
    let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
    let passphrase = config.root_passphrase.as_ref().map(RootPassphrase::secret);
    Ok(local::Store::open_under(&config.data, passphrase, clock, randomness)?.ports(identity))
}

#[cfg(not(feature = "local"))]
fn local(_: &Config, _: Identity) -> Result<Ports, BackendError> {
    Err(BackendError::NotBuilt)
}
