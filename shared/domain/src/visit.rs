//! Visits: an operator of the platform acts in the place of a user, for a while, with a reason, and only where the tenant lets him.
//!
//! A visit only reads ([`Permission::is_for_visits`](crate::Permission::is_for_visits)); the event that begins it is in the tenant's own log
//! before the first token of it exists.

mod error;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    AuditEvent, EventKind, SupportAccess, Target, TenantId, Timestamp, UserId, VisitId, is_line,
};

pub use error::VisitError;

/// What an operator asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VisitRequest {
    /// In whose place.
    pub user: UserId,
    /// The ticket of the operator's own system: 1 to 100 characters.
    pub ticket: String,
    /// Why: 10 to 500 characters, read by the tenant.
    pub reason: String,
    /// For how long: 1 to 60 minutes.
    pub minutes: u16,
}

/// A visit, as it is stored in the visited tenant's partition.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Visit {
    /// Which.
    pub visit: VisitId,
    /// Who visits.
    pub operator: UserId,
    /// The operator's own tenant.
    pub operator_tenant: TenantId,
    /// In whose place.
    pub user: UserId,
    /// The ticket.
    pub ticket: String,
    /// Why.
    pub reason: String,
    /// For how many minutes.
    pub minutes: u16,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Until when it lasts, once it has begun.
    pub ends_at: Option<Timestamp>,
    /// Who of the tenant allowed it; nobody where support was granted beforehand.
    #[serde(default)]
    pub allowed_by: Option<UserId>,
    /// The epoch of the operator's guard when it began: what signs the operator out everywhere ends it, too.
    #[serde(default)]
    pub operator_epoch: Option<u32>,
    /// Where it stands.
    pub state: VisitState,
}

/// Where a visit stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VisitState {
    /// The tenant has not said yes yet.
    Requested,
    /// It may begin.
    Granted,
    /// It has begun.
    Active,
    /// It is over.
    Ended,
    /// The tenant said no.
    Denied,
}

impl VisitState {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Granted => "granted",
            Self::Active => "active",
            Self::Ended => "ended",
            Self::Denied => "denied",
        }
    }
}

impl Visit {
    /// Minutes unless others are asked for.
    pub const MINUTES: u16 = 15;
    /// Minutes at most.
    pub const MINUTES_MAX: u16 = 60;
    /// A visit that was allowed and did not begin is void after this.
    pub const BEGINS_WITHIN: Duration = Duration::from_hours(24);

    /// Asks for a visit: allowed at once where the tenant granted support beforehand.
    ///
    /// # Errors
    /// * [`VisitError::Off`], and one variant for each field.
    pub fn request(
        visit: VisitId,
        (operator, operator_tenant): (UserId, TenantId),
        request: VisitRequest,
        access: SupportAccess,
        now: Timestamp,
    ) -> Result<(Self, AuditEvent), VisitError> {
        let VisitRequest { user, ticket, reason, minutes } = request;
        if !is_line(&ticket, 1..=100) {
            return Err(VisitError::Ticket);
        }
        if !is_line(&reason, 10..=500) {
            return Err(VisitError::Reason);
        }
        if !(1..=Self::MINUTES_MAX).contains(&minutes) {
            return Err(VisitError::Minutes);
        }
        let state = match access {
            SupportAccess::Off => return Err(VisitError::Off),
            SupportAccess::GrantedUntil(until) if now < until => VisitState::Granted,
            SupportAccess::Ask | SupportAccess::GrantedUntil(_) => VisitState::Requested,
        };
        let asked = Self {
            visit,
            operator,
            operator_tenant,
            user,
            ticket,
            reason,
            minutes,
            requested_at: now,
            ends_at: None,
            allowed_by: None,
            operator_epoch: None,
            state,
        };
        let event = asked.event(EventKind::ImpersonationRequested).with("state", state.name());
        Ok((asked, event))
    }

    /// The tenant answers.
    ///
    /// # Errors
    /// * [`VisitError::State`].
    pub fn answer(self, allow: bool, by: UserId) -> Result<(Self, AuditEvent), VisitError> {
        if self.state != VisitState::Requested {
            return Err(VisitError::State(self.state));
        }
        let (state, kind) = if allow {
            (VisitState::Granted, EventKind::ImpersonationGranted)
        } else {
            (VisitState::Denied, EventKind::ImpersonationDenied)
        };
        let event = self.event(kind).with("by", by.to_string());
        Ok((Self { state, allowed_by: allow.then_some(by), ..self }, event))
    }

    /// Begins it, by an operator whose guard is of this epoch. The event must be in the tenant's log before a token is issued.
    ///
    /// What nobody of the tenant allowed begins only while support is granted, however early it was asked for.
    ///
    /// # Errors
    /// * [`VisitError::Off`], [`VisitError::NotGranted`], [`VisitError::State`].
    pub fn begin(
        self,
        access: SupportAccess,
        operator_epoch: u32,
        now: Timestamp,
    ) -> Result<(Self, AuditEvent), VisitError> {
        match (self.state, access) {
            (_, SupportAccess::Off) => Err(VisitError::Off),
            (VisitState::Requested, _) => Err(VisitError::NotGranted),
            (VisitState::Granted, _) if self.is_allowed(access, now) => {
                let ends_at = now.plus(Duration::from_mins(u64::from(self.minutes)));
                let event = self
                    .event(EventKind::ImpersonationStarted)
                    .with("ends_at", ends_at.to_string());
                let (state, ends_at) = (VisitState::Active, Some(ends_at));
                Ok((Self { state, ends_at, operator_epoch: Some(operator_epoch), ..self }, event))
            }
            (VisitState::Granted, _) => Err(VisitError::NotGranted),
            (VisitState::Active | VisitState::Ended | VisitState::Denied, _) => {
                Err(VisitError::State(self.state))
            }
        }
    }

    fn is_allowed(&self, access: SupportAccess, now: Timestamp) -> bool {
        let is_granted = matches!(access, SupportAccess::GrantedUntil(until) if now < until);
        let is_in_time = now.since(self.requested_at) < Self::BEGINS_WITHIN;
        is_in_time && (self.allowed_by.is_some() || is_granted)
    }

    /// Ends it, by whichever side.
    ///
    /// # Errors
    /// * [`VisitError::State`].
    pub fn end(self, by: &'static str) -> Result<(Self, AuditEvent), VisitError> {
        match self.state {
            VisitState::Requested | VisitState::Granted | VisitState::Active => {
                let event = self.event(EventKind::ImpersonationEnded).with("by", by);
                Ok((Self { state: VisitState::Ended, ..self }, event))
            }
            VisitState::Ended | VisitState::Denied => Err(VisitError::State(self.state)),
        }
    }

    /// Whether requests of it are answered at `now`, in a tenant with this setting.
    pub fn is_on(&self, access: SupportAccess, now: Timestamp) -> bool {
        let allowed = access != SupportAccess::Off;
        allowed && self.state == VisitState::Active && self.ends_at.is_some_and(|end| now < end)
    }

    fn event(&self, kind: EventKind) -> AuditEvent {
        AuditEvent::new(kind, Target::new("visit", self.visit))
            .with("operator", self.operator.to_string())
            .with("user", self.user.to_string())
            .with("ticket", self.ticket.as_str())
            .with("minutes", self.minutes)
    }
}

#[cfg(test)]
mod tests;
