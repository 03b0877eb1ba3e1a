//! A policy as text: one line for each thing that is pinned.

use std::{fmt, str::FromStr};

use super::{Policy, PolicyError, Tier};
use crate::{
    anchor::PinnedAnchors,
    note::VerifierKey,
    quorum::{PinnedWitness, Quorum},
    seen::Seen,
};

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut lines = Lines::default();
        for (line, content) in (1..).zip(text.lines().map(str::trim)) {
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let (word, value) = content.split_once([' ', '\t']).ok_or(PolicyError::Line(line))?;
            lines.take(line, word, value.trim())?;
        }
        lines.finish()
    }
}

/// What was read of a policy.
#[derive(Default)]
struct Lines {
    origin: Option<String>,
    log_keys: Vec<VerifierKey>,
    export_keys: Vec<VerifierKey>,
    anchors: PinnedAnchors,
    quorum: Quorum,
    has_quorum: Option<()>,
    seen: Vec<Seen>,
    retention: Option<u32>,
    tier: Option<Tier>,
}

impl Lines {
    fn take(&mut self, line: usize, word: &str, value: &str) -> Result<(), PolicyError> {
        let refused = |source| PolicyError::Quorum { line, source };
        match word {
            "origin" => once(&mut self.origin, value.to_owned(), line),
            "log" => {
                // tlog-policy allows an address behind the key, which is of no use here.
                let text = value.split([' ', '\t']).next().unwrap_or_default();
                self.log_keys.push(key(text, line)?);
                Ok(())
            }
            "export" => {
                self.export_keys.push(key(value, line)?);
                Ok(())
            }
            "directory" => {
                let key = value.parse().map_err(|source| PolicyError::Key { line, source })?;
                self.anchors.directory.push(key);
                Ok(())
            }
            "authority" => {
                let key =
                    value.parse().map_err(|source| PolicyError::Authority { line, source })?;
                self.anchors.authorities.push(key);
                Ok(())
            }
            "witness" => self.quorum.add_witness(value).map_err(refused),
            "group" => self.quorum.add_group(value).map_err(refused),
            "quorum" => {
                once(&mut self.has_quorum, (), line)?;
                self.quorum.decide(value).map_err(refused)
            }
            "seen" => {
                self.seen.push(value.parse().map_err(|_| PolicyError::Line(line))?);
                Ok(())
            }
            "retention" => {
                let months = value.parse().ok().filter(|months: &u32| *months > 0);
                once(&mut self.retention, months.ok_or(PolicyError::Line(line))?, line)
            }
            "tier" => {
                let known = Tier::of_name(value).ok_or(PolicyError::Line(line))?;
                once(&mut self.tier, known, line)
            }
            _ => Err(PolicyError::Line(line)),
        }
    }

    fn finish(self) -> Result<Policy, PolicyError> {
        let Self { origin, log_keys, export_keys, anchors, quorum, .. } = self;
        let Self { has_quorum, seen, retention, tier, .. } = self;
        let retention = retention.unwrap_or_default();
        let mut names: Vec<_> = log_keys.iter().map(VerifierKey::name).collect();
        names.dedup();
        let only = if let [only] = names.as_slice() { Some((*only).to_owned()) } else { None };
        let origin = match origin {
            Some(origin) => origin,
            // A policy of tlog-policy: the log's name is that of its key. Without a quorum line it is not one.
            None => only.filter(|_| has_quorum.is_some()).ok_or(PolicyError::NoOrigin)?,
        };
        if log_keys.is_empty() {
            return Err(PolicyError::NoKey);
        }
        if has_quorum.is_none() && !quorum.witnesses().is_empty() {
            return Err(PolicyError::NoQuorum);
        }
        let is_own =
            |witness: &PinnedWitness| log_keys.iter().any(|log| log.key() == witness.key.key());
        if quorum.witnesses().iter().any(is_own) {
            return Err(PolicyError::OwnWitness);
        }
        let by_quorum = if quorum.asks_nobody() { Tier::Signed } else { Tier::Witnessed };
        let tier = tier.unwrap_or(by_quorum);
        Ok(Policy { origin, log_keys, export_keys, anchors, quorum, seen, retention, tier })
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "origin {}", self.origin)?;
        self.log_keys.iter().try_for_each(|key| writeln!(f, "log {key}"))?;
        self.export_keys.iter().try_for_each(|key| writeln!(f, "export {key}"))?;
        self.anchors.directory.iter().try_for_each(|key| writeln!(f, "directory {key}"))?;
        self.anchors.authorities.iter().try_for_each(|key| writeln!(f, "authority {key}"))?;
        write!(f, "{}", self.quorum)?;
        self.seen.iter().try_for_each(|seen| writeln!(f, "seen {seen}"))?;
        if self.retention > 0 {
            writeln!(f, "retention {}", self.retention)?;
        }
        writeln!(f, "tier {}", self.tier)
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
