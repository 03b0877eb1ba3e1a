//! A lost second factor: another administrator lets a user enrol a new one. It takes the user's password, a link to the user's address and
//! somebody else's decision: none of them alone is a way in (threats T17, T18). A user who never finished setting up the first factor needs
//! the link and the password again (threat T14).

mod break_glass;
mod error;
mod unfinished;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Needs, Ticket};
use crate::{AuditEvent, EventKind, RecoveryId, Target, Timestamp, UserId, kind};

pub use error::RecoveryError;

/// A recovery, as it is stored: never the token.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// Which.
    pub recovery: RecoveryId,
    /// Who lost their factor.
    pub user: UserId,
    /// Who said so: they themselves with their password, or an administrator.
    pub requested_by: UserId,
    /// When.
    pub requested_at: Timestamp,
    /// Until when it can be approved, or, once approved, redeemed.
    pub ends_at: Timestamp,
    /// From when on the link counts, when two operators opened it; until then the tenant can refuse it.
    #[serde(default)]
    pub opens_at: Option<Timestamp>,
    /// How far it is.
    pub state: RecoveryState,
}

/// How far a recovery is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryState {
    /// It waits for an administrator.
    Requested,
    /// It waits still, and an operator agreed: there is no other administrator.
    Agreed {
        /// Who.
        by: UserId,
    },
    /// The first factor was never set up: the link went to the user, and nobody decides, since there is no factor to get around.
    Offered {
        /// SHA-256 of the link's secret.
        ticket_sha256: String,
    },
    /// An administrator approved it; a link went to the user.
    Approved {
        /// Who.
        by: UserId,
        /// SHA-256 of the link's secret.
        ticket_sha256: String,
    },
    /// An administrator refused it.
    Denied {
        /// Who.
        by: UserId,
    },
    /// The factor is gone; the user enrols a new one.
    Done {
        /// When.
        at: Timestamp,
    },
}

/// Who decides on a recovery.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Approver {
    /// Who.
    pub user: UserId,
    /// Since when they are a user of the tenant.
    pub since: Timestamp,
}

impl Recovery {
    /// How long a request waits for an administrator.
    pub const WAITS: Duration = Duration::from_hours(72);
    /// How long the link counts after that.
    pub const LINK_LIFETIME: Duration = Duration::from_hours(24);
    /// How long somebody must have been there to approve.
    pub const APPROVER_SINCE: Duration = Duration::from_hours(24);

    /// A request, by somebody who showed the user's password or by an administrator, and what to record.
    pub fn request(
        recovery: RecoveryId,
        user: UserId,
        requested_by: UserId,
        now: Timestamp,
    ) -> (Self, AuditEvent) {
        let ends_at = now.plus(Self::WAITS);
        let state = RecoveryState::Requested;
        let requested = Self {
            recovery,
            user,
            requested_by,
            requested_at: now,
            ends_at,
            opens_at: None,
            state,
        };
        let event = requested.event(EventKind::MfaResetRequested);
        (requested, event)
    }

    /// Whether it waits for an administrator at `now`.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let waits = match self.state {
            RecoveryState::Requested | RecoveryState::Agreed { .. } => true,
            RecoveryState::Offered { .. }
            | RecoveryState::Approved { .. }
            | RecoveryState::Denied { .. }
            | RecoveryState::Done { .. } => false,
        };
        waits && now < self.ends_at
    }

    /// Whether an administrator can still refuse it at `now`: as long as it waits, and what operators opened until it is used.
    pub fn is_refusable(&self, now: Timestamp) -> bool {
        let opened =
            self.opens_at.is_some() && matches!(self.state, RecoveryState::Approved { .. });
        self.is_open(now) || (opened && now < self.ends_at)
    }

    /// Approves it: whoever holds `ticket` and knows the password goes on.
    ///
    /// # Errors
    /// * [`RecoveryError::Own`], [`RecoveryError::TooNew`], [`RecoveryError::NotOpen`].
    pub fn approve(
        self,
        approver: Approver,
        ticket: &Ticket<kind::Recovery>,
        now: Timestamp,
    ) -> Result<(Self, AuditEvent), RecoveryError> {
        if approver.user == self.user || approver.user == self.requested_by {
            return Err(RecoveryError::Own);
        }
        if now < approver.since.plus(Self::APPROVER_SINCE) {
            return Err(RecoveryError::TooNew);
        }
        if !self.is_open(now) {
            return Err(RecoveryError::NotOpen);
        }
        let event = self.event(EventKind::MfaResetApproved);
        let state = RecoveryState::Approved { by: approver.user, ticket_sha256: ticket.sha256() };
        Ok((Self { state, ends_at: now.plus(Self::LINK_LIFETIME), ..self }, event))
    }

    /// Refuses it.
    ///
    /// # Errors
    /// * [`RecoveryError::NotOpen`].
    pub fn deny(self, by: UserId, now: Timestamp) -> Result<(Self, AuditEvent), RecoveryError> {
        if !self.is_refusable(now) {
            return Err(RecoveryError::NotOpen);
        }
        let event = AuditEvent::denied(EventKind::MfaResetApproved, self.target(), "denied")
            .with("recovery", self.recovery.to_string());
        Ok((Self { state: RecoveryState::Denied { by }, ..self }, event))
    }

    /// Whether `ticket` counts at `now`: what is worth checking before a password is compared.
    ///
    /// # Errors
    /// * [`RecoveryError::Invalid`].
    pub fn admits(
        &self,
        ticket: &Ticket<kind::Recovery>,
        now: Timestamp,
    ) -> Result<(), RecoveryError> {
        let is_bearer = match &self.state {
            RecoveryState::Approved { ticket_sha256, .. }
            | RecoveryState::Offered { ticket_sha256 } => ticket.matches(ticket_sha256),
            RecoveryState::Requested
            | RecoveryState::Agreed { .. }
            | RecoveryState::Denied { .. }
            | RecoveryState::Done { .. } => false,
        };
        let is_time = now < self.ends_at && self.opens_at.is_none_or(|opens| now >= opens);
        let counts = is_bearer && is_time && ticket.id == self.recovery;
        if counts { Ok(()) } else { Err(RecoveryError::Invalid) }
    }

    /// Uses it, for whoever showed the password too; `needs` is what a login of the user needs now. What nobody decided on gets around no
    /// factor.
    ///
    /// # Errors
    /// * [`RecoveryError::Invalid`].
    pub fn redeem(
        self,
        ticket: &Ticket<kind::Recovery>,
        needs: Needs,
        now: Timestamp,
    ) -> Result<(Self, AuditEvent), RecoveryError> {
        self.admits(ticket, now)?;
        if needs == Needs::Verify && matches!(self.state, RecoveryState::Offered { .. }) {
            return Err(RecoveryError::Invalid);
        }
        let event = self.event(EventKind::MfaResetCompleted);
        Ok((Self { state: RecoveryState::Done { at: now }, ..self }, event))
    }

    fn target(&self) -> Target {
        Target::new("user", self.user)
    }

    fn event(&self, kind: EventKind) -> AuditEvent {
        AuditEvent::new(kind, self.target()).with("recovery", self.recovery.to_string())
    }
}

#[cfg(test)]
mod tests;
