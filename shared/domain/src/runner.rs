//! Runners: when one counts, and where its runs are kept.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{AuditEvent, Class, EventKind, Fault, RunnerId, Target};

/// What a Runner is to the control plane.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunnerState {
    /// It enrolled; a person has to compare the six words and approve it.
    AwaitingApproval,
    /// It counts.
    Active,
    /// It contradicted itself: what it says is kept apart until a person has looked.
    Quarantined,
    /// It no longer counts, and never will again.
    Revoked,
}

/// Why a Runner did not change its state.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RunnerError {
    /// The words are not those that this Runner shows.
    #[error(
        "these are not the six words of this Runner; compare them again, and revoke the Runner if they differ"
    )]
    Words,
    /// It is in no state from which this is possible.
    #[error("the Runner is {}; this is not possible from there", .0.name())]
    State(RunnerState),
}

impl Fault for RunnerError {
    fn class(&self) -> Class {
        match self {
            Self::Words => Class::Invalid,
            Self::State(_) => Class::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Words => "words-mismatch",
            Self::State(_) => "state-transition",
        }
    }
}

impl RunnerState {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AwaitingApproval => "awaiting_approval",
            Self::Active => "active",
            Self::Quarantined => "quarantined",
            Self::Revoked => "revoked",
        }
    }

    /// Approves a Runner whose `shown` words a person compared and `repeated`.
    ///
    /// # Errors
    /// * [`RunnerError::State`]: it does not wait for approval.
    /// * [`RunnerError::Words`]: they are not the same words in the same order; case and white space do not count.
    pub fn approve(
        self,
        runner: RunnerId,
        shown: &[String],
        repeated: &[String],
    ) -> Result<(Self, AuditEvent), RunnerError> {
        match self {
            Self::AwaitingApproval => {}
            Self::Active | Self::Quarantined | Self::Revoked => {
                return Err(RunnerError::State(self));
            }
        }
        let plain = |word: &String| word.trim().to_lowercase();
        if shown.is_empty() || !shown.iter().map(plain).eq(repeated.iter().map(plain)) {
            return Err(RunnerError::Words);
        }
        Ok((Self::Active, AuditEvent::new(EventKind::RunnerActivated, target(runner))))
    }

    /// Ends a Runner: its key counts for nothing that arrives from now on.
    ///
    /// # Errors
    /// * [`RunnerError::State`]: it was revoked before.
    pub fn revoke(self, runner: RunnerId) -> Result<(Self, AuditEvent), RunnerError> {
        match self {
            Self::AwaitingApproval | Self::Active | Self::Quarantined => {
                let event = AuditEvent::new(EventKind::RunnerRevoked, target(runner));
                Ok((Self::Revoked, event.with("before", self.name())))
            }
            Self::Revoked => Err(RunnerError::State(self)),
        }
    }

    /// Sets a Runner apart because it contradicted itself; `None` when there is nothing to change.
    pub fn quarantine(self, runner: RunnerId, code: &str) -> Option<(Self, AuditEvent)> {
        match self {
            Self::Active => {
                let event = AuditEvent::new(EventKind::RunnerQuarantined, target(runner));
                Some((Self::Quarantined, event.with("code", code)))
            }
            Self::AwaitingApproval | Self::Quarantined | Self::Revoked => None,
        }
    }

    /// Whether its requests are answered at all.
    pub const fn is_heard(self) -> bool {
        match self {
            Self::AwaitingApproval | Self::Active | Self::Quarantined => true,
            Self::Revoked => false,
        }
    }

    /// Whether a person approved it: then it may do more than ask for its configuration.
    pub const fn is_approved(self) -> bool {
        match self {
            Self::Active | Self::Quarantined => true,
            Self::AwaitingApproval | Self::Revoked => false,
        }
    }
}

/// Which of `shards` a Runner's runs are kept in: it follows from the identifier, so that nobody ever moves them.
pub fn shard_of(runner: RunnerId, shards: u8) -> u8 {
    let digest = Sha256::digest(runner.to_string());
    digest.first().and_then(|byte| byte.checked_rem(shards)).unwrap_or(0)
}

fn target(runner: RunnerId) -> Target {
    Target::new("runner", runner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNNER: RunnerId = RunnerId::from_u128(1);

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_runner_is_approved_by_its_own_words_in_their_order() {
        let shown = words("bafo ruki mela tisu pona deka");
        let approve = |state: RunnerState, repeated: &str| {
            state.approve(RUNNER, &shown, &words(repeated)).map(|(state, _)| state)
        };
        let waiting = RunnerState::AwaitingApproval;
        assert_eq!(approve(waiting, "bafo ruki mela tisu pona deka"), Ok(RunnerState::Active));
        assert_eq!(approve(waiting, "BAFO ruki mela tisu pona deka"), Ok(RunnerState::Active));
        for wrong in ["", "bafo", "ruki bafo mela tisu pona deka", "bafo ruki mela tisu pona deke"]
        {
            assert_eq!(approve(waiting, wrong), Err(RunnerError::Words), "{wrong}");
        }
        assert_eq!(waiting.approve(RUNNER, &[], &[]), Err(RunnerError::Words));
    }

    #[test]
    fn only_a_waiting_runner_is_approved_and_none_comes_back() {
        let shown = words("a b c d e f");
        for state in [RunnerState::Active, RunnerState::Quarantined, RunnerState::Revoked] {
            assert_eq!(state.approve(RUNNER, &shown, &shown), Err(RunnerError::State(state)));
        }
        assert_eq!(
            RunnerState::Revoked.revoke(RUNNER),
            Err(RunnerError::State(RunnerState::Revoked))
        );
        assert_eq!(RunnerState::Revoked.quarantine(RUNNER, "fork"), None);
        assert!(!RunnerState::Revoked.is_heard() && !RunnerState::Revoked.is_approved());
    }

    #[test]
    fn every_other_runner_can_be_revoked() {
        for state in [RunnerState::AwaitingApproval, RunnerState::Active, RunnerState::Quarantined]
        {
            let (after, event) = state.revoke(RUNNER).unwrap();
            assert_eq!((after, event.kind), (RunnerState::Revoked, EventKind::RunnerRevoked));
        }
    }

    /// Python: `hashlib.sha256(b"rnr_00000000000000000000000001").digest()[0]` is 183.
    #[test]
    fn the_shard_follows_from_the_identifier() {
        assert_eq!(shard_of(RUNNER, 16), 7);
        assert_eq!(shard_of(RUNNER, 1), 0);
        assert_eq!(shard_of(RUNNER, 0), 0);
    }
}
