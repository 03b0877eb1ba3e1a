//! The score as a statement carries it.

use std::collections::BTreeMap;

use domain::run::{Outcome, Score, score};
use serde::{Deserialize, Serialize};

use super::Predicate;

/// A [`Score`] and how it was computed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StatedScore {
    /// How it was computed.
    pub algo: ScoreAlgorithm,
    /// As [`Score::score_bp`].
    pub score_bp: u32,
    /// As [`Score::coverage_bp`].
    pub coverage_bp: u32,
    /// As [`Score::score_with_exceptions_bp`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_with_exceptions_bp: Option<u32>,
    /// As [`Score::counts`].
    pub counts: BTreeMap<Outcome, u32>,
}

/// How a score was computed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreAlgorithm {
    /// [`domain::run::score`].
    V1,
}

impl From<Score> for StatedScore {
    fn from(score: Score) -> Self {
        let Score { score_bp, coverage_bp, score_with_exceptions_bp, counts } = score;
        Self { algo: ScoreAlgorithm::V1, score_bp, coverage_bp, score_with_exceptions_bp, counts }
    }
}

impl Predicate {
    /// The score that follows from the stated outcomes. A Runner whose `score` is another is not believed.
    pub fn recomputed_score(&self) -> StatedScore {
        let checks = self.steps.iter().flat_map(|step| &step.checks);
        let checks: Vec<_> =
            checks.map(|check| (check.outcome, check.severity, check.weight)).collect();
        score(&checks).into()
    }
}
