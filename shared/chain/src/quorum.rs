//! How many witnesses are enough, and which: the part of C2SP tlog-policy that is about witnesses.
//!
//! ```text
//! witness runner example.com/witness/build-1+d7f6b75b+BKf236+POLibqM5km1lPkeTQH9xX+clJPfQ7XlCpmHNn
//! witness public witness.example.org/w1+0123abcd+BA…  https://witness.example.org
//! group both all runner public
//! quorum both
//! ```

mod lines;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    cosignature::{self, WitnessKey},
    note::{Note, NoteError},
};

/// The predefined name of the quorum that asks for nobody.
const NONE: &str = "none";
/// The most witnesses, and the most groups; the specification asks for at least 32 of each.
const NAMES_MAX: usize = 64;

/// The witnesses that an auditor pinned, and how many of them must have cosigned.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Quorum {
    witnesses: Vec<PinnedWitness>,
    groups: Vec<Group>,
    /// The witness or group that decides; none: nobody needs to have cosigned.
    rule: Option<String>,
}

/// A witness, under the name that the policy gives it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PinnedWitness {
    /// Its name in the policy and in reports.
    pub name: String,
    /// Its key.
    pub key: WitnessKey,
    /// Where it is asked, which a verifier has no use for.
    pub url: Option<String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Group {
    name: String,
    needed: usize,
    members: Vec<String>,
}

/// Why a line about witnesses does not count.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum QuorumError {
    /// Not in the form of tlog-policy.
    #[error(
        "write: witness <name> <verifier key> [url], group <name> <all|any|number> <name>…, quorum <name|none>"
    )]
    Form,
    /// The name or the key is taken.
    #[error("{0} is there already; names and keys are listed once")]
    Twice(String),
    /// A name that no line above gives.
    #[error("no line above gives the name {0}")]
    Unknown(String),
    /// In more than one group.
    #[error("{0} is a member already; whoever counted twice would be two witnesses")]
    Member(String),
    /// More than the members, or none.
    #[error("a group needs at least one of its members and at most all")]
    Threshold,
    /// More than can be.
    #[error("a policy has at most {NAMES_MAX} witnesses and {NAMES_MAX} groups")]
    TooMany,
    /// The key cannot be read.
    #[error(transparent)]
    Key(#[from] NoteError),
}

impl Quorum {
    /// The quorum that one witness is.
    ///
    /// # Errors
    /// [`QuorumError::Form`] for a name with white space, or the reserved one.
    pub fn of_one(name: &str, key: WitnessKey) -> Result<Self, QuorumError> {
        let mut quorum = Self::default();
        quorum.add_witness(&format!("{name} {key}"))?;
        quorum.decide(name)?;
        Ok(quorum)
    }

    /// The witnesses, in the order of the policy.
    pub fn witnesses(&self) -> &[PinnedWitness] {
        &self.witnesses
    }

    /// The names of the witnesses that cosigned the note, each with the time, in seconds since 1970.
    ///
    /// # Errors
    /// [`NoteError::Signature`]: a line by one of them is wrong.
    pub fn cosigned(&self, note: &Note<'_>) -> Result<BTreeMap<&str, u64>, NoteError> {
        let mut times = BTreeMap::new();
        for PinnedWitness { name, key, .. } in &self.witnesses {
            let found = cosignature::cosigned(note, [key])?;
            times.extend(found.iter().map(|cosigned| (name.as_str(), cosigned.time)));
        }
        Ok(times)
    }

    /// Whether anybody must have cosigned at all.
    pub const fn asks_nobody(&self) -> bool {
        self.rule.is_none()
    }

    /// Whether those whose names are in `cosigned` are enough. Nobody is never enough: no witness, no witnessing.
    pub fn is_met(&self, cosigned: &BTreeSet<&str>) -> bool {
        self.rule.as_ref().is_some_and(|rule| self.has_witnessed(rule, cosigned))
    }

    /// A group names only what stands above it, so that this ends.
    fn has_witnessed(&self, name: &str, cosigned: &BTreeSet<&str>) -> bool {
        match self.groups.iter().find(|group| group.name == name) {
            None => cosigned.contains(name),
            Some(Group { needed, members, .. }) => {
                let witnessed = members.iter().filter(|name| self.has_witnessed(name, cosigned));
                witnessed.count() >= *needed
            }
        }
    }

    /// What the policy asks for, in words, such as `2 of a, b, c`.
    pub fn describe(&self) -> String {
        self.rule.as_ref().map_or_else(|| "nobody".to_owned(), |rule| self.describe_name(rule))
    }

    fn describe_name(&self, name: &str) -> String {
        let Some(group) = self.groups.iter().find(|group| group.name == name) else {
            return name.to_owned();
        };
        let members: Vec<_> = group.members.iter().map(|name| self.describe_name(name)).collect();
        match members.as_slice() {
            [only] => only.clone(),
            all if group.needed == all.len() => format!("({})", all.join(" and ")),
            any if group.needed == 1 => format!("({})", any.join(" or ")),
            some => format!("({} of {})", group.needed, some.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests;
