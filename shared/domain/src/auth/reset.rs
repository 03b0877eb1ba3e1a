//! A forgotten password: a link by mail, for a quarter of an hour and one use. It sets a password and nothing else: the second factor stays
//! (threat T20).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Ticket;
use crate::{AuditEvent, Class, EventKind, Fault, ResetId, Target, Timestamp, UserId, kind};

/// A reset that was asked for, as it is stored: never the token.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// Which.
    pub reset: ResetId,
    /// Whose password.
    pub user: UserId,
    /// Until when it counts.
    pub ends_at: Timestamp,
    ticket_sha256: String,
    used_at: Option<Timestamp>,
}

/// Why a reset does nothing: uniform for unknown, wrong, used and over.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the link is not valid, was used already or is over; ask for a new one")]
pub struct ResetError;

impl Fault for ResetError {
    fn class(&self) -> Class {
        Class::Unauthenticated
    }

    fn code(&self) -> &'static str {
        "reset-invalid"
    }
}

impl PasswordReset {
    /// How long the link counts.
    pub const LIFETIME: Duration = Duration::from_mins(15);

    /// Issues a reset for whoever holds `ticket`, and says what to record.
    pub fn issue(ticket: &Ticket<kind::Reset>, user: UserId, now: Timestamp) -> (Self, AuditEvent) {
        let ends_at = now.plus(Self::LIFETIME);
        let event = AuditEvent::new(EventKind::PasswordResetRequested, Target::new("user", user))
            .with("reset", ticket.id.to_string())
            .with("ends_at", ends_at.to_string());
        let ticket_sha256 = ticket.sha256();
        (Self { reset: ticket.id, user, ends_at, ticket_sha256, used_at: None }, event)
    }

    /// Whether `ticket` counts at `now`: what is worth checking before a password is hashed.
    ///
    /// # Errors
    /// * [`ResetError`].
    pub fn admits(&self, ticket: &Ticket<kind::Reset>, now: Timestamp) -> Result<(), ResetError> {
        let is_open = self.used_at.is_none() && now < self.ends_at;
        let is_bearer = ticket.id == self.reset && ticket.matches(&self.ticket_sha256);
        if is_open && is_bearer { Ok(()) } else { Err(ResetError) }
    }

    /// Uses it.
    ///
    /// # Errors
    /// * [`ResetError`].
    pub fn redeem(
        self,
        ticket: &Ticket<kind::Reset>,
        now: Timestamp,
    ) -> Result<(Self, AuditEvent), ResetError> {
        self.admits(ticket, now)?;
        let target = Target::new("user", self.user);
        let event = AuditEvent::new(EventKind::PasswordResetCompleted, target)
            .with("reset", self.reset.to_string());
        Ok((Self { used_at: Some(now), ..self }, event))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::credential::tests::at, *};
    use crate::TenantId;

    fn ticket(id: u128, secret: u8) -> Ticket<kind::Reset> {
        Ticket::new(TenantId::from_u128(1), ResetId::from_u128(id), [secret; 32])
    }

    fn reset() -> PasswordReset {
        PasswordReset::issue(&ticket(2, 1), UserId::from_u128(7), at(0)).0
    }

    #[test]
    fn it_is_used_once() {
        let (used, event) = reset().redeem(&ticket(2, 1), at(10)).unwrap();
        assert_eq!(event.kind, EventKind::PasswordResetCompleted);
        assert_eq!(used.redeem(&ticket(2, 1), at(11)), Err(ResetError));
    }

    #[test]
    fn it_counts_for_a_quarter_of_an_hour() {
        assert_eq!(reset().admits(&ticket(2, 1), at(899)), Ok(()));
        assert_eq!(reset().admits(&ticket(2, 1), at(900)), Err(ResetError));
    }

    #[test]
    fn another_secret_and_another_id_do_nothing() {
        assert_eq!(reset().admits(&ticket(2, 2), at(10)), Err(ResetError));
        assert_eq!(reset().admits(&ticket(3, 1), at(10)), Err(ResetError));
    }

    #[test]
    fn the_token_is_not_stored() {
        let stored = serde_json::to_string(&reset()).unwrap();
        let secret = secrecy::ExposeSecret::expose_secret(&ticket(2, 1).expose()).to_owned();
        let secret = secret.rsplit('.').next().unwrap();
        assert!(!stored.contains(secret) && stored.contains(&ticket(2, 1).sha256()));
    }
}
