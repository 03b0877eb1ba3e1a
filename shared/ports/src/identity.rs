//! Who may do what to what: least privilege as data. `local` enforces it, Bicep's role definitions are made from it.

use serde::{Deserialize, Serialize};

use Action::{ChangeFeed, Create, Query, Read, Replace};
use Bucket as B;
use Container as C;
use Identity as I;
use KeyPurpose as K;

/// A function app's managed identity.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// Sign-in and accounts.
    Auth,
    /// Runners, procedures, runs.
    Runs,
    /// Seals and reads the audit log.
    Audit,
    /// Signs checkpoints; timer and queue only.
    Signer,
}

impl Identity {
    /// Every identity.
    pub const ALL: [Self; 4] = [Self::Auth, Self::Runs, Self::Audit, Self::Signer];

    /// The app's name: in URLs, logs and intents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Runs => "runs",
            Self::Audit => "audit",
            Self::Signer => "signer",
        }
    }
}

/// A container of documents.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Container {
    /// Users, logins, invitations, factors.
    Auth,
    /// Runners, procedures, run statements, drill-downs.
    Runs,
    /// Exports and other work of the audit app, with its own intents.
    Audit,
    /// Tenants, guards, sessions: written by `auth`, read by every guard.
    Access,
    /// Public keys, and private keys wrapped.
    Keyring,
    /// E-mail index to tenant and user.
    LoginIndex,
    /// The audit log: commit documents.
    Log,
    /// Replaceable hints on how far a feed was read.
    Cursors,
}

impl Container {
    /// Every container.
    pub const ALL: [Self; 8] =
        [C::Auth, C::Runs, C::Audit, C::Access, C::Keyring, C::LoginIndex, C::Log, C::Cursors];

    /// Its name in storage.
    pub const fn name(self) -> &'static str {
        match self {
            C::Auth => "auth",
            C::Runs => "runs",
            C::Audit => "audit",
            C::Access => "access",
            C::Keyring => "keyring",
            C::LoginIndex => "login_index",
            C::Log => "log",
            C::Cursors => "cursors",
        }
    }

    /// Whether documents of it may expire. The database then removes them by itself, which nobody needs a right for;
    /// everywhere else it keeps them even if a document asks to be removed.
    pub const fn expires(self) -> bool {
        match self {
            C::Auth | C::Runs | C::Access => true,
            C::Audit | C::Keyring | C::LoginIndex | C::Log | C::Cursors => false,
        }
    }
}

/// What can be done to documents: the data actions of Cosmos DB that we grant.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Action {
    /// `items/create`
    Create,
    /// `items/read`
    Read,
    /// `items/replace`
    Replace,
    /// `executeQuery`
    Query,
    /// `readChangeFeed`
    ChangeFeed,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 5] = [Create, Read, Replace, Query, ChangeFeed];
}

/// A container of blobs.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Bucket {
    /// Exported logs.
    Exports,
    /// The last checkpoint that `signer` signed, one blob a tenant.
    Checkpoints,
    /// Events that could not be delivered.
    DeadLetters,
}

impl Bucket {
    /// Every bucket.
    pub const ALL: [Self; 3] = [B::Exports, B::Checkpoints, B::DeadLetters];

    /// Its name in storage.
    pub const fn name(self) -> &'static str {
        match self {
            B::Exports => "exports",
            B::Checkpoints => "checkpoints",
            B::DeadLetters => "dead-letters",
        }
    }
}

/// A queue; each wakes one app.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueName {
    /// To `audit`: a tenant has intents to seal. Text: the tenant's id.
    Seal,
    /// To `signer`: a tenant's log grew. Text: the tenant's id.
    Sign,
    /// To `auth`: create the first tenant and its owner's invitation.
    Bootstrap,
}

impl QueueName {
    /// Every queue.
    pub const ALL: [Self; 3] = [Self::Seal, Self::Sign, Self::Bootstrap];

    /// Its name in storage.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Sign => "sign",
            Self::Bootstrap => "bootstrap",
        }
    }

    /// The queue to which a message goes that failed too often: `<queue>-poison`, as the Functions host names it.
    pub fn poison(self) -> String {
        format!("{}-poison", self.name())
    }
}

/// A secret that somebody else gave us, and that is put into the key store by hand.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Secret {
    /// Opens the account at the mail provider.
    MailPassword,
}

impl Secret {
    /// Every secret.
    pub const ALL: [Self; 1] = [Self::MailPassword];

    /// Its name in the key store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MailPassword => "mail-password",
        }
    }
}

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
    /// AES-256: fields of `auth` (TOTP secrets, e-mail addresses).
    AuthFields,
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
    /// Ed25519: manifests of exports.
    Export,
    /// Ed25519: checkpoints of the log.
    Checkpoint,
    /// ES256, kept: heads of the deployment's directory log.
    Directory,
}

/// Each key and its one holder.
pub const KEYS: &[(KeyPurpose, Identity)] = &[
    (K::AccessToken, I::Auth),
    (K::RefreshToken, I::Auth),
    (K::LoginIndex, I::Auth),
    (K::Pepper, I::Auth),
    (K::AuthFields, I::Auth),
    (K::ControlPlaneRoot, I::Runs),
    (K::Command, I::Runs),
    (K::Receipt, I::Runs),
    (K::AuthIntent, I::Auth),
    (K::RunsIntent, I::Runs),
    (K::AuditIntent, I::Audit),
    (K::Export, I::Audit),
    (K::Checkpoint, I::Signer),
    (K::Directory, I::Signer),
];

impl KeyPurpose {
    /// Its name in storage and in logs.
    pub const fn name(self) -> &'static str {
        match self {
            K::AccessToken => "access-token",
            K::RefreshToken => "refresh-token",
            K::LoginIndex => "login-index",
            K::Pepper => "pepper",
            K::AuthFields => "auth-fields",
            K::ControlPlaneRoot => "control-plane-root",
            K::Command => "command",
            K::Receipt => "receipt",
            K::AuthIntent => "auth-intent",
            K::RunsIntent => "runs-intent",
            K::AuditIntent => "audit-intent",
            K::Export => "export",
            K::Checkpoint => "checkpoint",
            K::Directory => "directory",
        }
    }

    /// Whether the key itself stays in the key store, which signs for its holder; the others are wrapped there and used in memory.
    pub const fn is_kept(self) -> bool {
        matches!(self, K::Directory)
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
            I::Signer => None,
        }
    }
}

/// Rights on documents. There is no right to delete, and nobody has one that a test does not use.
pub const DOCUMENT_RIGHTS: &[(Identity, Container, &[Action])] = &[
    (I::Auth, C::Auth, &[Create, Read, Replace]),
    (I::Auth, C::Access, &[Create, Read, Replace, Query]),
    (I::Auth, C::Keyring, &[Create, Read, Query]),
    (I::Auth, C::LoginIndex, &[Create, Read]),
    (I::Runs, C::Runs, &[Create, Read, Replace, Query]),
    (I::Runs, C::Access, &[Read]),
    (I::Runs, C::Keyring, &[Create, Read, Query]),
    (I::Audit, C::Audit, &[Create, Read, ChangeFeed]),
    (I::Audit, C::Access, &[Read, ChangeFeed]),
    (I::Audit, C::Keyring, &[Create, Read, Query]),
    (I::Audit, C::Auth, &[ChangeFeed]),
    (I::Audit, C::Runs, &[ChangeFeed]),
    (I::Audit, C::Log, &[Create, Read, Query]),
    (I::Audit, C::Cursors, &[Create, Read, Replace]),
    (I::Signer, C::Log, &[Read]),
    (I::Signer, C::Keyring, &[Create, Read]),
];

/// Rights on blobs: may read, may write.
pub const BLOB_RIGHTS: &[(Identity, Bucket, bool, bool)] = &[
    (I::Audit, B::Exports, true, true),
    (I::Audit, B::Checkpoints, true, false),
    (I::Signer, B::Checkpoints, true, true),
];

/// Who may send to which queue.
pub const QUEUE_RIGHTS: &[(Identity, QueueName)] = &[
    (I::Auth, QueueName::Seal),
    (I::Runs, QueueName::Seal),
    (I::Audit, QueueName::Seal),
    (I::Audit, QueueName::Sign),
];

/// Who may receive from which queue: the app that it wakes. In Azure the Functions host polls in that app's name,
/// and sets aside in `<queue>-poison` what failed too often.
pub const RECEIVERS: &[(Identity, QueueName)] =
    &[(I::Audit, QueueName::Seal), (I::Signer, QueueName::Sign), (I::Auth, QueueName::Bootstrap)];

/// Who may publish to the internal topic: whoever changes state.
pub const PUBLISHERS: &[Identity] = &[I::Auth, I::Runs, I::Audit];

/// Each secret and its one reader. Only the reader of the mail provider's password sends letters.
pub const SECRETS: &[(Secret, Identity)] = &[(Secret::MailPassword, I::Auth)];
