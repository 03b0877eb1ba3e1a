//! What an app is opened with, and what the host wants of it.

use std::sync::Arc;

use async_trait::async_trait;
use ports::{Breaches, Identity, Ports};
use store::{IntentSource, Keyring, KeyringError, StoreError, SystemCap};

use crate::{App, RunnerKeys};

/// What an app is opened with.
#[derive(Clone)]
pub struct Setup {
    /// The backend, with the app's own rights.
    pub ports: Ports,
    /// The app's own keys.
    pub keyring: Arc<Keyring>,
    /// The way to tenants' data for jobs, and for the steps before a caller is known.
    pub cap: SystemCap,
    /// Signs the app's intents; `None` for an app that changes nothing.
    pub source: Option<Arc<IntentSource>>,
    /// The name of this deployment: issuer and audience of tokens, audience of statements.
    pub deployment: String,
    /// The base URL under which Runners and people reach us, without a slash at its end.
    pub public_url: String,
    /// How many proxies of ours a request passes; 0 when callers are on this machine.
    pub proxy_hops: u8,
    /// Whom to ask whether a password leaked; `None` to ask nobody.
    pub breaches: Option<Arc<dyn Breaches>>,
    /// The restore epoch: raised by whoever restores the database, so that nothing of before counts by itself.
    pub restore_epoch: u64,
    /// How often the audit logs were rotated: raised by the operator, so that each goes on in its next epoch with a new key.
    pub log_rotation: u32,
    /// The authority that puts time stamps (RFC 3161) under heads of the directory of logs.
    pub timestamp_url: Option<String>,
    /// Witnesses of others (C2SP tlog-witness) that cosign the logs of this deployment, each a verifier key and an address, with semicolons between.
    pub witnesses: Option<String>,
}

/// Why an app did not open.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Its keys cannot be used.
    #[error("the app's keys cannot be used")]
    Keys(#[from] KeyringError),
    /// Storage refused or did not answer.
    #[error("storage cannot be used")]
    Store(#[from] StoreError),
}

/// A function app as the host sees it.
#[async_trait]
pub trait FunctionApp: 'static {
    /// What its handlers share.
    type State: Clone + Send + Sync + 'static;
    /// Whose rights it has; its name is the app's name.
    const IDENTITY: Identity;

    /// Its table of endpoints and triggers.
    fn app() -> App<Self::State>;

    /// Opens what its handlers share.
    async fn open(setup: &Setup) -> Result<Self::State, SetupError>;

    /// Finds Runners' keys, if this app has endpoints for Runners.
    fn runners(_state: &Self::State) -> Option<Arc<dyn RunnerKeys>> {
        None
    }
}
