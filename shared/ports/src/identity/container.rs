//! Containers of documents, and what can be done to these.

use serde::{Deserialize, Serialize};

use Action::{ChangeFeed, Create, Query, Read, Replace};
use Container as C;

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
    /// How often something was tried: one counter a document, keyed by a MAC of what is counted.
    RateLimit,
    /// The audit log: commit documents.
    Log,
    /// The projection of the log by which rows are found; made from the log again at any time.
    LogSearch,
    /// Replaceable hints on how far a feed was read.
    Cursors,
    /// Receipts for events whose sealing somebody waits for, by the event's id: where in the log it is.
    Sealed,
    /// Personal details that rows commit to, sealed to a key of the person, and those keys.
    Disclosures,
    /// Purges, how far they are, and the intents of the app that carries them out.
    Purges,
}

impl Container {
    /// Every container.
    pub const ALL: [Self; 13] = [
        C::Auth,
        C::Runs,
        C::Audit,
        C::Access,
        C::Keyring,
        C::LoginIndex,
        C::RateLimit,
        C::Log,
        C::LogSearch,
        C::Cursors,
        C::Sealed,
        C::Disclosures,
        C::Purges,
    ];

    /// Its name in storage.
    pub const fn name(self) -> &'static str {
        match self {
            C::Auth => "auth",
            C::Runs => "runs",
            C::Audit => "audit",
            C::Access => "access",
            C::Keyring => "keyring",
            C::LoginIndex => "login_index",
            C::RateLimit => "ratelimit",
            C::Log => "log",
            C::LogSearch => "log_search",
            C::Cursors => "cursors",
            C::Sealed => "sealed",
            C::Disclosures => "disclosures",
            C::Purges => "purges",
        }
    }

    /// Whether documents of it may expire. The database then removes them by itself, which nobody needs a right for;
    /// everywhere else it keeps them even if a document asks to be removed.
    pub const fn expires(self) -> bool {
        match self {
            C::Auth | C::Runs | C::Access | C::Sealed | C::RateLimit => true,
            C::Audit
            | C::Keyring
            | C::LoginIndex
            | C::Log
            | C::LogSearch
            | C::Cursors
            | C::Disclosures
            | C::Purges => false,
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
