//! The second factor: offered, confirmed, counting, and replaced by another.

use serde::{Deserialize, Serialize};

use super::{CodeError, CodeShown, Credential, Method, StepUpAnswer};
use crate::{
    AuditEvent, Class, EventKind, Fault, LoginId, Timestamp,
    auth::{Needs, Step, TotpSecret},
};

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
    /// A code came back; the backup codes were shown, and nobody has said yet that they are kept.
    Confirmed {
        /// In which login.
        login: LoginId,
        /// When the code came.
        at: Timestamp,
    },
    /// It counts.
    Active,
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

impl Factor {
    /// One whose secret was shown just now.
    const fn offered(sealed_secret: String, now: Timestamp) -> Self {
        Self { sealed_secret, state: FactorState::Pending, offered_at: now, last_step: None }
    }
}

impl Credential {
    /// Offers a second factor; one that was offered before and never confirmed is forgotten.
    ///
    /// # Errors
    /// * [`EnrolmentError::Enrolled`].
    pub(in crate::auth) fn offer_factor(
        self,
        sealed_secret: String,
        now: Timestamp,
    ) -> Result<Self, EnrolmentError> {
        match self.needs() {
            Needs::Verify => Err(EnrolmentError::Enrolled),
            Needs::Enrol => Ok(Self { factor: Some(Factor::offered(sealed_secret, now)), ..self }),
        }
    }

    /// Offers a factor that is to take the place of the one that counts.
    ///
    /// # Errors
    /// * [`EnrolmentError::NotOffered`]: none counts; enrol the first one by signing in.
    pub fn offer_next_factor(
        self,
        sealed_secret: String,
        now: Timestamp,
    ) -> Result<Self, EnrolmentError> {
        if self.needs() == Needs::Enrol {
            return Err(EnrolmentError::NotOffered);
        }
        Ok(Self { next_factor: Some(Factor::offered(sealed_secret, now)), ..self })
    }

    /// Puts the offered factor in the place of the one that counts, with its first code; wrong ones count like any wrong code.
    pub fn replace_factor(self, secret: &TotpSecret, code: &str, now: Timestamp) -> StepUpAnswer {
        let counts = self.needs() == Needs::Verify && !self.code_lock.is_locked(now);
        let offered = self.next_factor.clone().filter(|_| counts);
        let step = offered.as_ref().and_then(|_| secret.accept(code, now, None));
        let Some((factor, step)) = offered.zip(step) else {
            let error =
                if self.code_lock.is_locked(now) { CodeError::Locked } else { CodeError::Invalid };
            let credential = if error == CodeError::Locked { self } else { self.wrong_code(now).0 };
            let event = credential.code_failure(error, EventKind::MfaChallengeFailed, now);
            return StepUpAnswer::Wrong { error, credential, event };
        };
        let factor = Factor { state: FactorState::Active, last_step: Some(step), ..factor };
        let credential = Self { factor: Some(factor), next_factor: None, ..self };
        let event =
            AuditEvent::new(EventKind::MfaEnrolled, credential.target()).with("replaced", true);
        let shown = CodeShown { user: credential.user, at: now, method: Method::Totp };
        StepUpAnswer::Right { shown, credential, event }
    }

    /// The factor in another state.
    pub(in crate::auth) fn with_factor_state(self, state: FactorState) -> Self {
        let factor = self.factor.map(|factor| Factor { state, ..factor });
        Self { factor, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{CODES, at, credential, enrolled, secret},
        *,
    };
    use crate::auth::Breach;

    #[test]
    fn an_enrolled_factor_is_not_replaced_by_an_offer() {
        let offered = credential().offer_factor("first".into(), at(0)).unwrap();
        let again = offered.offer_factor("second".into(), at(1)).unwrap();
        assert_eq!(again.factor.unwrap().sealed_secret, "second");
        assert_eq!(enrolled().offer_factor("third".into(), at(1)), Err(EnrolmentError::Enrolled));
    }

    /// Threat T15: a new factor counts with its own first code, and then the old one does no more.
    #[test]
    fn a_factor_is_replaced_by_one_whose_code_came_back() {
        let (new, now) = (TotpSecret::new(*b"09876543210987654321"), at(130));
        let refused = enrolled().replace_factor(&new, CODES[4], now);
        assert!(matches!(refused, StepUpAnswer::Wrong { .. }), "none was offered");
        assert!(credential().offer_next_factor("new".into(), now).is_err());
        let offered = enrolled().offer_next_factor("new".into(), now).unwrap();
        let wrong = offered.clone().replace_factor(&new, CODES[4], now);
        let StepUpAnswer::Wrong { credential: counted, error, .. } = wrong else {
            panic!("accepted")
        };
        assert_eq!((error, counted.code_lock.failures()), (CodeError::Invalid, 1));
        // The code that the new app shows is the one that the old secret would give: the secret is what counts.
        let right = offered.replace_factor(&secret(), CODES[4], now);
        let StepUpAnswer::Right { credential, event, .. } = right else { panic!("refused") };
        assert_eq!(
            (event.kind, credential.factor.as_ref().unwrap().sealed_secret.as_str()),
            (EventKind::MfaEnrolled, "new")
        );
        assert_eq!(credential.next_factor, None);
        let again = credential.step_up(&secret(), CODES[4], now);
        assert!(matches!(again, StepUpAnswer::Wrong { .. }), "its first code was used");
    }

    /// Threats T12 and T20: neither a new password nor a lifted lock of passwords touches the lock of codes; a new factor does.
    #[test]
    fn only_a_reset_of_the_factor_lifts_the_lock_of_codes() {
        let wrong =
            |credential: Credential, _| match credential.step_up(&secret(), "000000", at(130)) {
                StepUpAnswer::Wrong { credential, .. } => credential,
                StepUpAnswer::Right { .. } => panic!("accepted"),
            };
        let locked = (0..10).fold(enrolled(), wrong);
        let error_of =
            |credential: Credential| match credential.step_up(&secret(), CODES[4], at(130)) {
                StepUpAnswer::Wrong { error, .. } => Some(error),
                StepUpAnswer::Right { .. } => None,
            };
        let password = locked.password.clone();
        let changed = locked.clone().with_password(password, Breach::Pending);
        assert_eq!(error_of(changed), Some(CodeError::Locked));
        assert_eq!(error_of(locked.clone().unlocked()), Some(CodeError::Locked));
        let reset = locked.without_factor();
        assert_eq!((reset.needs(), reset.backup.clone()), (Needs::Enrol, None));
        let offered = reset.offer_factor("new".into(), at(130)).unwrap();
        assert!(offered.check_code(&secret(), CODES[4], at(130)).1.is_ok());
    }
}
