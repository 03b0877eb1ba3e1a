//! Why there is no visit.

use super::VisitState;
use crate::{Class, Fault};

/// Why there is no visit.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VisitError {
    /// The tenant's setting.
    #[error("the tenant does not let operators visit; ask its owner to change support_access")]
    Off,
    /// Nobody of the tenant allowed it yet.
    #[error("the tenant has not allowed this visit; ask its owner")]
    NotGranted,
    /// It moves in another order.
    #[error("the visit is {}, so this cannot be done to it", .0.name())]
    State(VisitState),
    /// Ticket.
    #[error("a ticket has 1 to 100 characters and no line breaks")]
    Ticket,
    /// Reason.
    #[error("a reason has 10 to 500 characters and no line breaks")]
    Reason,
    /// Minutes.
    #[error("a visit lasts 1 to 60 minutes")]
    Minutes,
}

impl Fault for VisitError {
    fn class(&self) -> Class {
        match self {
            Self::Off | Self::NotGranted => Class::Forbidden,
            Self::State(_) => Class::Conflict,
            Self::Ticket | Self::Reason | Self::Minutes => Class::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Off => "support-access-off",
            Self::NotGranted => "visit-not-granted",
            Self::State(_) => "state-transition",
            Self::Ticket | Self::Reason | Self::Minutes => "validation",
        }
    }
}
