//! The steps of a run.

use domain::{
    EvidenceId,
    run::{Outcome, ReasonCode, Severity},
};
use serde::{Deserialize, Serialize};

use crate::{Digest, Name};

/// One step of a run.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The step, as the procedure names it.
    pub id: Name,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, from a closed list.
    pub reason: ReasonCode,
    /// What was checked.
    pub checks: Vec<Check>,
    /// What was collected.
    pub evidence: Vec<EvidenceId>,
    /// The program that was used, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
}

/// One check of a step.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The check, as the procedure names it.
    pub id: Name,
    /// How it ended.
    pub outcome: Outcome,
    /// How bad a failure is.
    pub severity: Severity,
    /// How much it counts, 1 to 100.
    pub weight: u8,
}

/// A program that a step used.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: Name,
    /// Its version.
    pub version: Name,
    /// The digest of its file.
    pub sha256: Digest,
}
