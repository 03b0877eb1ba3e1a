//! How a command ends, as its exit code says it.

use std::fmt::Write as _;

use domain::{Class, Fault, run::Outcome};

const USAGE: &str = "usage";

/// How a command ended; the numbers are the exit codes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// It is as it should be.
    Pass = 0,
    /// Something that was checked does not hold.
    Fail = 1,
    /// It could not be done.
    Error = 2,
    /// What was seen decides nothing.
    Inconclusive = 3,
    /// A signature, the trust policy or the control plane forbids it.
    Refused = 4,
    /// It was asked for in the wrong way.
    Usage = 5,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// How a run's command ends.
    pub(crate) const fn of_run(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Pass | Outcome::NotApplicable | Outcome::Skipped => Self::Pass,
            Outcome::Fail => Self::Fail,
            Outcome::Error => Self::Error,
            Outcome::Inconclusive | Outcome::ManualPending | Outcome::Excepted => {
                Self::Inconclusive
            }
        }
    }
}

/// Why a command did not do what it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, code: USAGE, message: message.into() }
    }

    /// Whether it was asked for in the wrong way here; what somebody else answered is never that.
    pub(crate) fn is_usage(&self) -> bool {
        self.code == USAGE
    }

    pub(crate) fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self { exit: Exit::Refused, code, message: message.into() }
    }
}

impl<E: Fault> From<E> for Failure {
    fn from(error: E) -> Self {
        let exit = match error.class() {
            Class::Invalid | Class::Unauthenticated | Class::Forbidden => Exit::Refused,
            Class::Conflict | Class::Unprocessable => Exit::Refused,
            Class::NotFound => Exit::Usage,
            Class::Method | Class::TooLarge | Class::Media | Class::TooMany => Exit::Error,
            Class::Internal | Class::Unavailable => Exit::Error,
        };
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            // Writing to a string cannot fail.
            write!(message, ": {inner}").unwrap_or_default();
            source = inner.source();
        }
        Self { exit, code: error.code(), message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::VaultError;

    #[test]
    fn what_was_answered_is_never_a_usage_that_ends_the_runner() {
        let missing = Failure::from(VaultError::Missing("run"));
        assert_eq!((missing.exit, missing.is_usage()), (Exit::Usage, false));
        assert!(Failure::usage("give the topic's address").is_usage());
    }
}
