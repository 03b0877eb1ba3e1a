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
//! Several `log` lines: any of the keys may have signed (a key that is being replaced). `tier` may be left out: `signed`.

use std::{fmt, str::FromStr};

use serde::Serialize;

use crate::note::{NoteError, VerifierKey};

/// Whom the proof binds; each includes the ones before.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Nobody: the rows fit each other; whoever holds them could have made them all anew.
    Chained,
    /// The log's signer: nobody without its key changed anything.
    Signed,
    /// And time: the signer itself changed nothing that is older than an external time stamp.
    Timestamped,
    /// And witnesses: the signer showed everybody the same log.
    Witnessed,
}

/// What an auditor pinned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// The log's name in its checkpoints.
    pub origin: String,
    /// The keys that may sign its checkpoints; at least one.
    pub log_keys: Vec<VerifierKey>,
    /// The keys that may sign manifests of exports, beside those of the log.
    pub export_keys: Vec<VerifierKey>,
    /// The least proof that counts as `ok`.
    pub tier: Tier,
}

/// Why a text is not a policy. Lines count from 1.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// A line that no rule knows.
    #[error(
        "line {0} of the policy is none of: origin <name>, log <verifier key>, export <verifier key>, tier <tier>, # comment"
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
    /// No `origin` line.
    #[error("the policy has no line “origin <name>”; it must say which log it is about")]
    NoOrigin,
    /// No `log` line.
    #[error("the policy has no line “log <verifier key>”; without a pinned key nothing is proved")]
    NoKey,
}

impl Tier {
    /// Every tier, weakest first.
    pub const ALL: [Self; 4] = [Self::Chained, Self::Signed, Self::Timestamped, Self::Witnessed];

    /// Its name in policies and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chained => "chained",
            Self::Signed => "signed",
            Self::Timestamped => "timestamped",
            Self::Witnessed => "witnessed",
        }
    }

    /// Against whom the log is proved, and against whom it is not.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Chained => {
                "The rows fit each other. Whoever holds them could have made them all anew."
            }
            Self::Signed => {
                "Nobody without the log's key changed anything. Whoever holds that key could have signed another history."
            }
            Self::Timestamped => {
                "Not even the log's signer changed what is older than the time stamp. It could have shown others a different log."
            }
            Self::Witnessed => {
                "Not even the log's signer changed anything that a witness has seen, and it showed everybody the same log."
            }
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let (mut origin, mut log_keys, mut export_keys, mut tier) =
            (None, Vec::new(), Vec::new(), None);
        for (line, content) in (1..).zip(text.lines().map(str::trim)) {
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let (word, value) = content.split_once(' ').ok_or(PolicyError::Line(line))?;
            match (word, value.trim()) {
                ("origin", value) => once(&mut origin, value.to_owned(), line)?,
                ("log", value) => log_keys.push(key(value, line)?),
                ("export", value) => export_keys.push(key(value, line)?),
                ("tier", value) => {
                    let known = Tier::ALL.into_iter().find(|tier| tier.name() == value);
                    once(&mut tier, known.ok_or(PolicyError::Line(line))?, line)?;
                }
                _ => return Err(PolicyError::Line(line)),
            }
        }
        let origin = origin.ok_or(PolicyError::NoOrigin)?;
        let tier = tier.unwrap_or(Tier::Signed);
        if log_keys.is_empty() {
            Err(PolicyError::NoKey)
        } else {
            Ok(Self { origin, log_keys, export_keys, tier })
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "origin {}", self.origin)?;
        self.log_keys.iter().try_for_each(|key| writeln!(f, "log {key}"))?;
        self.export_keys.iter().try_for_each(|key| writeln!(f, "export {key}"))?;
        writeln!(f, "tier {}", self.tier)
    }
}

impl Policy {
    /// The keys that may sign the manifest of an export.
    pub(crate) fn manifest_keys(&self) -> Vec<VerifierKey> {
        self.log_keys.iter().chain(&self.export_keys).cloned().collect()
    }
}

fn key(text: &str, line: usize) -> Result<VerifierKey, PolicyError> {
    text.parse().map_err(|source| PolicyError::Key { line, source })
}

fn once<T>(place: &mut Option<T>, value: T, line: usize) -> Result<(), PolicyError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(PolicyError::Twice(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    fn parse(text: &str) -> Result<Policy, PolicyError> {
        text.replace("KEY", KEY).parse()
    }

    #[test]
    fn a_policy_is_read_as_it_is_written() {
        let policy =
            parse("# pinned\n\n  origin example.com/foo\r\nlog KEY\nlog KEY\nexport KEY\ntier witnessed\n")
                .unwrap();
        assert_eq!(policy.origin, "example.com/foo");
        assert_eq!(
            (policy.log_keys.len(), policy.export_keys.len(), policy.tier),
            (2, 1, Tier::Witnessed)
        );
        assert_eq!(policy.to_string().parse(), Ok(policy));
        assert_eq!(parse("origin o\nlog KEY").unwrap().tier, Tier::Signed);
    }

    #[test]
    fn a_policy_that_pins_nothing_is_refused() {
        assert_eq!(parse(""), Err(PolicyError::NoOrigin));
        assert_eq!(parse("log KEY"), Err(PolicyError::NoOrigin));
        assert_eq!(parse("origin o"), Err(PolicyError::NoKey));
    }

    #[test]
    fn a_line_that_no_rule_knows_is_refused_by_its_number() {
        assert_eq!(parse("origin o\nlog KEY\nwitness x"), Err(PolicyError::Line(3)));
        assert_eq!(parse("origin"), Err(PolicyError::Line(1)));
        assert_eq!(parse("origin o\ntier golden"), Err(PolicyError::Line(2)));
        assert_eq!(parse("origin o\norigin p"), Err(PolicyError::Twice(2)));
        assert_eq!(parse("origin o\ntier signed\ntier chained"), Err(PolicyError::Twice(3)));
        assert!(matches!(parse("\nlog KEYx"), Err(PolicyError::Key { line: 2, .. })));
    }

    #[test]
    fn tiers_are_ordered_by_strength() {
        assert!(Tier::ALL.is_sorted());
        for tier in Tier::ALL {
            assert_eq!(serde_json::to_value(tier).unwrap(), tier.name());
        }
    }
}
