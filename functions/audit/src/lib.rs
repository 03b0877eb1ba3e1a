//! The audit log: sealing intents into rows, finding and proving rows, handing out the whole or parts as files.
//!
//! In scope: the only identity that may create documents of the log, and nothing but create them.
//! Out of scope: the formats (`chain`), signing checkpoints (`signer`), what an event means (`domain`).

mod create_export;
mod download_export;
mod export;
mod filters;
mod inclusion;
mod list_events;
mod read_checkpoint;
mod read_event;
mod seal_intents;
mod sealing;
mod search;
mod sweep_intents;

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use domain::TenantId;
use ed25519_dalek::{SigningKey, VerifyingKey};
use ports::{Identity, KeyPurpose, Ports};
use protocol::key::Jwk;
use store::{KeyringError, PublicKeys};
use web::{App, FunctionApp, Setup, SetupError};

/// The app.
#[derive(Debug)]
pub struct Audit;

/// What its endpoints and triggers share.
#[derive(Clone)]
pub struct State {
    pub(crate) ports: Ports,
    pub(crate) deployment: String,
    /// Signs the rows that are the sealer's own: a log's first row, and what is missing.
    pub(crate) intent_key: SigningKey,
    /// Signs the manifests of exports.
    pub(crate) export_key: SigningKey,
    /// Who seals now.
    pub(crate) turns: sealing::Turns,
    keys: Arc<RwLock<PublicKeys>>,
}

#[async_trait]
impl FunctionApp for Audit {
    type State = State;
    const IDENTITY: Identity = Identity::Audit;

    fn app() -> App<State> {
        App::default()
            .route(&list_events::ENDPOINT, list_events::handle)
            .route(&read_event::ENDPOINT, read_event::handle)
            .route(&read_checkpoint::ENDPOINT, read_checkpoint::handle)
            .route(&create_export::ENDPOINT, create_export::handle)
            .route(&download_export::ENDPOINT, download_export::handle)
            .on(&seal_intents::TRIGGER, seal_intents::handle)
            .on(&sweep_intents::TRIGGER, sweep_intents::handle)
    }

    async fn open(setup: &Setup) -> Result<State, SetupError> {
        Ok(State {
            ports: setup.ports.clone(),
            deployment: setup.deployment.clone(),
            intent_key: SigningKey::from_bytes(setup.keyring.material(KeyPurpose::AuditIntent)?),
            export_key: SigningKey::from_bytes(setup.keyring.material(KeyPurpose::Export)?),
            turns: sealing::Turns::default(),
            keys: Arc::new(RwLock::new(PublicKeys::read(&setup.ports).await?)),
        })
    }
}

impl State {
    /// The name of a tenant's log in checkpoints.
    pub(crate) fn origin(&self, tenant: TenantId) -> String {
        format!("{}/log/{tenant}", self.deployment)
    }

    /// An Ed25519 key of another app. Looked up again when it is not known: that app may have started after this one.
    pub(crate) async fn ed25519(
        &self,
        purpose: KeyPurpose,
    ) -> Result<Option<VerifyingKey>, KeyringError> {
        if let Some(key) = self.known(purpose) {
            return Ok(Some(key));
        }
        let fresh = PublicKeys::read(&self.ports).await?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(self.known(purpose))
    }

    fn known(&self, purpose: KeyPurpose) -> Option<VerifyingKey> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        match keys.jwk(purpose) {
            Some(Jwk::Ed25519(bytes)) => VerifyingKey::from_bytes(bytes).ok(),
            Some(Jwk::X25519(_) | Jwk::P256 { .. }) | None => None,
        }
    }
}
