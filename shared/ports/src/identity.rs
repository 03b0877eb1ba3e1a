//! Who may do what to what: least privilege as data. `local` enforces it, Bicep's role definitions are made from it.

mod bucket;
mod container;
mod key_purpose;
mod queue_name;
mod secret;

use serde::{Deserialize, Serialize};

use Action::{ChangeFeed, Create, Query, Read, Replace};
use Bucket as B;
use Container as C;
use Identity as I;
use KeyPurpose as K;
pub use bucket::Bucket;
pub use container::{Action, Container};
pub use key_purpose::KeyPurpose;
pub use queue_name::QueueName;
pub use secret::Secret;

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
    /// Removes what is over its time; timer and queue only.
    Purge,
}

impl Identity {
    /// Every identity.
    pub const ALL: [Self; 5] = [Self::Auth, Self::Runs, Self::Audit, Self::Signer, Self::Purge];

    /// The app's name: in URLs, logs and intents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Runs => "runs",
            Self::Audit => "audit",
            Self::Signer => "signer",
            Self::Purge => "purge",
        }
    }
}

/// Each key and its one holder.
pub const KEYS: &[(KeyPurpose, Identity)] = &[
    (K::AccessToken, I::Auth),
    (K::RefreshToken, I::Auth),
    (K::LoginIndex, I::Auth),
    (K::Pepper, I::Auth),
    (K::AuthFields, I::Auth),
    (K::AccessRecords, I::Auth),
    (K::ControlPlaneRoot, I::Runs),
    (K::Command, I::Runs),
    (K::Receipt, I::Runs),
    (K::AuthIntent, I::Auth),
    (K::RunsIntent, I::Runs),
    (K::AuditIntent, I::Audit),
    (K::PurgeIntent, I::Purge),
    (K::Disclosure, I::Audit),
    (K::SubjectKeys, I::Audit),
    (K::Export, I::Audit),
    (K::Checkpoint, I::Signer),
    (K::Directory, I::Signer),
];

/// Rights on documents. The right to remove is a table of its own ([`REMOVAL_RIGHTS`]), and nobody has one that a test does not use.
pub const DOCUMENT_RIGHTS: &[(Identity, Container, &[Action])] = &[
    (I::Auth, C::Auth, &[Create, Read, Replace, Query]),
    (I::Auth, C::Access, &[Create, Read, Replace, Query, ChangeFeed]),
    (I::Auth, C::Keyring, &[Create, Read, Query, ChangeFeed]),
    (I::Auth, C::LoginIndex, &[Create, Read, Replace]),
    (I::Auth, C::RateLimit, &[Create, Read, Replace]),
    (I::Auth, C::Sealed, &[Read]),
    (I::Auth, C::Audit, &[Query]),
    (I::Runs, C::Runs, &[Create, Read, Replace, Query]),
    (I::Runs, C::Access, &[Read]),
    (I::Runs, C::Sealed, &[Read]),
    (I::Runs, C::Keyring, &[Create, Read, Query]),
    (I::Audit, C::Audit, &[Create, Read, Replace, Query, ChangeFeed]),
    (I::Audit, C::Access, &[Read, ChangeFeed]),
    (I::Audit, C::Keyring, &[Create, Read, Query]),
    (I::Audit, C::Auth, &[ChangeFeed]),
    (I::Audit, C::Runs, &[ChangeFeed]),
    (I::Audit, C::Log, &[Create, Read, Query]),
    (I::Audit, C::LogSearch, &[Create, Read, Replace, Query]),
    (I::Audit, C::Cursors, &[Create, Read, Replace]),
    (I::Audit, C::Sealed, &[Create, Read]),
    (I::Audit, C::Disclosures, &[Create, Read, Replace, Query, ChangeFeed]),
    (I::Audit, C::Purges, &[Read, Query, ChangeFeed]),
    (I::Signer, C::Log, &[Read, ChangeFeed]),
    (I::Signer, C::Keyring, &[Create, Read]),
    (I::Purge, C::Log, &[Query, ChangeFeed]),
    (I::Purge, C::Purges, &[Create, Read, Replace, Query]),
    (I::Purge, C::Audit, &[Read, Query]),
    (I::Purge, C::Disclosures, &[Read]),
    (I::Purge, C::Access, &[Read]),
    (I::Purge, C::Keyring, &[Create, Read, Query]),
];

/// Rights on blobs: may read, may write.
pub const BLOB_RIGHTS: &[(Identity, Bucket, bool, bool)] = &[
    (I::Audit, B::Exports, true, true),
    (I::Audit, B::Checkpoints, true, false),
    (I::Audit, B::Tiles, true, false),
    (I::Audit, B::Entries, true, false),
    (I::Audit, B::Anchors, true, false),
    (I::Audit, B::Cosignatures, true, false),
    (I::Runs, B::Checkpoints, true, false),
    (I::Runs, B::Tiles, true, false),
    (I::Runs, B::Cosignatures, true, true),
    (I::Signer, B::Checkpoints, true, true),
    (I::Signer, B::Tiles, true, true),
    (I::Signer, B::Entries, true, true),
    (I::Signer, B::Anchors, true, true),
    (I::Purge, B::Checkpoints, true, false),
    (I::Purge, B::Cosignatures, true, false),
    (I::Purge, B::Entries, true, true),
];

/// Who may remove documents, from which container, and how their ids begin: commits of the log, what finds their rows, intents that the log holds, details of persons,
/// keys of tenants.
///
/// Nobody else has such a right, and nobody may remove anything else there.
pub const REMOVAL_RIGHTS: &[(Identity, Container, &str)] = &[
    (I::Purge, C::Log, "c-"),
    (I::Purge, C::LogSearch, "row-"),
    (I::Purge, C::Auth, "aud_"),
    (I::Purge, C::Access, "aud_"),
    (I::Purge, C::Runs, "aud_"),
    (I::Purge, C::Audit, "aud_"),
    (I::Purge, C::Purges, "aud_"),
    (I::Purge, C::Disclosures, "aud_"),
    (I::Purge, C::Disclosures, "pd-"),
    (I::Purge, C::Keyring, "auth-fields-"),
];

/// Who may remove blobs, from which container.
pub const BLOB_REMOVAL_RIGHTS: &[(Identity, Bucket)] = &[(I::Purge, B::Exports)];

/// Who may send to which queue.
pub const QUEUE_RIGHTS: &[(Identity, QueueName)] = &[
    (I::Auth, QueueName::Seal),
    (I::Auth, QueueName::Letters),
    (I::Auth, QueueName::Reseal),
    (I::Runs, QueueName::Seal),
    (I::Audit, QueueName::Seal),
    (I::Audit, QueueName::Sign),
    (I::Audit, QueueName::Directory),
    (I::Signer, QueueName::Witness),
    (I::Audit, QueueName::Purge),
    (I::Purge, QueueName::Seal),
    (I::Purge, QueueName::Export),
];

/// Who may receive from which queue: the app that it wakes. In Azure the Functions host polls in that app's name,
/// and sets aside in `<queue>-poison` what failed too often.
pub const RECEIVERS: &[(Identity, QueueName)] = &[
    (I::Audit, QueueName::Seal),
    (I::Signer, QueueName::Sign),
    (I::Signer, QueueName::Directory),
    (I::Runs, QueueName::Witness),
    (I::Auth, QueueName::Bootstrap),
    (I::Auth, QueueName::Letters),
    (I::Auth, QueueName::Reseal),
    (I::Purge, QueueName::Purge),
    (I::Audit, QueueName::Export),
];

/// Who may publish to the internal topic: whoever changes state.
pub const PUBLISHERS: &[Identity] = &[I::Auth, I::Runs, I::Audit];

/// Each secret and its one reader. Only the reader of the mail provider's password sends letters.
pub const SECRETS: &[(Secret, Identity)] = &[(Secret::MailPassword, I::Auth)];
