//! A login in progress: password, then second factor, then session; no order but this one can be written down.
//!
//! ```text
//! Credential::password_checked → Login::begin ⇒ (stored) ⇒ ┬→ Login::verify → Verifying::check ──┬→ MfaVerified → Session::open
//!                                                         └→ Login::enrol → Enrolling::confirm ⇒ (stored, backup codes shown)
//!                                                                         → Enrolling::acknowledge → MfaVerified → Session::open
//! ```
//! Each state is made by the step before it alone; `MfaVerified` is the only thing that a session can be made from.

mod enrolling;
mod verifying;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CodeError, CodeShown, Method, Ticket};
use crate::{Class, Fault, LoginId, Timestamp, UserId, kind};

pub use enrolling::{Acknowledged, Enrolling};
pub use verifying::{CodeAnswer, Verifying};

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
    /// The epoch of the user's guard when they did; whatever raises it ends the login.
    #[serde(default)]
    pub epoch: u32,
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
    /// The password was right, and no second factor was ever set up: the password alone does not set one up (threat T14).
    #[error(
        "no second factor is set up yet, and a password alone sets up none; \
         follow the link that we sent to your address to finish it"
    )]
    EnrolmentUnfinished,
    /// Both factors were right, and the password leaked elsewhere since it was chosen.
    #[error(
        "your password is known from a breach elsewhere, so it opens nothing any more; \
         follow the link that we sent you by mail to choose another one, then sign in"
    )]
    PasswordBreached,
}

impl Fault for LoginError {
    fn class(&self) -> Class {
        match self {
            Self::Failed | Self::Over => Class::Unauthenticated,
            Self::EnrolmentUnfinished | Self::PasswordBreached => Class::Forbidden,
            Self::CodeRequired | Self::EnrolmentRequired => Class::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Failed => "login-failed",
            Self::Over => "login-over",
            Self::CodeRequired => "mfa-required",
            Self::EnrolmentRequired => "mfa-enrolment-required",
            Self::EnrolmentUnfinished => "mfa-enrolment-unfinished",
            Self::PasswordBreached => "password-change-required",
        }
    }
}

impl Login {
    /// How long a login may take, from the password to the session.
    pub const LIFETIME: Duration = Duration::from_mins(10);

    /// Begins the login that `ticket` continues. Call it on [`Accepted`](super::PasswordAnswer::Accepted) or for a user made just now.
    pub fn begin(
        ticket: &Ticket<kind::Login>,
        (user, epoch): (UserId, u32),
        needs: Needs,
        now: Timestamp,
    ) -> Self {
        Self {
            login: ticket.id,
            user,
            epoch,
            ends_at: now.plus(Self::LIFETIME),
            needs,
            ticket_sha256: ticket.sha256(),
            bad_codes: 0,
            state: LoginState::Open,
        }
    }

    /// The login, if its user's guard is still of this epoch: another password ends what began with the old one.
    ///
    /// # Errors
    /// * [`LoginError::Over`].
    pub fn in_epoch(self, epoch: u32) -> Result<Self, LoginError> {
        if self.epoch == epoch { Ok(self) } else { Err(LoginError::Over) }
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

/// Password and second factor were right: the only thing that a session is made from.
#[derive(Debug)]
pub struct MfaVerified {
    pub(super) shown: CodeShown,
    /// That of the login: a session of it is dead if the epoch was raised since.
    pub(super) epoch: u32,
}

impl MfaVerified {
    /// Who.
    pub fn user(&self) -> UserId {
        self.shown.user
    }

    /// What the second factor was.
    pub fn method(&self) -> Method {
        self.shown.method
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{
        super::{
            BackupCodes, EnrolmentError, backup,
            credential::tests::{CODES, at, credential, enrolled, secret},
        },
        *,
    };
    use crate::TenantId;

    pub(super) fn codes() -> BackupCodes {
        backup::tests::codes().0
    }

    pub(super) fn ticket() -> Ticket<kind::Login> {
        Ticket::new(TenantId::from_u128(1), LoginId::from_u128(2), [3; 32])
    }

    pub(super) fn login(needs: Needs) -> Login {
        Login::begin(&ticket(), (UserId::from_u128(7), 3), needs, at(100))
    }

    pub(super) fn verifying(login: Login) -> Verifying {
        login.verify(&ticket(), at(130)).unwrap()
    }

    pub(in crate::auth) fn verified() -> MfaVerified {
        let answer =
            verifying(login(Needs::Verify)).check(enrolled(), &secret(), CODES[4], at(130));
        let CodeAnswer::Right { verified, .. } = answer else { panic!("refused") };
        verified
    }

    #[test]
    fn ten_minutes_are_the_end_of_it() {
        let last = at(100).plus(Login::LIFETIME).minus(Duration::from_micros(1));
        assert!(login(Needs::Verify).verify(&ticket(), last).is_ok());
        let over = login(Needs::Verify).verify(&ticket(), at(700));
        assert_eq!(over.err(), Some(LoginError::Over));
    }

    #[test]
    fn another_epoch_of_the_user_is_the_end_of_it() {
        assert!(login(Needs::Verify).in_epoch(3).is_ok());
        for epoch in [2, 4] {
            let over = login(Needs::Verify).in_epoch(epoch);
            assert_eq!(over.err(), Some(LoginError::Over), "{epoch}");
        }
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
            enrol(Needs::Enrol)
                .unwrap()
                .confirm(credential, &secret(), CODES[4], codes(), at(130))
                .err()
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
