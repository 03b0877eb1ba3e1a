//! Signs checkpoints of the audit log: by queue and timer only, with an identity of its own, and without public HTTP.
//!
//! In scope: that a checkpoint continues the last one that was signed here, and nothing else is ever signed.
//! Out of scope: making rows (`audit`), the formats (`chain`).

mod sign_checkpoint;
mod signed_head;
mod signing;

use async_trait::async_trait;
use ed25519_dalek::SigningKey;
use ports::{Identity, KeyPurpose, Ports};
use web::{App, FunctionApp, Setup, SetupError};

pub use signed_head::SignedHead;

/// The app.
#[derive(Debug)]
pub struct Signer;

/// What its triggers share.
#[derive(Clone)]
pub struct State {
    pub(crate) ports: Ports,
    pub(crate) key: SigningKey,
    pub(crate) deployment: String,
}

#[async_trait]
impl FunctionApp for Signer {
    type State = State;
    const IDENTITY: Identity = Identity::Signer;

    fn app() -> App<State> {
        App::default().on(&sign_checkpoint::TRIGGER, sign_checkpoint::handle)
    }

    async fn open(setup: &Setup) -> Result<State, SetupError> {
        let key = SigningKey::from_bytes(setup.keyring.material(KeyPurpose::Checkpoint)?);
        Ok(State { ports: setup.ports.clone(), key, deployment: setup.deployment.clone() })
    }
}
