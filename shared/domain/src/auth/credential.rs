//! What a user proves to be themselves with: a password and a second factor, each with its own lockout.

mod code;
mod factor;
mod lock;

use serde::{Deserialize, Serialize};

use super::{BackupCodes, Breach, DeviceId, Lockout, Needs, PasswordRecord};
use crate::{AuditEvent, EventKind, Target, UserId};

pub use code::{CodeError, CodeShown, Method, StepUpAnswer};
pub use factor::{EnrolmentError, Factor, FactorState};
pub use lock::PasswordAnswer;

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
    /// A second factor that is to take the place of the one that counts, once its first code came back.
    pub next_factor: Option<Factor>,
    /// The backup codes; made together with the factor.
    pub backup: Option<BackupCodes>,
    /// What is known of the password's presence in breaches.
    pub breach: Breach,
    password_lock: Lockout,
    /// Of devices that signed in before: nobody else's failures lock them out.
    device_locks: Vec<(DeviceId, Lockout)>,
    /// Of whoever is signed in and shows the password again: nobody else's failures keep them from changing it.
    #[serde(default)]
    session_lock: Lockout,
    code_lock: Lockout,
}

impl Credential {
    /// A new user's.
    pub fn new(user: UserId, password: PasswordRecord) -> Self {
        Self {
            user,
            password,
            factor: None,
            next_factor: None,
            backup: None,
            breach: Breach::Pending,
            password_lock: Lockout::default(),
            device_locks: Vec::new(),
            session_lock: Lockout::default(),
            code_lock: Lockout::default(),
        }
    }

    /// What a login needs after the password.
    pub fn needs(&self) -> Needs {
        match self.factor.as_ref().map(|factor| factor.state) {
            Some(FactorState::Active) => Needs::Verify,
            Some(FactorState::Pending | FactorState::Confirmed { .. }) | None => Needs::Enrol,
        }
    }

    /// With another password: what was counted against the old one is forgotten.
    #[must_use]
    pub fn with_password(self, password: PasswordRecord, breach: Breach) -> Self {
        Self { password, breach, ..self.unlocked() }
    }

    /// With another answer on breaches, if the password is still the one that was asked about.
    #[must_use]
    pub fn with_breach(self, asked: &PasswordRecord, breach: Breach) -> Option<Self> {
        let changes = self.password == *asked && self.breach != breach;
        changes.then_some(Self { breach, ..self })
    }

    /// The same password, hashed with what is current now.
    #[must_use]
    pub fn with_rehashed(self, compared: &PasswordRecord, current: PasswordRecord) -> Self {
        if self.password == *compared { Self { password: current, ..self } } else { self }
    }

    /// Without a second factor: a new one is enrolled at the next login. The lock of its codes goes with it.
    #[must_use]
    pub fn without_factor(self) -> Self {
        let code_lock = Lockout::default();
        Self { factor: None, next_factor: None, backup: None, code_lock, ..self }
    }

    /// With other backup codes; the old ones are void.
    #[must_use]
    pub fn with_backup(self, backup: BackupCodes) -> Self {
        Self { backup: Some(backup), ..self }
    }

    /// The user, as target of an event.
    pub(super) fn target(&self) -> Target {
        Target::new("user", self.user)
    }

    fn denied(&self, kind: EventKind, why: &str) -> AuditEvent {
        AuditEvent::denied(kind, self.target(), why)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{Timestamp, auth::TotpSecret};

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
        enrolled.with_factor_state(FactorState::Active)
    }
}
