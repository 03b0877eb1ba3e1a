//! What a run found: outcomes, why, and the score that follows from them.
//!
//! A score is a pure function of outcomes, severities and weights, so that the control plane recomputes what a Runner
//! claims, and an inspector recomputes both.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// The score of a run may not exceed this when a critical check failed, in basis points.
pub const CRITICAL_CAP_BP: u32 = 4_999;

/// How a check, a step or a run ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// It could not be examined.
    Error,
    /// It was examined, and what was seen decides nothing.
    Inconclusive,
    /// It does not concern this target.
    NotApplicable,
    /// Its condition said not to examine it.
    Skipped,
    /// A person has yet to attest it.
    ManualPending,
    /// It does not hold, and an approved exception covers it.
    Excepted,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 8] = [
        Self::Pass,
        Self::Fail,
        Self::Error,
        Self::Inconclusive,
        Self::NotApplicable,
        Self::Skipped,
        Self::ManualPending,
        Self::Excepted,
    ];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Inconclusive => "inconclusive",
            Self::NotApplicable => "not_applicable",
            Self::Skipped => "skipped",
            Self::ManualPending => "manual_pending",
            Self::Excepted => "excepted",
        }
    }

    /// The outcome of a whole: a fail is certain, an error or an open question hides one, and nothing examined is
    /// inconclusive, never pass.
    pub fn of_parts(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().max_by_key(|part| part.gravity()).unwrap_or(Self::Inconclusive)
    }

    /// Whether it decides something: it counts for the score.
    pub const fn is_evaluated(self) -> bool {
        match self {
            Self::Pass | Self::Fail | Self::Excepted => true,
            Self::Error | Self::Inconclusive | Self::ManualPending => false,
            Self::NotApplicable | Self::Skipped => false,
        }
    }

    /// Whether it was meant to decide something: it counts for the coverage.
    pub const fn is_in_scope(self) -> bool {
        match self {
            Self::NotApplicable | Self::Skipped => false,
            Self::Pass | Self::Fail | Self::Excepted => true,
            Self::Error | Self::Inconclusive | Self::ManualPending => true,
        }
    }

    const fn gravity(self) -> u8 {
        match self {
            Self::Skipped => 0,
            Self::NotApplicable => 1,
            Self::Pass => 2,
            Self::Excepted => 3,
            Self::ManualPending => 4,
            Self::Inconclusive => 5,
            Self::Error => 6,
            Self::Fail => 7,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How much a failed check matters.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// So much that the whole run scores below one half.
    Critical,
}

macro_rules! reasons {
    ($($variant:ident = $name:literal: $doc:literal;)*) => {
        /// Why a step ended as it did (add, never rename). A closed list: a free text could carry a raw value away from
        /// the Runner.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum ReasonCode {
            $(#[doc = $doc] #[serde(rename = $name)] $variant,)*
        }

        impl ReasonCode {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name on the wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

reasons! {
    ChecksPassed = "checks_passed": "Every check passed.";
    CheckFailed = "check_failed": "A check failed.";
    CheckInconclusive = "check_inconclusive": "A check could not be decided: the evidence lacks what it looks at.";
    CheckError = "check_error": "A check could not be evaluated.";
    NoChecks = "no_checks": "The step has no checks; it only collects.";
    TargetUnreachable = "target_unreachable": "The target could not be reached or read.";
    ToolMissing = "tool_missing": "The program is missing or could not be started.";
    ToolChanged = "tool_changed": "The program is not the one that the trust policy pins.";
    ToolFailed = "tool_failed": "The program ended with an error.";
    TimedOut = "timed_out": "It took too long.";
    OutputTruncated = "output_truncated": "The output was longer than allowed, and was cut: never a pass.";
    OutputUnreadable = "output_unreadable": "The output could not be read.";
    PolicyDenied = "policy_denied": "The Runner's trust policy forbids it.";
    DependencyFailed = "dependency_failed": "A step that it needs did not end well.";
    ConditionFalse = "condition_false": "Its condition says that it does not apply.";
    AwaitingPerson = "awaiting_person": "A person has yet to attest.";
    PersonAttested = "person_attested": "A person attested.";
    Cancelled = "cancelled": "The run was cancelled.";
    ExceptionApplied = "exception_applied": "An approved exception covers it.";
    InternalError = "internal_error": "The Runner failed.";
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a run is worth, always read as a pair: how good is what was examined, and how much was examined.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// Weight that passed, of the weight that was evaluated; basis points, rounded down. 0 when nothing was.
    pub score_bp: u32,
    /// Weight that was evaluated, of the weight in scope; basis points, rounded down. 0 when nothing was.
    pub coverage_bp: u32,
    /// The score with exceptions counted as passed; absent when there is no exception.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_with_exceptions_bp: Option<u32>,
    /// How many checks ended in which outcome; outcomes that did not occur are absent.
    pub counts: BTreeMap<Outcome, u32>,
}

/// The score of `checks`, algorithm `v1` (mission §3.2).
///
/// Evaluated are pass, fail and excepted; an error or an open question lowers the coverage alone; a critical fail caps
/// the score at [`CRITICAL_CAP_BP`].
pub fn score(checks: &[(Outcome, Severity, u8)]) -> Score {
    let weight = |counted: &dyn Fn(Outcome) -> bool| -> u64 {
        checks
            .iter()
            .filter(|(outcome, ..)| counted(*outcome))
            .map(|check| u64::from(check.2))
            .sum()
    };
    let evaluated = weight(&Outcome::is_evaluated);
    let passed = weight(&|outcome| outcome == Outcome::Pass);
    let excepted = weight(&|outcome| outcome == Outcome::Excepted);
    let mut counts = BTreeMap::new();
    for (outcome, ..) in checks {
        *counts.entry(*outcome).or_insert(0) += 1;
    }
    let cap = score_cap(checks);
    Score {
        score_bp: basis_points(passed, evaluated).min(cap),
        coverage_bp: basis_points(evaluated, weight(&Outcome::is_in_scope)),
        score_with_exceptions_bp: counts
            .contains_key(&Outcome::Excepted)
            .then(|| basis_points(passed + excepted, evaluated).min(cap)),
        counts,
    }
}

fn score_cap(checks: &[(Outcome, Severity, u8)]) -> u32 {
    let is_critical_fail =
        |check: &(Outcome, Severity, u8)| check.0 == Outcome::Fail && check.1 == Severity::Critical;
    if checks.iter().any(is_critical_fail) { CRITICAL_CAP_BP } else { 10_000 }
}

fn basis_points(part: u64, whole: u64) -> u32 {
    let share = part.saturating_mul(10_000).checked_div(whole).unwrap_or(0);
    u32::try_from(share).unwrap_or(10_000)
}

#[cfg(test)]
mod tests {
    use super::{Outcome as O, Severity as S, *};

    /// Floors computed by hand: 10000·7/8 = 8750; 10000·2/3 = 6666.6….
    #[test]
    fn a_score_is_the_passed_share_of_the_evaluated_weight_rounded_down() {
        let eighths = score(&[(O::Pass, S::Low, 7), (O::Fail, S::Low, 1)]);
        assert_eq!((eighths.score_bp, eighths.coverage_bp), (8_750, 10_000));
        let thirds = score(&[(O::Pass, S::Low, 2), (O::Fail, S::High, 1)]);
        assert_eq!((thirds.score_bp, thirds.coverage_bp), (6_666, 10_000));
        assert_eq!(thirds.counts, BTreeMap::from([(O::Pass, 1), (O::Fail, 1)]));
    }

    #[test]
    fn open_questions_lower_the_coverage_alone() {
        for open in [O::Error, O::Inconclusive, O::ManualPending] {
            let found = score(&[(O::Pass, S::Low, 3), (open, S::Critical, 1)]);
            assert_eq!((found.score_bp, found.coverage_bp), (10_000, 7_500), "{open}");
        }
    }

    #[test]
    fn what_is_out_of_scope_lowers_nothing() {
        for outside in [O::NotApplicable, O::Skipped] {
            let found = score(&[(O::Pass, S::Low, 3), (outside, S::Critical, 100)]);
            assert_eq!((found.score_bp, found.coverage_bp), (10_000, 10_000), "{outside}");
        }
    }

    #[test]
    fn a_critical_fail_caps_the_score_and_another_fail_does_not() {
        let critical = score(&[(O::Pass, S::Low, 100), (O::Fail, S::Critical, 1)]);
        assert_eq!(critical.score_bp, 4_999);
        let high = score(&[(O::Pass, S::Low, 100), (O::Fail, S::High, 1)]);
        assert_eq!(high.score_bp, 9_900);
        let low = score(&[(O::Pass, S::Low, 1), (O::Fail, S::Critical, 9)]);
        assert_eq!(low.score_bp, 1_000);
    }

    #[test]
    fn an_exception_counts_in_a_figure_of_its_own() {
        let found = score(&[(O::Pass, S::Low, 1), (O::Excepted, S::Critical, 1)]);
        assert_eq!((found.score_bp, found.score_with_exceptions_bp), (5_000, Some(10_000)));
        assert_eq!(score(&[(O::Pass, S::Low, 1)]).score_with_exceptions_bp, None);
    }

    #[test]
    fn nothing_checked_is_worth_nothing() {
        for checks in [&[][..], &[(O::Skipped, S::Low, 1)], &[(O::Error, S::Low, 1)]] {
            let found = score(checks);
            assert_eq!((found.score_bp, found.coverage_bp), (0, 0));
        }
        assert_eq!(O::of_parts([]), O::Inconclusive);
    }

    #[test]
    fn a_whole_is_as_good_as_its_gravest_part() {
        assert_eq!(O::of_parts([O::Pass, O::Error, O::Fail]), O::Fail);
        assert_eq!(O::of_parts([O::Pass, O::Inconclusive, O::Error]), O::Error);
        assert_eq!(O::of_parts([O::Pass, O::Inconclusive]), O::Inconclusive);
        assert_eq!(O::of_parts([O::Pass, O::Skipped]), O::Pass);
    }

    #[test]
    fn names_on_the_wire_are_the_names_in_the_code() {
        for outcome in O::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.name());
        }
        for reason in ReasonCode::ALL {
            assert_eq!(serde_json::to_value(*reason).unwrap(), reason.name());
        }
    }
}
