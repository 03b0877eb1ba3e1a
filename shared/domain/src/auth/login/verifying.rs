//! A login that waits for a code: of the authenticator app, or a backup code.

use super::{Login, MfaVerified};
use crate::{
    AuditEvent, EventKind, Timestamp, UserId,
    auth::{BackupCode, CodeError, CodeHash, CodeShown, Credential, TotpSecret},
};

/// A login that waits for a code.
#[derive(Debug)]
pub struct Verifying(pub(super) Login);

/// What follows from a code. Login and credential are to be written in either case, in one batch with the event.
#[derive(Debug)]
pub enum CodeAnswer<V = MfaVerified> {
    /// It is right.
    Right {
        /// What it leads to: at a login, what a session is made from; at an enrolment, nothing yet.
        verified: V,
        /// As it is to be written.
        login: Login,
        /// With the step, or the backup code, consumed.
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
        let login = self.0;
        match credential.check_code(secret, code, now) {
            (credential, Ok(shown)) => right(login, credential, shown, EventKind::LoginSucceeded),
            (credential, Err(error)) => wrong(login, credential, error, now),
        }
    }

    /// Checks a backup code; `right` is the hash that it was compared with and is the code of.
    pub fn check_backup(
        self,
        credential: Credential,
        code: &BackupCode,
        right_hash: Option<&CodeHash>,
        now: Timestamp,
    ) -> CodeAnswer {
        let login = self.0;
        match credential.check_backup(code, right_hash, now) {
            (credential, Ok(shown)) => right(login, credential, shown, EventKind::BackupCodeUsed),
            (credential, Err(error)) => wrong(login, credential, error, now),
        }
    }
}

fn right(login: Login, credential: Credential, shown: CodeShown, kind: EventKind) -> CodeAnswer {
    let event = AuditEvent::new(kind, credential.target())
        .with("login", login.login.to_string())
        .with("factor", shown.method.name());
    let verified = MfaVerified { shown, epoch: login.epoch };
    CodeAnswer::Right { verified, login: login.done(), credential, event }
}

pub(super) fn wrong<V>(
    login: Login,
    credential: Credential,
    error: CodeError,
    now: Timestamp,
) -> CodeAnswer<V> {
    let event = credential.code_failure(error, EventKind::MfaChallengeFailed, now);
    CodeAnswer::Wrong { error, event, login: login.charged(error), credential }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{login, ticket, verifying},
        *,
    };
    use crate::auth::{
        LoginError, Method, Needs, backup,
        credential::tests::{CODES, at, enrolled, secret},
    };

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

    /// Threat T16.
    #[test]
    fn a_backup_code_completes_a_login_once() {
        let (codes, code, hash) = backup::tests::codes();
        let with_codes = enrolled().with_backup(codes);
        let answer =
            verifying(login(Needs::Verify)).check_backup(with_codes, &code, Some(&hash), at(130));
        let CodeAnswer::Right { verified, credential, event, .. } = answer else {
            panic!("refused")
        };
        assert_eq!(
            (verified.method(), event.kind),
            (Method::BackupCode, EventKind::BackupCodeUsed)
        );
        assert_eq!(credential.backup.as_ref().unwrap().remaining(), 1);
        for right in [Some(&hash), None] {
            let login = verifying(login(Needs::Verify));
            let again = login.check_backup(credential.clone(), &code, right, at(131));
            let CodeAnswer::Wrong { error, event, .. } = again else { panic!("accepted") };
            assert_eq!((error, event.kind), (CodeError::Invalid, EventKind::MfaChallengeFailed));
        }
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
}
