//! The audit log: sealing intents into rows, finding and proving rows, handing out the whole or parts as files.
//!
//! In scope: the only identity that may create documents of the log, and nothing but create them.
//! Out of scope: the formats (`chain`), signing checkpoints (`signer`), what an event means (`domain`).

mod acknowledge_purge;
mod anchor;
mod compare_access;
mod create_export;
mod described;
mod details;
mod disclosing;
mod download_export;
mod epoch;
mod erase_subject;
mod export;
mod export_purge;
mod filters;
mod later;
mod list_events;
mod list_holds;
mod list_purges;
mod list_verifications;
mod preview_purge;
mod project_rows;
mod projection;
mod promised;
mod purged;
mod put_retention;
mod read_checkpoint;
mod read_event;
mod read_promised_row;
mod read_retention;
mod read_verification;
mod release_hold;
mod retention;
mod seal_intents;
mod sealing;
mod search;
mod set_hold;
mod sweep_intents;
mod verification;
mod verify_log;
mod verify_logs;
mod witnessed;

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use domain::{TenantId, Timestamp};
use ed25519_dalek::{SigningKey, VerifyingKey};
use ports::{Identity, KeyPurpose, Ports};
use protocol::key::Jwk;
use store::{KeyringError, PublicKeys, SignedHead, SystemCap};
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
    /// How far each log was followed.
    pub(crate) ends: sealing::Ends,
    /// The restore epoch: raised by whoever restores the database.
    pub(crate) restore: u64,
    /// How often the operator rotated the logs.
    pub(crate) rotation: u32,
    pub(crate) epochs: epoch::Epochs,
    pub(crate) cap: SystemCap,
    /// Open what apps say about persons, and wrap the persons' keys.
    pub(crate) details: details::DetailKeys,
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
            .route(&read_promised_row::ENDPOINT, read_promised_row::handle)
            .route(&create_export::ENDPOINT, create_export::handle)
            .route(&download_export::ENDPOINT, download_export::handle)
            .route(&verify_log::ENDPOINT, verify_log::handle)
            .route(&list_verifications::ENDPOINT, list_verifications::handle)
            .route(&read_verification::ENDPOINT, read_verification::handle)
            .route(&read_retention::ENDPOINT, read_retention::handle)
            .route(&put_retention::ENDPOINT, put_retention::handle)
            .route(&preview_purge::ENDPOINT, preview_purge::handle)
            .route(&list_purges::ENDPOINT, list_purges::handle)
            .route(&acknowledge_purge::ENDPOINT, acknowledge_purge::handle)
            .route(&erase_subject::ENDPOINT, erase_subject::handle)
            .route(&list_holds::ENDPOINT, list_holds::handle)
            .route(&set_hold::ENDPOINT, set_hold::handle)
            .route(&release_hold::ENDPOINT, release_hold::handle)
            .on(&export_purge::TRIGGER, export_purge::handle)
            .on(&seal_intents::TRIGGER, seal_intents::handle)
            .on(&sweep_intents::TRIGGER, sweep_intents::handle)
            .on(&project_rows::TRIGGER, project_rows::handle)
            .on(&verify_logs::TRIGGER, verify_logs::handle)
            .on(&compare_access::TRIGGER, compare_access::handle)
    }

    async fn open(setup: &Setup) -> Result<State, SetupError> {
        Ok(State {
            ports: setup.ports.clone(),
            deployment: setup.deployment.clone(),
            intent_key: SigningKey::from_bytes(setup.keyring.material(KeyPurpose::AuditIntent)?),
            export_key: SigningKey::from_bytes(setup.keyring.material(KeyPurpose::Export)?),
            turns: sealing::Turns::default(),
            ends: sealing::Ends::default(),
            restore: setup.restore_epoch,
            rotation: setup.log_rotation,
            epochs: epoch::Epochs::default(),
            cap: setup.cap.clone(),
            details: details::DetailKeys::of(&setup.keyring)?,
            keys: Arc::new(RwLock::new(PublicKeys::read(&setup.ports).await?)),
        })
    }
}

impl State {
    /// Tells `purge` that a purge of the tenant may go on. Best effort: its timer finds what this misses.
    pub(crate) async fn wake_purge(&self, tenant: TenantId) {
        let tenant = tenant.to_string();
        let sent = self.ports.queue.send(ports::QueueName::Purge, &tenant, Duration::ZERO).await;
        if let Err(error) = sent {
            tracing::warn!(%error, "the purge was not woken; its timer will find it");
        }
    }

    /// The name of an epoch of a tenant's log in checkpoints.
    pub(crate) fn origin(&self, tenant: TenantId, epoch: u64) -> String {
        match epoch {
            0 => format!("{}/log/{tenant}", self.deployment),
            _ => format!("{}/log/{tenant}/{epoch}", self.deployment),
        }
    }

    /// An Ed25519 key of another app.
    pub(crate) async fn ed25519(
        &self,
        purpose: KeyPurpose,
    ) -> Result<Option<VerifyingKey>, KeyringError> {
        Ok(match self.public_key(purpose).await? {
            Some(Jwk::Ed25519(bytes)) => VerifyingKey::from_bytes(&bytes).ok(),
            Some(Jwk::X25519(_) | Jwk::P256 { .. }) | None => None,
        })
    }

    /// One version of an Ed25519 key of another app.
    pub(crate) async fn ed25519_version(
        &self,
        purpose: KeyPurpose,
        version: u32,
    ) -> Result<Option<VerifyingKey>, KeyringError> {
        let known = || {
            let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
            keys.version(purpose, version).copied()
        };
        let jwk = if let Some(jwk) = known() {
            Some(jwk)
        } else {
            let fresh = PublicKeys::read(&self.ports).await?;
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = fresh;
            known()
        };
        Ok(match jwk {
            Some(Jwk::Ed25519(bytes)) => VerifyingKey::from_bytes(&bytes).ok(),
            Some(Jwk::X25519(_) | Jwk::P256 { .. }) | None => None,
        })
    }

    /// When one version of a key of another app was made, if that is known here.
    pub(crate) fn made_at(&self, purpose: KeyPurpose, version: u32) -> Option<Timestamp> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).made_at(purpose, version)
    }

    /// The key that signs an epoch of a log, if the signer has made it: that of the rotation in which the epoch was begun.
    pub(crate) async fn log_key(
        &self,
        signed: &SignedHead,
    ) -> Result<Option<VerifyingKey>, KeyringError> {
        let version = store::log_key_version(signed.rotation);
        self.ed25519_version(KeyPurpose::Checkpoint, version).await
    }

    /// A key of another app. Looked up again when it is not known: that app may have started after this one.
    pub(crate) async fn public_key(
        &self,
        purpose: KeyPurpose,
    ) -> Result<Option<Jwk>, KeyringError> {
        if let Some(key) = self.known(purpose) {
            return Ok(Some(key));
        }
        let fresh = PublicKeys::read(&self.ports).await?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(self.known(purpose))
    }

    fn known(&self, purpose: KeyPurpose) -> Option<Jwk> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).jwk(purpose).copied()
    }
}
