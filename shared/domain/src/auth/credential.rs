//! What a user proves to be themselves with: a password and a second factor, each with its own lockout.

use serde::{Deserialize, Serialize};

use super::{Lockout, Needs, PasswordRecord, Schedule, Step, TotpSecret};
use crate::{AuditEvent, Class, EventKind, Fault, Target, Timestamp, UserId};

/// A user's password and second factor. One document; every decision replaces it, so that decisions are taken one after the other.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Whose.
    pub user: UserId,
    /// The password.
    pub password: PasswordRecord,
    /// The second factor; `None` before enrolment.
    pub factor: Option<Factor>,
    password_lock: Lockout,
    code_lock: Lockout,
}

/// An authenticator app.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// The TOTP secret, sealed.
    pub sealed_secret: String,
    /// Whether a code has been shown.
    pub state: FactorState,
    /// When it was offered.
    pub offered_at: Timestamp,
    /// The last step that was accepted; none at or before it is again.
    pub last_step: Option<Step>,
}

/// Whether a factor counts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorState {
    /// Its secret was shown; no code has come back yet.
    Pending,
    /// It counts.
    Active,
}

/// What follows from a password. The credential is to be written in either case.
#[derive(Debug)]
pub enum PasswordAnswer {
    /// It is right; a login may begin.
    Accepted {
        /// With its failures forgotten.
        credential: Credential,
        /// What the login needs next.
        needs: Needs,
    },
    /// It is wrong, or no attempt is taken now. The caller is not told which: during a lock even the right password is refused, or the
    /// answer would say which guess to keep for later.
    Refused {
        /// With the failure counted, unless it was locked.
        credential: Credential,
        /// What to record.
        event: AuditEvent,
    },
}

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
    pub(super) user: UserId,
    pub(super) at: Timestamp,
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

/// Why a second factor was not offered or confirmed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EnrolmentError {
    /// There is one; replacing it is another matter (a step-up with the old one).
    #[error("a second factor is enrolled already; sign in with it")]
    Enrolled,
    /// None was offered.
    #[error("no second factor was offered yet; ask for its secret first")]
    NotOffered,
}

impl Fault for EnrolmentError {
    fn class(&self) -> Class {
        Class::Conflict
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Enrolled => "mfa-enrolled",
            Self::NotOffered => "mfa-not-offered",
        }
    }
}

impl Credential {
    /// A new user's.
    pub fn new(user: UserId, password: PasswordRecord) -> Self {
        let (password_lock, code_lock) = (Lockout::default(), Lockout::default());
        Self { user, password, factor: None, password_lock, code_lock }
    }

    /// What a login needs after the password.
    pub fn needs(&self) -> Needs {
        match self.factor.as_ref().map(|factor| factor.state) {
            Some(FactorState::Active) => Needs::Verify,
            Some(FactorState::Pending) | None => Needs::Enrol,
        }
    }

    /// Decides on a password; `right` is what [`PasswordRecord::verify`] said of this very record.
    pub fn password_checked(self, right: bool, now: Timestamp) -> PasswordAnswer {
        if self.password_lock.is_locked(now) {
            let event = self.denied(EventKind::LoginFailed, "locked");
            return PasswordAnswer::Refused { credential: self, event };
        }
        if right {
            let needs = self.needs();
            let credential = Self { password_lock: self.password_lock.succeeded(), ..self };
            return PasswordAnswer::Accepted { credential, needs };
        }
        let password_lock = self.password_lock.failed(Schedule::PASSWORD, now);
        let credential = Self { password_lock, ..self };
        let event = credential.failure(password_lock, EventKind::LoginFailed, "password", now);
        PasswordAnswer::Refused { credential, event }
    }

    /// Offers a second factor; one that was offered before and never confirmed is forgotten.
    ///
    /// # Errors
    /// * [`EnrolmentError::Enrolled`].
    pub(super) fn offer_factor(
        self,
        sealed_secret: String,
        now: Timestamp,
    ) -> Result<Self, EnrolmentError> {
        match self.needs() {
            Needs::Verify => Err(EnrolmentError::Enrolled),
            Needs::Enrol => {
                let state = FactorState::Pending;
                let factor = Factor { sealed_secret, state, offered_at: now, last_step: None };
                Ok(Self { factor: Some(factor), ..self })
            }
        }
    }

    /// Decides on a code that a signed-in user shows again (RFC 9470).
    pub fn step_up(self, secret: &TotpSecret, code: &str, now: Timestamp) -> StepUpAnswer {
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
    pub(super) fn check_code(
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
            Some(Factor { state: FactorState::Active, last_step: Some(step), ..factor })
        });
        let Some(factor) = accepted else {
            let code_lock = self.code_lock.failed(Schedule::CODE, now);
            return (Self { code_lock, ..self }, Err(CodeError::Invalid));
        };
        let (factor, code_lock) = (Some(factor), self.code_lock.succeeded());
        let shown = CodeShown { user: self.user, at: now };
        (Self { factor, code_lock, ..self }, Ok(shown))
    }

    /// What to record of a code that was not accepted.
    pub(super) fn code_failure(
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

    /// The user, as target of an event.
    pub(super) fn target(&self) -> Target {
        Target::new("user", self.user)
    }

    fn failure(&self, lockout: Lockout, kind: EventKind, what: &str, now: Timestamp) -> AuditEvent {
        let kind = if lockout.is_locked(now) { EventKind::AccountLocked } else { kind };
        self.denied(kind, what).with("failures", lockout.failures())
    }

    fn denied(&self, kind: EventKind, why: &str) -> AuditEvent {
        AuditEvent::denied(kind, self.target(), why)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Outcome;

    /// The secret and the codes of RFC 4226 appendix D: step 4 is 120 s to 149 s.
    pub(in crate::auth) const CODES: [&str; 10] = [
        "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
        "520489",
    ];

    pub(in crate::auth) fn secret() -> TotpSecret {
        TotpSecret::new(*b"12345678901234567890")
    }

    pub(in crate::auth) fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_s(seconds)
    }

    pub(in crate::auth) fn credential() -> Credential {
        let record = r#"{"alg":"bcrypt12/hmac-sha384/v1","pepper":"pp-1","hash":"$2b$12$"}"#;
        Credential::new(UserId::from_u128(7), serde_json::from_str(record).unwrap())
    }

    pub(in crate::auth) fn enrolled() -> Credential {
        let offered = credential().offer_factor("sealed".into(), at(0)).unwrap();
        let (enrolled, shown) = offered.check_code(&secret(), CODES[0], at(0));
        assert!(shown.is_ok());
        enrolled
    }

    fn refused(answer: PasswordAnswer) -> (Credential, AuditEvent) {
        let PasswordAnswer::Refused { credential, event } = answer else { panic!("accepted") };
        (credential, event)
    }

    fn after_wrong_passwords(times: u32) -> (Credential, AuditEvent) {
        let first = refused(credential().password_checked(false, at(0)));
        (1..times)
            .fold(first, |(credential, _), _| refused(credential.password_checked(false, at(0))))
    }

    #[test]
    fn the_right_password_is_accepted_and_forgets_the_failures() {
        let (credential, event) = after_wrong_passwords(4);
        assert_eq!((event.kind, event.outcome), (EventKind::LoginFailed, Outcome::Denied));
        let PasswordAnswer::Accepted { credential, needs } =
            credential.password_checked(true, at(0))
        else {
            panic!("refused")
        };
        assert_eq!(needs, Needs::Enrol);
        let (_, event) = refused(credential.password_checked(false, at(0)));
        assert_eq!(event.data["failures"], 1);
    }

    #[test]
    fn the_fifth_failure_locks_and_says_so() {
        let (_, event) = after_wrong_passwords(5);
        assert_eq!(
            (event.kind, event.data["failures"].as_u64()),
            (EventKind::AccountLocked, Some(5))
        );
    }

    #[test]
    fn during_a_lock_the_right_password_is_refused_like_a_wrong_one_and_nothing_is_counted() {
        let (locked, _) = after_wrong_passwords(5);
        for right in [true, false] {
            let (after, event) = refused(locked.clone().password_checked(right, at(59)));
            assert_eq!(after, locked);
            assert_eq!(event.reason.as_deref(), Some("locked"));
        }
        assert!(matches!(locked.password_checked(true, at(60)), PasswordAnswer::Accepted { .. }));
    }

    #[test]
    fn an_enrolled_factor_is_not_replaced_by_an_offer() {
        let offered = credential().offer_factor("first".into(), at(0)).unwrap();
        let again = offered.offer_factor("second".into(), at(1)).unwrap();
        assert_eq!(again.factor.unwrap().sealed_secret, "second");
        assert_eq!(enrolled().offer_factor("third".into(), at(1)), Err(EnrolmentError::Enrolled));
    }

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

    /// Threat T12.
    #[test]
    fn neither_lock_lifts_the_other() {
        let (_, shown) = enrolled().check_code(&secret(), "000000", at(130));
        assert!(shown.is_err());
        let (failed, _) = enrolled().check_code(&secret(), "000000", at(130));
        let (failed, _) = refused(failed.password_checked(false, at(130)));
        let PasswordAnswer::Accepted { credential, .. } = failed.password_checked(true, at(130))
        else {
            panic!("refused")
        };
        assert_eq!(credential.code_lock.failures(), 1, "a right password leaves the codes counted");
        let (credential, _) = refused(credential.password_checked(false, at(130)));
        let (credential, shown) = credential.check_code(&secret(), CODES[4], at(130));
        assert!(shown.is_ok());
        assert_eq!(
            credential.password_lock.failures(),
            1,
            "a right code leaves the passwords counted"
        );
    }
}
