//! Invitations: how a person comes into a tenant. Each is redeemed once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Ticket;
use crate::{
    AuditEvent, Class, EventKind, Fault, InvitationId, Role, Target, Timestamp, UserId, kind,
};

/// An invitation to a tenant, as it is stored: never the token.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// Which.
    pub invitation: InvitationId,
    /// What the person becomes.
    pub role: Role,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Until when it can be redeemed.
    pub ends_at: Timestamp,
    ticket_sha256: String,
    state: InvitationState,
}

/// What became of an invitation.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationState {
    /// Nothing yet.
    Open,
    /// Somebody used it.
    Redeemed {
        /// Who they became.
        user: UserId,
        /// When.
        at: Timestamp,
    },
}

/// Why an invitation gives nothing: uniform for unknown, wrong, used and over.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the invitation is not valid, was used already or is over; ask for a new one")]
pub struct InvitationError;

impl Fault for InvitationError {
    fn class(&self) -> Class {
        Class::Unauthenticated
    }

    fn code(&self) -> &'static str {
        "invitation-invalid"
    }
}

impl Invitation {
    /// How long a person has.
    pub const LIFETIME: Duration = Duration::from_hours(7 * 24);
    /// How long the first owner of a deployment has.
    pub const BOOTSTRAP_LIFETIME: Duration = Duration::from_hours(24);

    /// Issues an invitation for whoever holds the ticket with this SHA-256 (64 lower-case hexadecimal digits), and says what to record.
    ///
    /// # Errors
    /// * [`InvitationError`]: not a SHA-256.
    pub fn issue(
        invitation: InvitationId,
        ticket_sha256: &str,
        role: Role,
        lifetime: Duration,
        now: Timestamp,
    ) -> Result<(Self, AuditEvent), InvitationError> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if ticket_sha256.len() != 64 || !ticket_sha256.bytes().all(is_hex) {
            return Err(InvitationError);
        }
        let issued = Self {
            invitation,
            role,
            issued_at: now,
            ends_at: now.plus(lifetime),
            ticket_sha256: ticket_sha256.to_owned(),
            state: InvitationState::Open,
        };
        let event = AuditEvent::new(EventKind::UserInvited, issued.target())
            .with("ends_at", issued.ends_at.to_string());
        Ok((issued, event))
    }

    /// Whether `ticket` can be redeemed at `now`: what is worth checking before a password is hashed.
    ///
    /// # Errors
    /// * [`InvitationError`].
    pub fn admits(
        &self,
        ticket: &Ticket<kind::Invitation>,
        now: Timestamp,
    ) -> Result<(), InvitationError> {
        let is_open = self.state == InvitationState::Open && now < self.ends_at;
        let is_bearer = ticket.id == self.invitation && ticket.matches(&self.ticket_sha256);
        if is_open && is_bearer { Ok(()) } else { Err(InvitationError) }
    }

    /// Redeems it: its bearer is `user` from now on.
    ///
    /// # Errors
    /// * [`InvitationError`].
    pub fn redeem(
        self,
        ticket: &Ticket<kind::Invitation>,
        user: UserId,
        now: Timestamp,
    ) -> Result<(Self, AuditEvent), InvitationError> {
        self.admits(ticket, now)?;
        let event = AuditEvent::new(EventKind::UserCreated, Target::new("user", user))
            .with("invitation", self.invitation.to_string());
        Ok((Self { state: InvitationState::Redeemed { user, at: now }, ..self }, event))
    }

    fn target(&self) -> Target {
        Target::new("invitation", self.invitation)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::credential::tests::at, *};
    use crate::TenantId;

    fn ticket(secret: u8) -> Ticket<kind::Invitation> {
        Ticket::new(TenantId::from_u128(1), InvitationId::from_u128(2), [secret; 32])
    }

    fn invitation() -> Invitation {
        let id = InvitationId::from_u128(2);
        let issued = Invitation::issue(
            id,
            &ticket(1).sha256(),
            Role::Owner,
            Invitation::BOOTSTRAP_LIFETIME,
            at(0),
        );
        issued.unwrap().0
    }

    #[test]
    fn it_is_redeemed_once() {
        let (redeemed, event) =
            invitation().redeem(&ticket(1), UserId::from_u128(7), at(10)).unwrap();
        assert_eq!(
            (event.kind, event.target),
            (EventKind::UserCreated, Target::new("user", UserId::from_u128(7)))
        );
        assert_eq!(redeemed.redeem(&ticket(1), UserId::from_u128(8), at(11)), Err(InvitationError));
    }

    #[test]
    fn another_secret_and_another_id_redeem_nothing() {
        assert_eq!(invitation().admits(&ticket(2), at(10)), Err(InvitationError));
        let other = Ticket::new(TenantId::from_u128(1), InvitationId::from_u128(3), [1; 32]);
        assert_eq!(invitation().admits(&other, at(10)), Err(InvitationError));
    }

    #[test]
    fn the_first_owner_has_a_day() {
        let day = at(86_400);
        assert_eq!(invitation().admits(&ticket(1), day.minus(Duration::from_micros(1))), Ok(()));
        assert_eq!(invitation().admits(&ticket(1), day), Err(InvitationError));
    }

    #[test]
    fn only_a_sha_256_is_taken() {
        let issue = |text: &str| {
            Invitation::issue(
                InvitationId::from_u128(2),
                text,
                Role::Owner,
                Invitation::LIFETIME,
                at(0),
            )
        };
        assert!(issue(&"a".repeat(64)).is_ok());
        for text in ["", &"a".repeat(63), &"A".repeat(64), &"g".repeat(64)] {
            assert!(issue(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_stored_document_holds_no_token() {
        let json = serde_json::to_string(&invitation()).unwrap();
        let token = ticket(1).expose();
        let secret =
            secrecy::ExposeSecret::expose_secret(&token).rsplit('.').next().unwrap().to_owned();
        assert!(!json.contains(&secret));
    }
}
