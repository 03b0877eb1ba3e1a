//! How a tenant moves from state to state.

use std::time::Duration;

use super::TenantState;
use crate::{AuditEvent, Class, EventKind, Fault, Target, TenantId};

/// What moves a tenant from state to state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TenantMove {
    /// An operator takes it out of use.
    Suspend,
    /// An operator takes it into use again.
    Resume,
    /// Its owner gives it up.
    BeginClosing,
    /// Its owner thought better of it.
    Reopen,
    /// The grace is over.
    Close,
}

/// Why a tenant does not move.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TenantMoveError {
    /// The state does not allow it.
    #[error("a tenant that is {} cannot be moved like this; read its state", .0.name())]
    State(TenantState),
    /// Legal holds.
    #[error("a legal hold is set; release it first")]
    Held,
    /// Too early.
    #[error("the grace is not over yet")]
    Grace,
}

impl Fault for TenantMoveError {
    fn class(&self) -> Class {
        Class::Conflict
    }

    fn code(&self) -> &'static str {
        match self {
            Self::State(_) | Self::Grace => "state-transition",
            Self::Held => "hold-active",
        }
    }
}

impl TenantMove {
    /// Between closing and closed.
    pub const GRACE: Duration = Duration::from_hours(30 * 24);

    /// The state after the move, and what to record.
    ///
    /// # Errors
    /// * [`TenantMoveError::State`].
    pub fn from(
        self,
        state: TenantState,
        tenant: TenantId,
    ) -> Result<(TenantState, AuditEvent), TenantMoveError> {
        use TenantState as S;
        let (next, kind) = match (self, state) {
            (Self::Suspend, S::Active) => (S::Suspended, EventKind::TenantSuspended),
            (Self::Resume, S::Suspended) => (S::Active, EventKind::TenantResumed),
            (Self::BeginClosing, S::Active) => (S::Closing, EventKind::TenantClosing),
            (Self::Reopen, S::Closing) => (S::Active, EventKind::TenantResumed),
            (Self::Close, S::Closing) => (S::Closed, EventKind::TenantClosed),
            (
                Self::Suspend | Self::Resume | Self::BeginClosing | Self::Reopen | Self::Close,
                S::Active | S::Suspended | S::Closing | S::Closed,
            ) => return Err(TenantMoveError::State(state)),
        };
        let event = AuditEvent::new(kind, Target::new("tenant", tenant))
            .with("from", state.name())
            .with("to", next.name());
        Ok((next, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mission §3.1: `active ⇄ suspended`, `active → closing → closed`, and a closing that is taken back; nothing else.
    #[test]
    fn a_tenant_moves_as_the_design_says_and_in_no_other_way() {
        use TenantMove as M;
        use TenantState as S;
        let states = [S::Active, S::Suspended, S::Closing, S::Closed];
        let moves = [M::Suspend, M::Resume, M::BeginClosing, M::Reopen, M::Close];
        let allowed: Vec<_> = states
            .into_iter()
            .flat_map(|state| moves.map(|step| (step, state)))
            .filter_map(|(step, state)| {
                step.from(state, TenantId::from_u128(1)).ok().map(|(next, _)| (state, next))
            })
            .collect();
        assert_eq!(
            allowed,
            [
                (S::Active, S::Suspended),
                (S::Active, S::Closing),
                (S::Suspended, S::Active),
                (S::Closing, S::Active),
                (S::Closing, S::Closed),
            ]
        );
    }
}
