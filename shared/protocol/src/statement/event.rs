//! The place of a statement in its Runner's chain.

use std::{fmt, str::FromStr};

use domain::{RunId, RunnerId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Digest, TextError, text::as_text};

/// What the signed statement says about its event; the attributes of the `CloudEvent` around it must say the same.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// `sequence` as 20 digits: source and id are unique together, and two statements that claim one place have one id.
    pub id: EventNumber,
    /// [`source_of`] the Runner.
    pub source: String,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The run.
    pub subject: RunId,
    /// When, by the Runner's clock; nothing is ordered by it.
    pub time: Timestamp,
    /// The number of the statement among those of this Runner, from 1 without gaps.
    pub sequence: u64,
    /// The SHA-256 of the payload bytes of the statement before; 64 zeros for the first.
    pub prev: Digest,
}

/// What happened.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum EventType {
    /// A run ended and this is its result.
    #[serde(rename = "io.proofline.run.completed.v1")]
    RunCompleted,
}

impl EventType {
    /// The type's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RunCompleted => "io.proofline.run.completed.v1",
        }
    }
}

/// A sequence number as 20 decimal digits, so that text sorts as numbers do (`CloudEvents` sequence extension).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EventNumber(pub u64);

impl fmt::Display for EventNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020}", self.0)
    }
}

impl FromStr for EventNumber {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let refused = TextError("a sequence number of 20 decimal digits");
        if text.len() != 20 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refused);
        }
        text.parse().map(Self).map_err(|_| refused)
    }
}

as_text!(EventNumber);

/// The source of a Runner's events: `urn:proofline:runner:<rnr_…>`.
pub fn source_of(runner: RunnerId) -> String {
    format!("urn:proofline:runner:{runner}")
}
