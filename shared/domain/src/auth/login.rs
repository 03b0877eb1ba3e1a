//! A login in progress: password, then second factor, then session; no order but this one can be written down.
//!
//! ```text
//! Credential::password_checked → Login::begin ⇒ (stored) ⇒ ┬→ Login::verify → Verifying::check ──┬→ MfaVerified → Session::open
//!                                                         └→ Login::enrol → Enrolling::confirm ─┘
//! ```
//! Each state is made by the step before it alone; `MfaVerified` is the only thing that a session can be made from.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CodeError, CodeShown, Credential, EnrolmentError, FactorState, Ticket, TotpSecret};
use crate::{AuditEvent, Class, EventKind, Fault, LoginId, Timestamp, UserId, kind};

/// Wrong codes that end a login.
const BAD_CODES_MAX: u8 = 5;

/// A login of which the password was right, as it is stored between two requests.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// Which.
    pub login: LoginId,
    /// Who showed the password.
    pub user: UserId,
    /// When it ends, complete or not.
    pub ends_at: Timestamp,
    needs: Needs,
    ticket_sha256: String,
    bad_codes: u8,
    state: LoginState,
}

/// What a login needs after the password.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// A second factor must be enrolled.
    Enrol,
    /// A code of the second factor.
    #[serde(rename = "totp")]
    Verify,
}

/// How far a login is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginState {
    /// It goes on.
    Open,
    /// It led to a session.
    Done,
    /// Too many wrong codes.
    Dead,
}

/// Why a login does not go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LoginError {
    /// Unknown address, wrong password, or locked: uniform, so that nobody learns which.
    #[error(
        "the e-mail address or the password is wrong, or the account is locked for a while after too many attempts; \
         check both, wait, then try again"
    )]
    Failed,
    /// Unknown, over, dead or complete.
    #[error("this login is over; start again with the password")]
    Over,
    /// The login needs a code, not an enrolment.
    #[error("a second factor is enrolled; show one of its codes")]
    CodeRequired,
    /// The login needs an enrolment, not a code.
    #[error("no second factor is enrolled yet; enrol one first")]
    EnrolmentRequired,
}

impl Fault for LoginError {
    fn class(&self) -> Class {
        match self {
            Self::Failed | Self::Over => Class::Unauthenticated,
            Self::CodeRequired | Self::EnrolmentRequired => Class::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Failed => "login-failed",
            Self::Over => "login-over",
            Self::CodeRequired => "mfa-required",
            Self::EnrolmentRequired => "mfa-enrolment-required",
        }
    }
}

impl Login {
    /// How long a login may take, from the password to the session.
    pub const LIFETIME: Duration = Duration::from_mins(10);

    /// Begins the login that `ticket` continues. Call it on [`Accepted`](super::PasswordAnswer::Accepted) or for a user made just now.
    pub fn begin(ticket: &Ticket<kind::Login>, user: UserId, needs: Needs, now: Timestamp) -> Self {
        Self {
            login: ticket.id,
            user,
            ends_at: now.plus(Self::LIFETIME),
            needs,
            ticket_sha256: ticket.sha256(),
            bad_codes: 0,
            state: LoginState::Open,
        }
    }

    /// Goes on to a code, for the bearer of the login's ticket.
    ///
    /// # Errors
    /// * [`LoginError::Over`]: another ticket's, over ([`LIFETIME`](Self::LIFETIME)), dead or complete.
    /// * [`LoginError::EnrolmentRequired`].
    pub fn verify(
        self,
        ticket: &Ticket<kind::Login>,
        now: Timestamp,
    ) -> Result<Verifying, LoginError> {
        let is_bearer = ticket.id == self.login && ticket.matches(&self.ticket_sha256);
        match self.needs {
            _ if !is_bearer || !self.is_open(now) => Err(LoginError::Over),
            Needs::Verify => Ok(Verifying(self)),
            Needs::Enrol => Err(LoginError::EnrolmentRequired),
        }
    }

    /// Goes on to an enrolment, for the bearer of an enrolment token that was issued to `user` with this login.
    ///
    /// # Errors
    /// * [`LoginError::Over`]: another user's, over ([`LIFETIME`](Self::LIFETIME)), dead or complete.
    /// * [`LoginError::CodeRequired`].
    pub fn enrol(self, user: UserId, now: Timestamp) -> Result<Enrolling, LoginError> {
        match self.needs {
            _ if user != self.user || !self.is_open(now) => Err(LoginError::Over),
            Needs::Enrol => Ok(Enrolling(self)),
            Needs::Verify => Err(LoginError::CodeRequired),
        }
    }

    fn is_open(&self, now: Timestamp) -> bool {
        self.state == LoginState::Open && now < self.ends_at
    }

    fn done(self) -> Self {
        Self { state: LoginState::Done, ..self }
    }

    /// A locked account charges no login: nothing was guessed.
    fn charged(self, error: CodeError) -> Self {
        let bad_codes = match error {
            CodeError::Invalid => self.bad_codes.saturating_add(1),
            CodeError::Locked => self.bad_codes,
        };
        let state = if bad_codes >= BAD_CODES_MAX { LoginState::Dead } else { self.state };
        Self { bad_codes, state, ..self }
    }
}

/// A login that waits for a code.
#[derive(Debug)]
pub struct Verifying(Login);

/// A login that waits for a second factor to be enrolled.
#[derive(Debug)]
pub struct Enrolling(Login);

/// What follows from a code. Login and credential are to be written in either case, in one batch with the event.
#[derive(Debug)]
pub enum CodeAnswer {
    /// It is right.
    Right {
        /// What a session is made from.
        verified: MfaVerified,
        /// Complete.
        login: Login,
        /// With the step consumed.
        credential: Credential,
        /// What to record.
        event: AuditEvent,
    },
    /// It is not.
    Wrong {
        /// What to tell.
        error: CodeError,
        /// With the wrong code counted; dead after the fifth.
        login: Login,
        /// With the failure counted.
        credential: Credential,
        /// What to record.
        event: AuditEvent,
    },
}

impl Verifying {
    /// Who showed the password.
    pub fn user(&self) -> UserId {
        self.0.user
    }

    /// Checks a code of the enrolled factor.
    pub fn check(
        self,
        credential: Credential,
        secret: &TotpSecret,
        code: &str,
        now: Timestamp,
    ) -> CodeAnswer {
        decide(self.0, EventKind::LoginSucceeded, credential, secret, code, now)
    }
}

impl Enrolling {
    /// Offers a second factor.
    ///
    /// # Errors
    /// * [`EnrolmentError::Enrolled`].
    pub fn offer(
        &self,
        credential: Credential,
        sealed_secret: String,
        now: Timestamp,
    ) -> Result<Credential, EnrolmentError> {
        credential.offer_factor(sealed_secret, now)
    }

    /// Checks the first code of an offered factor, which then counts; its step is consumed, too.
    ///
    /// # Errors
    /// * [`EnrolmentError::NotOffered`], [`EnrolmentError::Enrolled`].
    pub fn confirm(
        self,
        credential: Credential,
        secret: &TotpSecret,
        code: &str,
        now: Timestamp,
    ) -> Result<CodeAnswer, EnrolmentError> {
        match credential.factor.as_ref().map(|factor| factor.state) {
            None => Err(EnrolmentError::NotOffered),
            Some(FactorState::Active) => Err(EnrolmentError::Enrolled),
            Some(FactorState::Pending) => {
                Ok(decide(self.0, EventKind::MfaEnrolled, credential, secret, code, now))
            }
        }
    }
}

fn decide(
    login: Login,
    success: EventKind,
    credential: Credential,
    secret: &TotpSecret,
    code: &str,
    now: Timestamp,
) -> CodeAnswer {
    match credential.check_code(secret, code, now) {
        (credential, Ok(shown)) => CodeAnswer::Right {
            event: AuditEvent::new(success, credential.target())
                .with("login", login.login.to_string()),
            verified: MfaVerified(shown),
            login: login.done(),
            credential,
        },
        (credential, Err(error)) => CodeAnswer::Wrong {
            error,
            event: credential.code_failure(error, EventKind::MfaChallengeFailed, now),
            login: login.charged(error),
            credential,
        },
    }
}

/// Password and second factor were right: the only thing that a session is made from.
#[derive(Debug)]
pub struct MfaVerified(pub(super) CodeShown);

impl MfaVerified {
    /// Who.
    pub fn user(&self) -> UserId {
        self.0.user
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{
        super::credential::tests::{CODES, at, credential, enrolled, secret},
        *,
    };
    use crate::TenantId;

    fn ticket() -> Ticket<kind::Login> {
        Ticket::new(TenantId::from_u128(1), LoginId::from_u128(2), [3; 32])
    }

    fn login(needs: Needs) -> Login {
        Login::begin(&ticket(), UserId::from_u128(7), needs, at(100))
    }

    fn verifying(login: Login) -> Verifying {
        login.verify(&ticket(), at(130)).unwrap()
    }

    pub(in crate::auth) fn verified() -> MfaVerified {
        let answer =
            verifying(login(Needs::Verify)).check(enrolled(), &secret(), CODES[4], at(130));
        let CodeAnswer::Right { verified, .. } = answer else { panic!("refused") };
        verified
    }

    #[test]
    fn a_right_code_completes_the_login_and_consumes_the_step() {
        let answer =
            verifying(login(Needs::Verify)).check(enrolled(), &secret(), CODES[4], at(130));
        let CodeAnswer::Right { verified, login: done, credential, event } = answer else {
            panic!("refused")
        };
        assert_eq!(
            (verified.user(), event.kind),
            (UserId::from_u128(7), EventKind::LoginSucceeded)
        );
        assert_eq!(done.verify(&ticket(), at(130)).err(), Some(LoginError::Over));
        // Threat T9: the same code in another login.
        let again = verifying(login(Needs::Verify)).check(credential, &secret(), CODES[4], at(131));
        assert!(matches!(again, CodeAnswer::Wrong { error: CodeError::Invalid, .. }));
    }

    #[test]
    fn the_code_that_confirms_an_enrolment_cannot_sign_in_again() {
        let offered = credential().offer_factor("sealed".into(), at(100)).unwrap();
        let enrolling = login(Needs::Enrol).enrol(UserId::from_u128(7), at(130)).unwrap();
        let answer = enrolling.confirm(offered, &secret(), CODES[4], at(130)).unwrap();
        let CodeAnswer::Right { credential, event, .. } = answer else { panic!("refused") };
        assert_eq!((event.kind, credential.needs()), (EventKind::MfaEnrolled, Needs::Verify));
        let again = verifying(login(Needs::Verify)).check(credential, &secret(), CODES[4], at(131));
        assert!(matches!(again, CodeAnswer::Wrong { .. }));
    }

    #[test]
    fn the_fifth_wrong_code_ends_the_login() {
        let (mut login, mut credential) = (login(Needs::Verify), enrolled());
        for _ in 0..5 {
            let answer = verifying(login).check(credential, &secret(), "000000", at(130));
            let CodeAnswer::Wrong { login: after, credential: counted, event, .. } = answer else {
                panic!("accepted")
            };
            assert_eq!(event.kind, EventKind::MfaChallengeFailed);
            (login, credential) = (after, counted);
        }
        assert_eq!(login.verify(&ticket(), at(130)).err(), Some(LoginError::Over));
    }

    #[test]
    fn ten_minutes_are_the_end_of_it() {
        let last = at(100).plus(Login::LIFETIME).minus(Duration::from_micros(1));
        assert!(login(Needs::Verify).verify(&ticket(), last).is_ok());
        let over = login(Needs::Verify).verify(&ticket(), at(700));
        assert_eq!(over.err(), Some(LoginError::Over));
    }

    #[test]
    fn only_the_ticket_of_this_login_continues_it() {
        let other_secret = Ticket::new(TenantId::from_u128(1), LoginId::from_u128(2), [4; 32]);
        let other_login = Ticket::new(TenantId::from_u128(1), LoginId::from_u128(3), [3; 32]);
        for ticket in [other_secret, other_login] {
            assert!(login(Needs::Verify).verify(&ticket, at(130)).is_err());
        }
    }

    /// Threat T13: a login that needs an enrolment takes no code, and the other way round.
    #[test]
    fn a_step_that_is_not_due_is_refused() {
        let enrol = |needs| login(needs).enrol(UserId::from_u128(7), at(130));
        let verify = login(Needs::Enrol).verify(&ticket(), at(130));
        assert_eq!(verify.err(), Some(LoginError::EnrolmentRequired));
        assert_eq!(enrol(Needs::Verify).err(), Some(LoginError::CodeRequired));
        let others = login(Needs::Enrol).enrol(UserId::from_u128(8), at(130));
        assert_eq!(others.err(), Some(LoginError::Over));
        let late = login(Needs::Enrol).enrol(UserId::from_u128(7), at(700));
        assert_eq!(late.err(), Some(LoginError::Over));
        let confirm = |credential| {
            enrol(Needs::Enrol).unwrap().confirm(credential, &secret(), CODES[4], at(130)).err()
        };
        assert_eq!(confirm(credential()), Some(EnrolmentError::NotOffered));
        assert_eq!(confirm(enrolled()), Some(EnrolmentError::Enrolled));
    }

    #[test]
    fn it_is_stored_and_read_back_without_loss() {
        let login = login(Needs::Verify);
        let json = serde_json::to_string(&login).unwrap();
        assert!(json.contains(r#""needs":"totp","#), "{json}");
        assert_eq!(serde_json::from_str::<Login>(&json).unwrap(), login);
    }
}
