//! A procedure: what a Runner does, what must hold, and how it is known that each check can fail.
//!
//! The signed form is the RFC 8785 bytes of [`Procedure`]; its digest is SHA-256 of them. Unknown fields are refused.

mod connector;
mod lint;
mod plan;

pub use connector::{Command, Connector, ConnectorKind, File, FileFormat, Http, StdoutFormat, Tls};
pub use lint::{Finding, lint};
pub use plan::{PlanError, plan};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::run::Severity;

/// The only schema there is.
pub const SCHEMA: &str = "proofline-procedure/1";
/// Steps of a procedure, at most.
pub const STEPS_MAX: usize = 200;
/// Checks of all steps together, at most.
pub const CHECKS_MAX: usize = 1_000;
/// Characters of a title, at most.
pub const TITLE_CHARS_MAX: usize = 120;
/// Characters of an instruction or a message, at most.
pub const TEXT_CHARS_MAX: usize = 2_000;
/// Bytes of an expression, at most.
pub const EXPRESSION_BYTES_MAX: usize = 2_048;
/// Seconds a step may take, at most.
pub const TIMEOUT_S_MAX: u32 = 600;
/// Bytes a step may collect, at most.
pub const EVIDENCE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Days evidence may be kept, at most (ten years).
pub const RETAIN_DAYS_MAX: u32 = 3_650;

/// A procedure, as signed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// [`SCHEMA`].
    pub schema: String,
    /// The name that stays the same over all versions: `[a-z0-9][a-z0-9.-]{1,63}`.
    pub key: String,
    /// What people call it.
    pub title: String,
    /// The version for people: `major.minor.patch`.
    pub version: String,
    /// The version for machines: from 1, higher in every version. A Runner refuses to go back.
    pub revision: u32,
    /// Who answers for it.
    pub owner: String,
    /// What is done, in the order in which it is told.
    pub steps: Vec<Step>,
}

impl Procedure {
    /// The checks of all steps, with their step.
    pub fn checks(&self) -> impl Iterator<Item = (&Step, &Check)> {
        self.steps.iter().flat_map(|step| step.checks.iter().map(move |check| (step, check)))
    }
}

/// One collection, and what must hold of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "connector::FlatStep", into = "connector::FlatStep")]
pub struct Step {
    /// Unique in the procedure: `[a-z0-9][a-z0-9_-]{0,62}`.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// What it does and why, for people.
    pub instruction: Option<String>,
    /// What collects, and how it is set: the fields `connector` and `with`.
    pub connector: Connector,
    /// Wall-clock limit in seconds, 1 to [`TIMEOUT_S_MAX`].
    pub timeout_s: u32,
    /// What must hold of what was collected.
    pub checks: Vec<Check>,
    /// Steps that must have collected something before.
    pub needs: Vec<String>,
    /// How what was collected is kept.
    pub evidence: EvidencePolicy,
}

/// A statement about what was collected, that is true or false.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Unique in the procedure: `[a-z0-9][a-z0-9_-]{0,62}`.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// A CEL expression over `value` (what was collected) and `now` (seconds since 1970) that yields true or false.
    pub expr: String,
    /// How much it matters when it does not hold.
    pub severity: Severity,
    /// Its share of the score, 1 to 100.
    pub weight: u8,
    /// What to tell people when it does not hold.
    pub fail_message: String,
    /// A `value` over which the expression must yield false: proof that the check can fail.
    pub must_fail: Value,
}

/// How what a step collected is kept by the Runner.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvidencePolicy {
    /// Days until it may be purged, 1 to [`RETAIN_DAYS_MAX`].
    pub retain_days: u32,
    /// Bytes collected at most, 1 to [`EVIDENCE_BYTES_MAX`]; what is longer is cut, and decides nothing.
    pub max_bytes: u64,
    /// How confidential it is.
    pub classification: Classification,
}

impl Default for EvidencePolicy {
    fn default() -> Self {
        Self {
            retain_days: 400,
            max_bytes: 1024 * 1024,
            classification: Classification::Confidential,
        }
    }
}

/// How confidential evidence is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Classification {
    /// For anyone.
    Public,
    /// For the customer's people.
    Internal,
    /// For those who need it.
    Confidential,
    /// For those who are named.
    Secret,
}
