//! How a statement stands that its Runner signed: verified, suspect or rejected, and why.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Class, Fault, Timestamp, run::Severity, runner::RunnerState};

/// A claimed time may differ from the time of receipt by this much.
pub const SKEW_MAX: Duration = Duration::from_mins(2);
/// A claimed time that differs by more than this is not believed.
pub const UNTRUSTED_MIN: Duration = Duration::from_hours(24);
/// A statement may arrive this late: sites are offline for long.
pub const LATE_MAX: Duration = Duration::from_hours(24 * 400);

/// Why an event was refused before its place was looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IngestError {
    /// It is another tenant's.
    #[error("the statement was made for another tenant")]
    Tenant,
    /// It was made for another deployment.
    #[error("the statement was made for another deployment")]
    Deployment,
    /// It is another Runner's than the one that sent it.
    #[error("the statement is another Runner's")]
    Runner,
    /// There is no such Runner.
    #[error("no Runner of that name is enrolled")]
    Unknown,
    /// The Runner waits for approval.
    #[error("the Runner waits for approval; send the statement again once it is active")]
    Awaiting,
    /// The Runner was revoked before this arrived.
    #[error("the Runner was revoked before this statement arrived")]
    Revoked,
}

impl Fault for IngestError {
    fn class(&self) -> Class {
        match self {
            Self::Tenant | Self::Deployment | Self::Runner | Self::Awaiting => Class::Forbidden,
            Self::Unknown | Self::Revoked => Class::Unauthenticated,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Tenant => "wrong-tenant",
            Self::Deployment => "wrong-deployment",
            Self::Runner => "wrong-runner",
            Self::Unknown => "runner-unknown",
            Self::Awaiting => "runner-not-active",
            Self::Revoked => "key-revoked",
        }
    }
}

/// How a claimed time compares with the time of receipt. Nothing is ordered by it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeStanding {
    /// Within [`SKEW_MAX`].
    Plausible,
    /// Beyond it: late, or a clock that is wrong.
    Skewed,
    /// Beyond [`UNTRUSTED_MIN`]: kept, and not believed.
    TimeUntrusted,
}

/// Compares the time that a Runner claims with the time of receipt.
pub fn time_standing(claimed_at: Timestamp, received_at: Timestamp) -> TimeStanding {
    match claimed_at.since(received_at).max(received_at.since(claimed_at)) {
        apart if apart > UNTRUSTED_MIN => TimeStanding::TimeUntrusted,
        apart if apart > SKEW_MAX => TimeStanding::Skewed,
        _ => TimeStanding::Plausible,
    }
}

/// How far a statement is believed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// It says what the procedure and its own outcomes make of it.
    Verified,
    /// Nothing is wrong with it but its Runner.
    Suspect,
    /// It says something that is not so.
    Rejected,
}

/// What is wrong with a statement that its Runner signed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flaw {
    /// It arrived later than [`LATE_MAX`] after it was made.
    TooLate,
    /// Its procedure version was never published.
    ProcedureUnknown,
    /// Its procedure version was withdrawn.
    VersionWithdrawn,
    /// Its checks are not those of its procedure version.
    ChecksMismatch,
    /// Its score does not follow from its outcomes.
    ScoreMismatch,
    /// Its Runner contradicted itself before.
    RunnerQuarantined,
}

impl Flaw {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLate => "too-late",
            Self::ProcedureUnknown => "procedure-unknown",
            Self::VersionWithdrawn => "version-withdrawn",
            Self::ChecksMismatch => "checks-mismatch",
            Self::ScoreMismatch => "score-mismatch",
            Self::RunnerQuarantined => "runner-quarantined",
        }
    }

    /// How far a statement with this flaw is believed.
    pub const fn verification(self) -> Verification {
        match self {
            Self::RunnerQuarantined => Verification::Suspect,
            Self::TooLate | Self::ProcedureUnknown | Self::VersionWithdrawn => {
                Verification::Rejected
            }
            Self::ChecksMismatch | Self::ScoreMismatch => Verification::Rejected,
        }
    }
}

/// A check as its procedure version wants it: step, check, severity and weight.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct CheckFact {
    /// The step.
    pub step: String,
    /// The check.
    pub check: String,
    /// How bad a failure is.
    pub severity: Severity,
    /// How much it counts.
    pub weight: u8,
}

/// What is known about a statement when it is judged.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    /// How its Runner stands at its receipt.
    pub runner: RunnerState,
    /// When its Runner says that it was made.
    pub claimed_at: Timestamp,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The checks of its procedure version, in ascending order; `None` when it was never published.
    pub wanted: Option<&'a [CheckFact]>,
    /// Whether that version was withdrawn.
    pub is_withdrawn: bool,
    /// The checks that it says something about.
    pub said: Vec<CheckFact>,
    /// Whether its score is the one that follows from its outcomes ([`crate::run::score`]).
    pub is_score_right: bool,
}

impl Standing<'_> {
    /// What is wrong with it: the first flaw, in the order of [`Flaw`].
    pub fn flaw(&self) -> Option<Flaw> {
        let is_too_late = self.received_at.since(self.claimed_at) > LATE_MAX;
        let says_what_is_wanted = self.wanted.is_some_and(|wanted| self.says(wanted));
        let flaws = [
            (Flaw::TooLate, is_too_late),
            (Flaw::ProcedureUnknown, self.wanted.is_none()),
            (Flaw::VersionWithdrawn, self.is_withdrawn),
            (Flaw::ChecksMismatch, !says_what_is_wanted),
            (Flaw::ScoreMismatch, !self.is_score_right),
            (Flaw::RunnerQuarantined, self.runner != RunnerState::Active),
        ];
        flaws.into_iter().find(|(_, is_so)| *is_so).map(|(flaw, _)| flaw)
    }

    /// Whether it says every check of the procedure once, as severe and as heavy as it was signed: a Runner that leaves
    /// out what fails would score better.
    fn says(&self, wanted: &[CheckFact]) -> bool {
        let mut said: Vec<&CheckFact> = self.said.iter().collect();
        said.sort();
        said.into_iter().eq(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_s(1_800_000_000);
    const DAY: Duration = Duration::from_hours(24);

    fn facts() -> Vec<CheckFact> {
        let fact = |check: &str, weight| CheckFact {
            step: "passwd".into(),
            check: check.into(),
            severity: Severity::High,
            weight,
        };
        vec![fact("mode", 3), fact("owner", 1)]
    }

    fn standing(wanted: Option<&[CheckFact]>) -> Standing<'_> {
        Standing {
            runner: RunnerState::Active,
            claimed_at: NOW,
            received_at: NOW,
            wanted,
            is_withdrawn: false,
            said: facts(),
            is_score_right: true,
        }
    }

    #[test]
    fn a_sound_statement_has_no_flaw() {
        assert_eq!(standing(Some(&facts())).flaw(), None);
    }

    #[test]
    fn a_score_that_does_not_follow_from_the_outcomes_is_a_flaw() {
        let facts = facts();
        let wrong = Standing { is_score_right: false, ..standing(Some(&facts)) };
        assert_eq!(wrong.flaw(), Some(Flaw::ScoreMismatch));
    }

    #[test]
    fn a_check_left_out_made_lighter_or_invented_is_a_flaw() {
        type Change = fn(&mut Vec<CheckFact>);
        let changes: [Change; 5] = [
            |said| drop(said.pop()),
            |said| said[1].weight = 2,
            |said| said[1].severity = Severity::Low,
            |said| said[1].check = "other".into(),
            |said| said.push(said[0].clone()),
        ];
        let facts = facts();
        for change in changes {
            let mut standing = standing(Some(&facts));
            change(&mut standing.said);
            assert_eq!(standing.flaw(), Some(Flaw::ChecksMismatch), "{standing:?}");
        }
    }

    #[test]
    fn the_order_of_the_steps_is_the_runners() {
        let facts = facts();
        let mut standing = standing(Some(&facts));
        standing.said.reverse();
        assert_eq!(standing.flaw(), None);
    }

    #[test]
    fn an_unpublished_or_withdrawn_version_is_a_flaw() {
        let facts = facts();
        assert_eq!(standing(None).flaw(), Some(Flaw::ProcedureUnknown));
        let withdrawn = Standing { is_withdrawn: true, ..standing(Some(&facts)) };
        assert_eq!(withdrawn.flaw(), Some(Flaw::VersionWithdrawn));
    }

    #[test]
    fn four_hundred_days_are_not_too_late_and_one_moment_more_is() {
        let facts = facts();
        let claimed_at = NOW.minus(DAY * 400);
        let last = Standing { claimed_at, ..standing(Some(&facts)) };
        assert_eq!(last.flaw(), None);
        let claimed_at = claimed_at.minus(Duration::from_micros(1));
        let late = Standing { claimed_at, ..standing(Some(&facts)) };
        assert_eq!(late.flaw(), Some(Flaw::TooLate));
        let late = Standing { claimed_at, ..standing(None) };
        assert_eq!(late.flaw(), Some(Flaw::TooLate));
    }

    #[test]
    fn what_a_quarantined_runner_says_is_suspect() {
        let facts = facts();
        let runner = RunnerState::Quarantined;
        let suspect = Standing { runner, ..standing(Some(&facts)) };
        let flaw = suspect.flaw().unwrap();
        assert_eq!((flaw, flaw.verification()), (Flaw::RunnerQuarantined, Verification::Suspect));
    }

    #[test]
    fn a_clock_is_skewed_after_two_minutes_and_untrusted_after_a_day_either_way() {
        let step = Duration::from_micros(1);
        for (apart, standing) in [
            (SKEW_MAX, TimeStanding::Plausible),
            (SKEW_MAX + step, TimeStanding::Skewed),
            (DAY, TimeStanding::Skewed),
            (DAY + step, TimeStanding::TimeUntrusted),
        ] {
            assert_eq!(time_standing(NOW.plus(apart), NOW), standing);
            assert_eq!(time_standing(NOW.minus(apart), NOW), standing);
        }
    }
}
