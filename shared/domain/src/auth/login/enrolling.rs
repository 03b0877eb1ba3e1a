//! A login that waits for a second factor to be enrolled: its first code, then the word that the backup codes are kept.

use super::{CodeAnswer, Login, MfaVerified, verifying::wrong};
use crate::{
    AuditEvent, EventKind, Timestamp,
    auth::{BackupCodes, CodeShown, Credential, EnrolmentError, FactorState, Method, TotpSecret},
};

/// A login that waits for a second factor to be enrolled.
#[derive(Debug)]
pub struct Enrolling(pub(super) Login);

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

    /// Checks the first code of an offered factor. Its step is consumed; the factor counts once the `backup` codes are acknowledged.
    ///
    /// # Errors
    /// * [`EnrolmentError::NotOffered`], [`EnrolmentError::Enrolled`].
    pub fn confirm(
        self,
        credential: Credential,
        secret: &TotpSecret,
        code: &str,
        backup: BackupCodes,
        now: Timestamp,
    ) -> Result<CodeAnswer<()>, EnrolmentError> {
        match credential.factor.as_ref().map(|factor| factor.state) {
            None => return Err(EnrolmentError::NotOffered),
            Some(FactorState::Active) => return Err(EnrolmentError::Enrolled),
            Some(FactorState::Pending | FactorState::Confirmed { .. }) => {}
        }
        let login = self.0;
        let (credential, shown) = credential.check_code(secret, code, now);
        if let Err(error) = shown {
            return Ok(wrong(login, credential, error, now));
        }
        let confirmed = FactorState::Confirmed { login: login.login, at: now };
        let credential = credential.with_factor_state(confirmed).with_backup(backup);
        let event = AuditEvent::new(EventKind::BackupCodesGenerated, credential.target())
            .with("login", login.login.to_string());
        Ok(CodeAnswer::Right { verified: (), login, credential, event })
    }

    /// The user has the backup codes: the factor counts, and the login is complete.
    ///
    /// # Errors
    /// * [`EnrolmentError::NotOffered`]: no code of the factor came back in this login yet.
    pub fn acknowledge(self, credential: Credential) -> Result<Acknowledged, EnrolmentError> {
        let login = self.0;
        let state = credential.factor.as_ref().map(|factor| factor.state);
        let Some(FactorState::Confirmed { login: confirmed_in, at }) = state else {
            return Err(EnrolmentError::NotOffered);
        };
        if confirmed_in != login.login {
            return Err(EnrolmentError::NotOffered);
        }
        let credential = credential.with_factor_state(FactorState::Active);
        let event = AuditEvent::new(EventKind::MfaEnrolled, credential.target())
            .with("login", login.login.to_string());
        let shown = CodeShown { user: login.user, at, method: Method::Totp };
        let verified = MfaVerified { shown, epoch: login.epoch };
        Ok(Acknowledged { verified, login: login.done(), credential, event })
    }
}

/// An enrolment that is complete. Login and credential are to be written in one batch with the event.
#[derive(Debug)]
pub struct Acknowledged {
    /// What a session is made from.
    pub verified: MfaVerified,
    /// Complete.
    pub login: Login,
    /// With the factor that counts from now on.
    pub credential: Credential,
    /// What to record.
    pub event: AuditEvent,
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{codes, login, verifying},
        *,
    };
    use crate::{
        LoginId, TenantId, UserId,
        auth::{
            Needs, Ticket,
            credential::tests::{CODES, at, credential, enrolled, secret},
        },
    };

    #[test]
    fn the_code_that_confirms_an_enrolment_cannot_sign_in_again() {
        let offered = credential().offer_factor("sealed".into(), at(100)).unwrap();
        let enrolling = login(Needs::Enrol).enrol(UserId::from_u128(7), at(130)).unwrap();
        let answer = enrolling.confirm(offered, &secret(), CODES[4], codes(), at(130)).unwrap();
        let CodeAnswer::Right { credential, login: confirmed, event, .. } = answer else {
            panic!("refused")
        };
        assert_eq!(
            (event.kind, credential.needs()),
            (EventKind::BackupCodesGenerated, Needs::Enrol)
        );
        let enrolling = confirmed.enrol(UserId::from_u128(7), at(131)).unwrap();
        let Acknowledged { credential, event, verified, .. } =
            enrolling.acknowledge(credential).unwrap();
        assert_eq!((event.kind, credential.needs()), (EventKind::MfaEnrolled, Needs::Verify));
        assert_eq!((verified.shown.at, verified.method()), (at(130), Method::Totp));
        let again = verifying(login(Needs::Verify)).check(credential, &secret(), CODES[4], at(131));
        assert!(matches!(again, CodeAnswer::Wrong { .. }));
    }

    /// Threat T13: no session before somebody said that they have the backup codes, and none by another login's confirmation.
    #[test]
    fn without_a_confirmed_code_of_this_login_nothing_is_acknowledged() {
        let user = UserId::from_u128(7);
        let enrolling = || login(Needs::Enrol).enrol(user, at(130)).unwrap();
        let offered = credential().offer_factor("sealed".into(), at(100)).unwrap();
        for credential in [credential(), offered.clone(), enrolled()] {
            let refused = enrolling().acknowledge(credential).err();
            assert_eq!(refused, Some(EnrolmentError::NotOffered));
        }
        let answer = enrolling().confirm(offered, &secret(), CODES[4], codes(), at(130)).unwrap();
        let CodeAnswer::Right { credential, .. } = answer else { panic!("refused") };
        let id = LoginId::from_u128(3);
        let other = Ticket::new(TenantId::from_u128(1), id, [3; 32]);
        let other = Login::begin(&other, (user, 3), Needs::Enrol, at(100));
        let other = other.enrol(user, at(131)).unwrap();
        assert_eq!(other.acknowledge(credential).err(), Some(EnrolmentError::NotOffered));
    }
}
