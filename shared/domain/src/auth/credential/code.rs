//! Codes of the second factor, and backup codes: each counts once, and wrong ones are counted together.

use serde::{Deserialize, Serialize};

use super::{Credential, Factor};
use crate::{
    AuditEvent, Class, EventKind, Fault, Timestamp, UserId,
    auth::{BackupCode, CodeHash, Needs, Schedule, TotpSecret},
};

/// What follows from a code that a signed-in user showed.
#[derive(Debug)]
pub enum StepUpAnswer {
    /// It is right.
    Right {
        /// The proof that the session can take.
        shown: CodeShown,
        /// With the step consumed.
        credential: Credential,
        /// What to record.
        event: AuditEvent,
    },
    /// It is not.
    Wrong {
        /// What to tell.
        error: CodeError,
        /// With the failure counted, unless it was locked.
        credential: Credential,
        /// What to record.
        event: AuditEvent,
    },
}

/// The proof that a user showed a right code; made here alone.
#[derive(Debug)]
pub struct CodeShown {
    pub(in crate::auth) user: UserId,
    pub(in crate::auth) at: Timestamp,
    pub(in crate::auth) method: Method,
}

/// What the second factor was.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A code of the authenticator app.
    #[default]
    Totp,
    /// A backup code.
    BackupCode,
}

impl Method {
    /// Its name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::BackupCode => "backup_code",
        }
    }

    /// Whether it is one of ours: what another issuer of tokens says that it saw is not.
    pub const fn is_ours(self) -> bool {
        match self {
            Self::Totp | Self::BackupCode => true,
        }
    }

    /// How a person signed in with it (RFC 8176 §2; a backup code is a one-time password, too).
    pub const fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Totp | Self::BackupCode => &["pwd", "otp", "mfa"],
        }
    }
}

/// Why a code was not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CodeError {
    /// Wrong, too old, or used before.
    #[error("the code is wrong, too old or was used before; wait for the next one and try again")]
    Invalid,
    /// Too many wrong codes in a row; only an administrator can lift it.
    #[error("the account is locked after too many wrong codes; ask an administrator to reset it")]
    Locked,
}

impl Fault for CodeError {
    fn class(&self) -> Class {
        match self {
            Self::Invalid => Class::Unauthenticated,
            Self::Locked => Class::Forbidden,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "code-invalid",
            Self::Locked => "locked",
        }
    }
}

impl Credential {
    /// Decides on a code that a signed-in user shows again (RFC 9470).
    pub fn step_up(self, secret: &TotpSecret, code: &str, now: Timestamp) -> StepUpAnswer {
        if self.needs() == Needs::Enrol {
            let event = self.code_failure(CodeError::Invalid, EventKind::StepUpFailed, now);
            return StepUpAnswer::Wrong { error: CodeError::Invalid, credential: self, event };
        }
        match self.check_code(secret, code, now) {
            (credential, Ok(shown)) => {
                let event = AuditEvent::new(EventKind::StepUpSucceeded, credential.target());
                StepUpAnswer::Right { shown, credential, event }
            }
            (credential, Err(error)) => {
                let event = credential.code_failure(error, EventKind::StepUpFailed, now);
                StepUpAnswer::Wrong { error, credential, event }
            }
        }
    }

    /// Checks a code against the factor in whatever state it is, and consumes its step.
    pub(in crate::auth) fn check_code(
        self,
        secret: &TotpSecret,
        code: &str,
        now: Timestamp,
    ) -> (Self, Result<CodeShown, CodeError>) {
        if self.code_lock.is_locked(now) {
            return (self, Err(CodeError::Locked));
        }
        let accepted = self.factor.clone().and_then(|factor| {
            let step = secret.accept(code, now, factor.last_step)?;
            Some(Factor { last_step: Some(step), ..factor })
        });
        let Some(factor) = accepted else { return self.wrong_code(now) };
        let (factor, code_lock) = (Some(factor), self.code_lock.succeeded());
        let shown = CodeShown { user: self.user, at: now, method: Method::Totp };
        (Self { factor, code_lock, ..self }, Ok(shown))
    }

    /// Checks a backup code; `right` is the hash that it was compared with and is the code of. It counts once.
    pub(in crate::auth) fn check_backup(
        self,
        code: &BackupCode,
        right: Option<&CodeHash>,
        now: Timestamp,
    ) -> (Self, Result<CodeShown, CodeError>) {
        if self.code_lock.is_locked(now) {
            return (self, Err(CodeError::Locked));
        }
        let is_active = self.needs() == Needs::Verify;
        let used = self.backup.clone().filter(|_| is_active);
        let used = used.zip(right).and_then(|(codes, hash)| codes.without(code, hash));
        let Some(used) = used else { return self.wrong_code(now) };
        let (backup, code_lock) = (Some(used), self.code_lock.succeeded());
        let shown = CodeShown { user: self.user, at: now, method: Method::BackupCode };
        (Self { backup, code_lock, ..self }, Ok(shown))
    }

    pub(super) fn wrong_code(self, now: Timestamp) -> (Self, Result<CodeShown, CodeError>) {
        let code_lock = self.code_lock.failed(Schedule::CODE, now);
        (Self { code_lock, ..self }, Err(CodeError::Invalid))
    }

    /// What to record of a code that was not accepted.
    pub(in crate::auth) fn code_failure(
        &self,
        error: CodeError,
        kind: EventKind,
        now: Timestamp,
    ) -> AuditEvent {
        match error {
            CodeError::Locked => self.denied(kind, "locked"),
            CodeError::Invalid => self.failure(self.code_lock, kind, "code", now),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        super::tests::{CODES, at, credential, enrolled, secret},
        *,
    };

    #[test]
    fn without_a_factor_no_code_is_right() {
        let (_, shown) = credential().check_code(&secret(), CODES[0], at(0));
        assert_eq!(shown.err(), Some(CodeError::Invalid));
    }

    #[test]
    fn a_code_steps_up_once() {
        let StepUpAnswer::Right { shown, credential, event } =
            enrolled().step_up(&secret(), CODES[4], at(130))
        else {
            panic!("refused")
        };
        assert_eq!(
            (shown.user, shown.at, event.kind),
            (credential.user, at(130), EventKind::StepUpSucceeded)
        );
        let StepUpAnswer::Wrong { error, event, .. } =
            credential.step_up(&secret(), CODES[4], at(130))
        else {
            panic!("accepted twice")
        };
        assert_eq!((error, event.kind), (CodeError::Invalid, EventKind::StepUpFailed));
    }

    /// Threat T11: one wrong code an hour, no time heals it.
    #[test]
    fn ten_wrong_codes_in_a_row_lock_until_a_reset() {
        let mut credential = enrolled();
        for tries in 1..=10 {
            let now = at(130).plus(Duration::from_hours(tries));
            let StepUpAnswer::Wrong { error, credential: after, .. } =
                credential.step_up(&secret(), "000000", now)
            else {
                panic!("accepted")
            };
            assert_eq!(error, CodeError::Invalid, "{tries}");
            credential = after;
        }
        let much_later = at(130).plus(Duration::from_hours(10_000));
        let right = credential.clone().step_up(&secret(), CODES[4], at(130));
        assert!(matches!(right, StepUpAnswer::Wrong { error: CodeError::Locked, .. }));
        let (_, shown) = credential.check_code(&secret(), "000000", much_later);
        assert_eq!(shown.err(), Some(CodeError::Locked));
    }
}
