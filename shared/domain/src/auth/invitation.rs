//! Invitations: how a person comes into a tenant. Each is redeemed once.

mod inviter;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Ticket;
use crate::{
    AuditEvent, Class, EventKind, Fault, InvitationId, Role, Target, Timestamp, UserId, kind,
};
pub use inviter::{InviterError, may_invite};

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
    /// Who issued it; nobody for the first owner of a deployment.
    #[serde(default)]
    pub issued_by: Option<UserId>,
    /// To whom it was sent. Without, whoever holds the token may use any address.
    #[serde(default)]
    pub address: Option<InvitedAddress>,
    ticket_sha256: String,
    state: InvitationState,
}

/// To whom an invitation was sent.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct InvitedAddress {
    /// The look-up of the address ([`super::Email::index`]): only that person redeems it.
    pub index: String,
    /// The address, sealed.
    pub sealed: String,
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
    /// Somebody took it back.
    Revoked,
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
            issued_by: None,
            address: None,
            ticket_sha256: ticket_sha256.to_owned(),
            state: InvitationState::Open,
        };
        let event = issued.invited();
        Ok((issued, event))
    }

    /// The same, sent by a user to an address.
    #[must_use]
    pub fn sent(self, by: UserId, address: InvitedAddress) -> Self {
        Self { issued_by: Some(by), address: Some(address), ..self }
    }

    /// A new token and a new term for an invitation that nobody used; the token before is void.
    ///
    /// # Errors
    /// * [`InvitationError`]: it was used or revoked.
    pub fn renew(
        self,
        ticket_sha256: String,
        now: Timestamp,
    ) -> Result<(Self, AuditEvent), InvitationError> {
        if self.state != InvitationState::Open {
            return Err(InvitationError);
        }
        let renewed = Self { ticket_sha256, ends_at: now.plus(Self::LIFETIME), ..self };
        let event = renewed.invited();
        Ok((renewed, event))
    }

    /// Takes it back.
    ///
    /// # Errors
    /// * [`InvitationError`]: it was used or revoked.
    pub fn revoke(self) -> Result<(Self, AuditEvent), InvitationError> {
        if self.state != InvitationState::Open {
            return Err(InvitationError);
        }
        let event = AuditEvent::new(EventKind::InvitationRevoked, self.target());
        Ok((Self { state: InvitationState::Revoked, ..self }, event))
    }

    /// Whether it waits for its person at `now`.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == InvitationState::Open && now < self.ends_at
    }

    /// Whether nobody comes in by it as it is, nor is about to: used, taken back, or an hour over, when every request that began in time has ended.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let is_late = now >= self.ends_at.plus(Duration::from_hours(1));
        self.state != InvitationState::Open || is_late
    }

    /// Whether the person with this look-up of an address may redeem it.
    pub fn is_for(&self, index: &str) -> bool {
        self.address.as_ref().is_none_or(|address| address.index == index)
    }

    fn invited(&self) -> AuditEvent {
        AuditEvent::new(EventKind::UserInvited, self.target())
            .with("ends_at", self.ends_at.to_string())
            .with("role", self.role.name())
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
        let is_bearer = ticket.id == self.invitation && ticket.matches(&self.ticket_sha256);
        if self.is_open(now) && is_bearer { Ok(()) } else { Err(InvitationError) }
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
    fn a_renewed_invitation_has_another_token_and_a_revoked_one_has_none() {
        let (renewed, _) = invitation().renew(ticket(9).sha256(), at(10)).unwrap();
        assert_eq!(renewed.admits(&ticket(1), at(11)), Err(InvitationError));
        assert_eq!(renewed.admits(&ticket(9), at(11)), Ok(()));
        let (revoked, event) = renewed.revoke().unwrap();
        assert_eq!(event.kind, EventKind::InvitationRevoked);
        assert_eq!(revoked.admits(&ticket(9), at(11)), Err(InvitationError));
        assert!(
            revoked.clone().revoke().is_err() && revoked.renew(ticket(1).sha256(), at(12)).is_err()
        );
    }

    #[test]
    fn an_invitation_that_was_sent_is_for_its_address_alone() {
        let address = InvitedAddress { index: "a".to_owned(), sealed: String::new() };
        let sent = invitation().sent(UserId::from_u128(1), address);
        assert!(sent.is_for("a") && !sent.is_for("b"));
        assert!(invitation().is_for("b"), "the first owner's is for whoever holds it");
    }

    #[test]
    fn an_invitation_is_over_when_it_was_taken_back_or_nobody_can_be_redeeming_it() {
        let end = invitation().ends_at;
        assert!(!invitation().is_over(end.plus(Duration::from_secs(3_599))));
        assert!(invitation().is_over(end.plus(Duration::from_hours(1))));
        assert!(invitation().revoke().unwrap().0.is_over(at(0)));
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
