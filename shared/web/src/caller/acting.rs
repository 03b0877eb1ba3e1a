//! What a caller does, in their name; and what is recorded of it.

use domain::{
    Actor, AuditEvent, EventId, EventKind, Permission, Separation, SeparationError, Target, UserId,
};
use sha2::{Digest, Sha256};
use store::{Change, Promise, StoreError};

use super::Caller;
use crate::{Once, Problem};

impl Caller {
    /// Applies `change` in the caller's name.
    ///
    /// # Errors
    /// As [`Partition::commit`](store::Partition::commit); and when the event is not one that the endpoint declares.
    pub async fn commit(&self, change: Change) -> Result<Promise, StoreError> {
        self.check_declared(&change)?;
        self.data.commit(&self.actor(), self.now, change).await
    }

    /// As [`commit`](Self::commit), with an event whose identity is known before.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub async fn commit_as(&self, event: EventId, change: Change) -> Result<Promise, StoreError> {
        self.check_declared(&change)?;
        self.data.commit_as(Some(event), &self.actor(), self.now, change).await
    }

    /// As [`commit`](Self::commit), for a request that may be sent again: what was done before is not done again, and is promised again.
    /// Whether it was done now.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub async fn commit_once(&self, once: &Once, change: Change) -> Result<bool, StoreError> {
        self.check_declared(&change)?;
        let place = change.place();
        match self.data.commit_as(Some(once.event()), &self.actor(), self.now, change).await {
            Ok(_) => Ok(true),
            Err(StoreError::Exists) => {
                self.data.promised(place, once.event()).await?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn check_declared(&self, change: &Change) -> Result<(), StoreError> {
        let kind = change.event().kind;
        if self.endpoint.audits.contains(&kind) {
            return Ok(());
        }
        let path = self.endpoint.path;
        Err(StoreError::Unreadable(format!("{path} records {kind}, which it does not declare")))
    }

    /// Who the audit log names.
    pub fn actor(&self) -> Actor {
        let actor = Actor::user(self.user);
        match self.visit {
            Some(visit) => actor.visited_by(visit.sub),
            None => actor,
        }
    }

    /// Refuses the caller `b` on an object on which `first` did `a`, where a rule of the tenant keeps the two apart; and records that.
    ///
    /// # Errors
    /// * `sod-violation`.
    pub async fn keep_apart(
        &self,
        (a, first): (Permission, UserId),
        b: Permission,
        target: Target,
    ) -> Result<(), Problem> {
        let on = &self.tenant.settings.separations;
        match Separation::check(on, (a, first), (b, self.user)) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.separated(error, target).await),
        }
    }

    /// The refusal of what a rule of separation forbids, which is recorded.
    pub async fn separated(&self, error: SeparationError, target: Target) -> Problem {
        let change = Change::new(error.event(target));
        match self.data.commit(&self.actor(), self.now, change).await {
            Ok(_) => error.into(),
            Err(error) => error.into(),
        }
    }

    /// Records that this caller was refused; at most once a minute, session and endpoint.
    pub(crate) async fn record_denial(&self, code: &str) {
        let event = AuditEvent::denied(EventKind::AccessDenied, self.target(), code);
        if let Err(error) = self.record_once_a_minute(event, code).await {
            tracing::error!(error = %error, "a denial was not recorded");
        }
    }

    /// Records what an operator does on a visit, before it is done.
    pub(super) async fn record_visit(&self) -> Result<(), StoreError> {
        let Some(visit) = self.visit else { return Ok(()) };
        let event = AuditEvent::new(EventKind::ImpersonationAction, self.target())
            .with("visit", visit.visit.to_string());
        self.record_once_a_minute(event, "visit").await
    }

    async fn record_once_a_minute(&self, event: AuditEvent, what: &str) -> Result<(), StoreError> {
        let minute = self.now.unix_s() / 60;
        let target = &event.target.id;
        let digest = Sha256::digest(format!("{}|{target}|{what}|{minute}", self.session));
        let id = digest.first_chunk().map(|bytes| EventId::from_u128(u128::from_be_bytes(*bytes)));
        match self.data.commit_as(id, &self.actor(), self.now, Change::new(event)).await {
            Ok(_) | Err(StoreError::Exists | StoreError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn target(&self) -> Target {
        Target::new("endpoint", format!("{:?} {}", self.endpoint.method, self.endpoint.path))
    }
}
