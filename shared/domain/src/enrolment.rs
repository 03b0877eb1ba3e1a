//! Enrolments: permission for one Runner to introduce itself, once, within a quarter of an hour.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::{
    AuditEvent, Class, EnrolmentId, EventKind, Fault, RunnerId, Target, Timestamp, UserId,
};

/// Permission for one Runner to enrol, as it is stored: never the token.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// Which.
    pub enrolment: EnrolmentId,
    /// The name that the Runner will have.
    pub name: String,
    /// Labels that it will have.
    pub labels: BTreeMap<String, String>,
    /// Who issued it.
    pub issued_by: UserId,
    /// When.
    pub issued_at: Timestamp,
    /// Until when it can be redeemed.
    pub ends_at: Timestamp,
    secret_sha256: [u8; 32],
    state: EnrolmentState,
}

/// What became of an enrolment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum EnrolmentState {
    /// Nothing yet.
    Issued,
    /// A Runner used it.
    Redeemed {
        /// Which Runner it became.
        runner: RunnerId,
        /// The number by which a repetition is known.
        nonce: String,
        /// The thumbprint of the Runner's key.
        kid: String,
        /// When.
        at: Timestamp,
    },
}

/// Who stands at the door with a token that is right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Admission {
    /// Somebody new.
    First,
    /// The Runner that redeemed it, whose answer was lost: give it the same answer.
    Again(RunnerId),
}

/// Why an enrolment lets nobody in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EnrolmentError {
    /// There is no such enrolment, or this is not its secret: the same answer for both.
    #[error("the enrolment token is not valid; ask the owner of the tenant for a new one")]
    Invalid,
    /// Its time is over.
    #[error("the enrolment token has expired; ask the owner of the tenant for a new one")]
    Expired,
    /// Another key, or another attempt, redeemed it.
    #[error(
        "the enrolment token was used by another Runner; if that was not you, revoke that Runner"
    )]
    Used,
}

impl Fault for EnrolmentError {
    fn class(&self) -> Class {
        match self {
            Self::Invalid | Self::Expired => Class::Unauthenticated,
            Self::Used => Class::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "enrolment-invalid",
            Self::Expired => "enrolment-expired",
            Self::Used => "enrolment-used",
        }
    }
}

impl Enrolment {
    /// How long a Runner has.
    pub const LIFETIME: Duration = Duration::from_mins(15);

    /// Lets one Runner named `name` enrol with the secret that has this SHA-256.
    pub fn issue(
        enrolment: EnrolmentId,
        secret_sha256: [u8; 32],
        name: String,
        labels: BTreeMap<String, String>,
        issued_by: UserId,
        now: Timestamp,
    ) -> (Self, AuditEvent) {
        let ends_at = now.plus(Self::LIFETIME);
        let state = EnrolmentState::Issued;
        let issued = Self {
            enrolment,
            name,
            labels,
            issued_by,
            issued_at: now,
            ends_at,
            secret_sha256,
            state,
        };
        let event = AuditEvent::new(EventKind::EnrolmentIssued, issued.target())
            .with("ends_at", ends_at.to_string());
        (issued, event)
    }

    /// Who stands at the door with a secret of this SHA-256, the `nonce` of this attempt and the key named `kid`.
    ///
    /// The secret is compared in constant time and before anything else is said. A repetition is answered even after the
    /// end: the Runner exists already.
    ///
    /// # Errors
    /// * [`EnrolmentError`], in the order of its variants.
    pub fn admit(
        &self,
        secret_sha256: &[u8; 32],
        nonce: &str,
        kid: &str,
        now: Timestamp,
    ) -> Result<Admission, EnrolmentError> {
        if !bool::from(secret_sha256.ct_eq(&self.secret_sha256)) {
            return Err(EnrolmentError::Invalid);
        }
        match &self.state {
            EnrolmentState::Redeemed { runner, nonce: by, kid: with, .. } => {
                let is_repetition = by == nonce && with == kid;
                if is_repetition {
                    Ok(Admission::Again(*runner))
                } else {
                    Err(EnrolmentError::Used)
                }
            }
            EnrolmentState::Issued if now >= self.ends_at => Err(EnrolmentError::Expired),
            EnrolmentState::Issued => Ok(Admission::First),
        }
    }

    /// Uses it up for `runner`, whose key is named `kid`.
    ///
    /// # Errors
    /// * [`EnrolmentError::Used`]: it was used up before.
    pub fn redeem(
        self,
        runner: RunnerId,
        nonce: &str,
        kid: &str,
        now: Timestamp,
    ) -> Result<(Self, AuditEvent), EnrolmentError> {
        if self.state != EnrolmentState::Issued {
            return Err(EnrolmentError::Used);
        }
        let event = AuditEvent::new(EventKind::EnrolmentRedeemed, self.target())
            .with("runner", runner.to_string())
            .with("kid", kid);
        let (nonce, kid) = (nonce.to_owned(), kid.to_owned());
        Ok((
            Self { state: EnrolmentState::Redeemed { runner, nonce, kid, at: now }, ..self },
            event,
        ))
    }

    fn target(&self) -> Target {
        Target::new("enrolment", self.enrolment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: [u8; 32] = [7; 32];
    const START: Timestamp = Timestamp::from_unix_s(1_800_000_000);

    fn enrolment() -> Enrolment {
        let id = EnrolmentId::from_u128(1);
        let user = UserId::from_u128(2);
        Enrolment::issue(id, SECRET, "plant".into(), BTreeMap::new(), user, START).0
    }

    #[test]
    fn it_is_redeemed_until_its_last_microsecond() {
        let last = START.plus(Duration::from_mins(15)).minus(Duration::from_micros(1));
        assert_eq!(enrolment().admit(&SECRET, "n", "k", last), Ok(Admission::First));
        let over = START.plus(Duration::from_mins(15));
        assert_eq!(enrolment().admit(&SECRET, "n", "k", over), Err(EnrolmentError::Expired));
    }

    #[test]
    fn another_secret_learns_nothing() {
        let over = START.plus(Duration::from_hours(1));
        for at in [START, over] {
            assert_eq!(enrolment().admit(&[8; 32], "n", "k", at), Err(EnrolmentError::Invalid));
        }
    }

    #[test]
    fn it_is_used_once_and_repeated_by_the_same_runner_only() {
        let runner = RunnerId::from_u128(3);
        let (used, event) = enrolment().redeem(runner, "n", "k", START).unwrap();
        assert_eq!(event.kind, EventKind::EnrolmentRedeemed);
        let over = START.plus(Duration::from_hours(1));
        assert_eq!(used.admit(&SECRET, "n", "k", over), Ok(Admission::Again(runner)));
        for (nonce, kid) in [("other", "k"), ("n", "other")] {
            assert_eq!(used.admit(&SECRET, nonce, kid, START), Err(EnrolmentError::Used));
        }
        assert_eq!(used.admit(&[8; 32], "n", "k", START), Err(EnrolmentError::Invalid));
        assert_eq!(used.redeem(runner, "n", "k", START), Err(EnrolmentError::Used));
    }
}
