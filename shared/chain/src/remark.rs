//! What the sealer notes in the log of its own accord: intents that are missing, and intents that are not as they should be.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    Hash,
    instances::{self, Broken, Gap, INCOMPLETE_ACTION},
    intent::{Intent, Source},
};

/// The action of a row that says that what was given up came after all: the row before it.
pub const FILLED_ACTION: &str = "log.filled";

/// Something odd, to be noted in a row: after the intent that it is about, in the same commit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Remark {
    /// Intents were numbered and did not come.
    Missing(Gap),
    /// Two intents of one instance contradict each other: one names another predecessor than the one that was sealed.
    Forked {
        /// `app/instance`.
        instance: String,
        /// The number of the one that names it.
        number: u64,
        /// The digest of its predecessor, as it was sealed.
        expected: Hash,
        /// The digest that it names.
        got: Hash,
    },
    /// A number came a second time, with other words. They are not sealed.
    Conflict {
        /// `app/instance`.
        instance: String,
        /// The number.
        number: u64,
        /// The event that the other words are about.
        event: String,
        /// The digest of the intent that was sealed.
        expected: Hash,
        /// The digest of the other one.
        got: Hash,
    },
    /// A number that had been given up came after all, and was sealed.
    Late {
        /// `app/instance`.
        instance: String,
        /// The number.
        number: u64,
        /// Why it had been given up: `missing` or `void`.
        was: &'static str,
    },
}

impl Remark {
    pub(crate) fn forked(source: &Source, broken: Broken) -> Self {
        let Broken { number, expected, got } = broken;
        Self::Forked { instance: instances::key(source), number, expected, got }
    }

    pub(crate) fn conflict(intent: &Intent, expected: Hash, got: Hash) -> Self {
        let (instance, number) = (instances::key(&intent.src), intent.src.number);
        Self::Conflict { instance, number, event: intent.id.clone(), expected, got }
    }

    pub(crate) fn late(source: &Source, was: &'static str) -> Self {
        Self::Late { instance: instances::key(source), number: source.number, was }
    }

    /// The action of the row that notes it.
    pub const fn action(&self) -> &'static str {
        match self {
            Self::Missing(_) | Self::Forked { .. } | Self::Conflict { .. } => INCOMPLETE_ACTION,
            Self::Late { .. } => FILLED_ACTION,
        }
    }

    /// The row's `reason`.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Missing(_) => "missing",
            Self::Forked { .. } => "forked",
            Self::Conflict { .. } => "conflict",
            Self::Late { .. } => "late",
        }
    }

    /// The row's `data`.
    pub fn to_data(&self) -> BTreeMap<String, Value> {
        let members = match self {
            Self::Missing(gap) => return gap.to_data(),
            Self::Forked { instance, number, expected, got } => json!({
                "expected": expected, "got": got, "instance": instance, "number": number,
            }),
            Self::Conflict { instance, number, event, expected, got } => json!({
                "event": event, "expected": expected, "got": got, "instance": instance,
                "number": number,
            }),
            Self::Late { instance, number, was } => {
                json!({"instance": instance, "number": number, "was": was})
            }
        };
        members.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect()
    }
}
