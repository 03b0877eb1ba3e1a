//! Queues, each of which wakes one app.

use serde::{Deserialize, Serialize};

/// A queue; each wakes one app.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueName {
    /// To `audit`: a tenant has intents to seal. Text: the tenant's id.
    Seal,
    /// To `signer`: a tenant's log grew. Text: the tenant's id.
    Sign,
    /// To `signer`: somebody waits for the directory's next head. Text: the tenant's id.
    Directory,
    /// To `runs`: witnesses of others are to cosign a tenant's log. Text: the tenant's id.
    Witness,
    /// To `purge`: a tenant's purge may go on. Text: the tenant's id.
    Purge,
    /// To `audit`: a purge waits for an export of its rows. Text: the tenant's id.
    Export,
    /// To `auth`: create the first tenant and its owner's invitation.
    Bootstrap,
    /// To `auth`: a letter to send, or somebody who forgot their password. Text: sealed.
    Letters,
    /// To `auth`: fields of a tenant are to be sealed anew. Text: the tenant's id.
    Reseal,
}

impl QueueName {
    /// Every queue.
    pub const ALL: [Self; 9] = [
        Self::Seal,
        Self::Sign,
        Self::Directory,
        Self::Witness,
        Self::Purge,
        Self::Export,
        Self::Bootstrap,
        Self::Letters,
        Self::Reseal,
    ];

    /// Its name in storage.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Sign => "sign",
            Self::Directory => "directory",
            Self::Witness => "witness",
            Self::Purge => "purge",
            Self::Export => "export",
            Self::Bootstrap => "bootstrap",
            Self::Letters => "letters",
            Self::Reseal => "reseal",
        }
    }

    /// The queue to which a message goes that failed too often: `<queue>-poison`, as the Functions host names it.
    pub fn poison(self) -> String {
        format!("{}-poison", self.name())
    }
}
