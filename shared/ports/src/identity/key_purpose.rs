//! What keys are for, and by which names they are kept.

use serde::{Deserialize, Serialize};

use super::{Identity, KEYS};
use Identity as I;
use KeyPurpose as K;

/// What a key is for; each has one holder. Most are wrapped by a key of their own and kept in `keyring`; a kept one never leaves the key store.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPurpose {
    /// ES256: access tokens.
    AccessToken,
    /// HMAC-SHA-256: refresh tokens.
    RefreshToken,
    /// HMAC-SHA-256: look-up of an e-mail address without storing it.
    LoginIndex,
    /// HMAC-SHA-384: peppers passwords before bcrypt.
    Pepper,
    /// AES-256, one for each tenant: fields of `auth` (TOTP secrets, e-mail addresses).
    AuthFields,
    /// Ed25519: the records that guards read: tenants, guards, sessions.
    AccessRecords,
    /// ES256: signs the key set that Runners pin.
    ControlPlaneRoot,
    /// ES256: commands and configuration for Runners.
    Command,
    /// ES256: receipts for Runners.
    Receipt,
    /// Ed25519: intents of `auth`.
    AuthIntent,
    /// Ed25519: intents of `runs`.
    RunsIntent,
    /// Ed25519: intents of `audit`.
    AuditIntent,
    /// Ed25519: intents of `purge`.
    PurgeIntent,
    /// X25519: personal details on their way from the app that knows them to the log's own keeping.
    Disclosure,
    /// AES-256: wraps the key of each person whose details are kept.
    SubjectKeys,
    /// Ed25519: manifests of exports.
    Export,
    /// Ed25519: checkpoints of the log.
    Checkpoint,
    /// ES256, kept: heads of the deployment's directory log.
    Directory,
}

impl KeyPurpose {
    /// Its name in storage and in logs.
    pub const fn name(self) -> &'static str {
        match self {
            K::AccessToken => "access-token",
            K::RefreshToken => "refresh-token",
            K::LoginIndex => "login-index",
            K::Pepper => "pepper",
            K::AuthFields => "auth-fields",
            K::AccessRecords => "access-records",
            K::ControlPlaneRoot => "control-plane-root",
            K::Command => "command",
            K::Receipt => "receipt",
            K::AuthIntent => "auth-intent",
            K::RunsIntent => "runs-intent",
            K::AuditIntent => "audit-intent",
            K::PurgeIntent => "purge-intent",
            K::Disclosure => "disclosure",
            K::SubjectKeys => "subject-keys",
            K::Export => "export",
            K::Checkpoint => "checkpoint",
            K::Directory => "directory",
        }
    }

    /// Whether the key itself stays in the key store, which signs for its holder; the others are wrapped there and used in memory.
    pub const fn is_kept(self) -> bool {
        matches!(self, K::Directory)
    }

    /// Whether it wraps keys of tenants, each in versions, which are made when they are needed; for the others there is one key, made at start.
    pub const fn is_of_tenants(self) -> bool {
        matches!(self, K::AuthFields)
    }

    /// Its name in Key Vault: a kept key's own, or that of the key that wraps it.
    pub fn vault_name(self) -> String {
        if self.is_kept() { self.name().to_owned() } else { format!("wrap-{}", self.name()) }
    }

    /// Who holds it.
    pub fn holder(self) -> Identity {
        KEYS.iter()
            .find(|(purpose, _)| *purpose == self)
            .map_or(Identity::Signer, |(_, holder)| *holder)
    }

    /// The key with which `identity` signs its intents; `None` when it changes nothing.
    pub const fn intent_of(identity: Identity) -> Option<Self> {
        match identity {
            I::Auth => Some(K::AuthIntent),
            I::Runs => Some(K::RunsIntent),
            I::Audit => Some(K::AuditIntent),
            I::Purge => Some(K::PurgeIntent),
            I::Signer => None,
        }
    }
}
