//! Signs checkpoints of the audit log: by queue and timer only, with an identity of its own, and without public HTTP.
//!
//! In scope: that a checkpoint continues the last one that was signed here, and nothing else is ever signed.
//! Out of scope: making rows (`audit`), the formats (`chain`).

mod authority;
mod directory;
mod kept;
mod sign_checkpoint;
mod sign_directory;
mod sign_directory_now;
mod signing;
mod stamping;
mod witnesses;

use async_trait::async_trait;
use ed25519_dalek::SigningKey;
use ports::{Identity, KeyPurpose, Ports};
use secrecy::ExposeSecret as _;
use store::Keyring;
use web::{App, FunctionApp, Setup, SetupError};

/// The app.
#[derive(Debug)]
pub struct Signer;

/// What its triggers share.
#[derive(Clone)]
pub struct State {
    pub(crate) ports: Ports,
    /// The key of each rotation, the first one first.
    pub(crate) log_keys: Vec<SigningKey>,
    pub(crate) deployment: String,
    /// Puts time stamps under heads of the directory, if one is configured.
    pub(crate) authority: Option<authority::Authority>,
    /// The restore epoch: raised by whoever restores the database.
    pub(crate) restore: u64,
    /// Whether witnesses of others are configured.
    pub(crate) has_witnesses: bool,
}

#[async_trait]
impl FunctionApp for Signer {
    type State = State;
    const IDENTITY: Identity = Identity::Signer;

    fn app() -> App<State> {
        App::default()
            .on(&sign_checkpoint::TRIGGER, sign_checkpoint::handle)
            .on(&sign_directory::TRIGGER, sign_directory::handle)
            .on(&sign_directory_now::TRIGGER, sign_directory_now::handle)
    }

    async fn open(setup: &Setup) -> Result<State, SetupError> {
        Ok(State {
            ports: setup.ports.clone(),
            log_keys: log_keys(setup).await?,
            deployment: setup.deployment.clone(),
            authority: setup.timestamp_url.clone().map(authority::Authority::new),
            restore: setup.restore_epoch,
            has_witnesses: setup.witnesses.is_some(),
        })
    }
}

/// The keys of every rotation up to the one in the settings; a log that has not followed yet is signed with an earlier one.
async fn log_keys(setup: &Setup) -> Result<Vec<SigningKey>, SetupError> {
    let mut keys = vec![SigningKey::from_bytes(setup.keyring.material(KeyPurpose::Checkpoint)?)];
    for rotation in 1..=setup.log_rotation {
        let version = store::log_key_version(rotation);
        let seed = Keyring::seed_version(&setup.ports, KeyPurpose::Checkpoint, version).await?;
        keys.push(SigningKey::from_bytes(seed.expose_secret()));
    }
    Ok(keys)
}

impl State {
    /// The rotation that the settings ask for.
    pub(crate) fn rotation(&self) -> u32 {
        u32::try_from(self.log_keys.len() - 1).unwrap_or(u32::MAX)
    }

    /// The key of a rotation; `None` of one that this process was not told of yet.
    pub(crate) fn log_key(&self, rotation: u32) -> Option<&SigningKey> {
        self.log_keys.get(usize::try_from(rotation).ok()?)
    }
}
