//! What an auditor pinned out of band: which log, which keys, how strong the proof must be.
//!
//! ```text
//! # handed over at the kick-off meeting, 2026-11-21
//! origin audit.example.com/ten_01jd5x
//! log audit.example.com/ten_01jd5x+0123abcd+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
//! export audit.example.com/ten_01jd5x/export+0123abcd+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
//! tier signed
//! ```
//!
//! `export` lines pin the keys that sign the manifests of exports, where another app holds them than the log's; they prove nothing about rows.
//! `directory` lines pin the ECDSA keys of the directory of all logs ([`crate::anchor`]), `authority` lines the public keys of time stamp authorities
//! ([`crate::timestamp::AuthorityKey`]); a stamp by one of these makes the tier `timestamped`.
//! Several `log` lines: any of the keys may have signed (a key that is being replaced). `witness`, `group` and `quorum` lines are those of
//! C2SP tlog-policy ([`crate::quorum`]), so that a policy of that format, which names one log and a quorum, can be used as it is.
//! A `retention` line says for how many months rows must be kept at least: what was purged earlier, nothing accounts for ([`crate::purge`]).
//! `seen` lines pin heads that the reader or a witness of his saw before ([`crate::seen`]).
//! `tier` may be left out: then it is `witnessed` where there is a quorum, and `signed` where there is none. So may `origin`, where all `log` keys
//! have one name.

mod lines;
mod tier;

use crate::{
    anchor::PinnedAnchors,
    note::{NoteError, VerifierKey},
    quorum::{Quorum, QuorumError},
    seen::Seen,
    timestamp::TimestampError,
};
pub use tier::Tier;

/// What an auditor pinned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// The log's name in its checkpoints.
    pub origin: String,
    /// The keys that may sign its checkpoints; at least one.
    pub log_keys: Vec<VerifierKey>,
    /// The keys that may sign manifests of exports, beside those of the log.
    pub export_keys: Vec<VerifierKey>,
    /// The keys of what holds the log fast from outside: the directory of logs, and authorities for time.
    pub anchors: PinnedAnchors,
    /// The witnesses, and how many of them must have cosigned for the tier `witnessed`.
    pub quorum: Quorum,
    /// Heads that were seen before, from each of which the log must go on.
    pub seen: Vec<Seen>,
    /// For how many months rows must be kept at least, before they may be purged; 0 leaves it to what the log says itself.
    pub retention: u32,
    /// The least proof that counts as `ok`.
    pub tier: Tier,
}

/// Why a text is not a policy. Lines count from 1.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// A line that no rule knows.
    #[error(
        "line {0} of the policy is none of: origin <name>, log <verifier key>, export <verifier key>, directory <verifier key>, authority <public key>, witness <name> <verifier key>, group <name> <all|any|number> <name>…, quorum <name>, seen <rows> <root>, retention <months>, tier <tier>, # comment"
    )]
    Line(usize),
    /// A second line of a kind that may occur once.
    #[error("line {0} of the policy says the same thing a second time; keep one")]
    Twice(usize),
    /// A key that cannot be read.
    #[error("line {line} of the policy has no usable key")]
    Key {
        /// Which line.
        line: usize,
        /// Why.
        source: NoteError,
    },
    /// An authority's key that cannot be read.
    #[error("line {line} of the policy has no usable key of an authority")]
    Authority {
        /// Which line.
        line: usize,
        /// Why.
        source: TimestampError,
    },
    /// A line about witnesses that does not count.
    #[error("line {line} of the policy does not count: {source}")]
    Quorum {
        /// Which line.
        line: usize,
        /// Why.
        source: QuorumError,
    },
    /// Witnesses, and nothing that says how many of them are enough.
    #[error(
        "the policy names witnesses and has no line “quorum <name>”; without one they would prove nothing"
    )]
    NoQuorum,
    /// The log's key is listed as a witness of it.
    #[error(
        "the policy lists the log's own key as a witness; whoever signs a log cannot witness it"
    )]
    OwnWitness,
    /// No `origin` line.
    #[error("the policy has no line “origin <name>”; it must say which log it is about")]
    NoOrigin,
    /// No `log` line.
    #[error("the policy has no line “log <verifier key>”; without a pinned key nothing is proved")]
    NoKey,
}

impl Policy {
    /// The same policy, for whoever asks for the tier `asked`: never for less than the policy does.
    #[must_use]
    pub fn asking(self, asked: Option<Tier>) -> Self {
        Self { tier: asked.map_or(self.tier, |asked| asked.max(self.tier)), ..self }
    }
}

impl Policy {
    /// The keys that may sign the manifest of an export. A key that is pinned for exports is one for every epoch: it signs as `ORIGIN/export`.
    pub(crate) fn manifest_keys(&self) -> Vec<VerifierKey> {
        let name = format!("{}/export", self.origin);
        let renamed = self.export_keys.iter().filter(|key| key.name() != name);
        let renamed = renamed.filter_map(|key| VerifierKey::new(&name, *key.key()).ok());
        self.log_keys.iter().chain(&self.export_keys).cloned().chain(renamed).collect()
    }
}

#[cfg(test)]
mod tests;
