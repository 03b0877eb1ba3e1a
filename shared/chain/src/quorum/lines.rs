//! The lines of a policy about witnesses, read and written (C2SP tlog-policy).

use std::fmt;

use super::{Group, NAMES_MAX, NONE, PinnedWitness, Quorum, QuorumError};
use crate::cosignature::WitnessKey;

impl Quorum {
    /// Takes what follows the word `witness` in a line.
    pub(crate) fn add_witness(&mut self, line: &str) -> Result<(), QuorumError> {
        let mut words = words(line);
        let (Some(name), Some(key)) = (words.next(), words.next()) else {
            return Err(QuorumError::Form);
        };
        let url = words.next().map(str::to_owned);
        if words.next().is_some() || self.witnesses.len() == NAMES_MAX {
            return Err(if self.witnesses.len() == NAMES_MAX {
                QuorumError::TooMany
            } else {
                QuorumError::Form
            });
        }
        let key: WitnessKey = key.parse()?;
        if self.witnesses.iter().any(|known| known.key.key() == key.key()) {
            return Err(QuorumError::Twice(key.to_string()));
        }
        let name = self.free_name(name)?;
        self.witnesses.push(PinnedWitness { name, key, url });
        Ok(())
    }

    /// Takes what follows the word `group` in a line.
    pub(crate) fn add_group(&mut self, line: &str) -> Result<(), QuorumError> {
        let mut words = words(line);
        let (Some(name), Some(needed)) = (words.next(), words.next()) else {
            return Err(QuorumError::Form);
        };
        let members: Vec<_> = words.map(str::to_owned).collect();
        if self.groups.len() == NAMES_MAX {
            return Err(QuorumError::TooMany);
        }
        for (place, member) in members.iter().enumerate() {
            self.check_known(member)?;
            let elsewhere = self.groups.iter().flat_map(|group| &group.members);
            if elsewhere.chain(members.iter().take(place)).any(|taken| taken == member) {
                return Err(QuorumError::Member(member.clone()));
            }
        }
        let needed = match needed {
            "all" => members.len(),
            "any" => 1,
            number => number
                .parse()
                .ok()
                .filter(|needed: &usize| needed.to_string() == number)
                .ok_or(QuorumError::Form)?,
        };
        if !(1..=members.len()).contains(&needed) {
            return Err(QuorumError::Threshold);
        }
        let name = self.free_name(name)?;
        self.groups.push(Group { name, needed, members });
        Ok(())
    }

    /// Takes what follows the word `quorum` in a line.
    pub(crate) fn decide(&mut self, name: &str) -> Result<(), QuorumError> {
        let mut words = words(name);
        let (Some(name), None) = (words.next(), words.next()) else {
            return Err(QuorumError::Form);
        };
        if name == NONE {
            return Ok(());
        }
        self.check_known(name)?;
        self.rule = Some(name.to_owned());
        Ok(())
    }

    fn is_known(&self, name: &str) -> bool {
        self.witnesses.iter().any(|witness| witness.name == name)
            || self.groups.iter().any(|group| group.name == name)
    }

    fn check_known(&self, name: &str) -> Result<(), QuorumError> {
        if self.is_known(name) { Ok(()) } else { Err(QuorumError::Unknown(name.to_owned())) }
    }

    fn free_name(&self, name: &str) -> Result<String, QuorumError> {
        match name {
            NONE => Err(QuorumError::Form),
            taken if self.is_known(taken) => Err(QuorumError::Twice(taken.to_owned())),
            free => Ok(free.to_owned()),
        }
    }
}

impl fmt::Display for Quorum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for PinnedWitness { name, key, url } in &self.witnesses {
            let url = url.as_ref().map(|url| format!(" {url}")).unwrap_or_default();
            writeln!(f, "witness {name} {key}{url}")?;
        }
        for Group { name, needed, members } in &self.groups {
            writeln!(f, "group {name} {needed} {}", members.join(" "))?;
        }
        match &self.rule {
            Some(rule) => writeln!(f, "quorum {rule}"),
            None if self.witnesses.is_empty() => Ok(()),
            None => writeln!(f, "quorum {NONE}"),
        }
    }
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split([' ', '\t']).filter(|word| !word.is_empty())
}
