//! Why a recovery does not go on.

use crate::{Class, Fault};

/// Why a recovery does not go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RecoveryError {
    /// The approver is the one who lost the factor, or the one who asked.
    #[error(
        "nobody approves their own recovery, or one that they asked for; ask another administrator. Where there is none, two operators of the service can agree to it, and the link counts three days later"
    )]
    Own,
    /// The approver came less than a day ago.
    #[error(
        "whoever came to the tenant less than 24 hours ago approves no recovery; ask another administrator"
    )]
    TooNew,
    /// It was decided on already, or is over.
    #[error("this recovery does not wait for a decision any more")]
    NotOpen,
    /// An operator decides only where nobody of the tenant can.
    #[error("this tenant has another administrator who can approve it; let the user ask them")]
    HasAdministrator,
    /// It takes two operators.
    #[error("you agreed to this recovery already; another operator has to agree, too")]
    SameOperator,
    /// Unknown, wrong, used or over: uniform.
    #[error(
        "the link or the password is wrong, or the link was used already or is over; ask your administrator"
    )]
    Invalid,
}

impl Fault for RecoveryError {
    fn class(&self) -> Class {
        match self {
            Self::Own | Self::TooNew | Self::SameOperator => Class::Forbidden,
            Self::NotOpen | Self::HasAdministrator => Class::Conflict,
            Self::Invalid => Class::Unauthenticated,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Own => "recovery-own",
            Self::TooNew => "recovery-approver-too-new",
            Self::NotOpen => "recovery-not-open",
            Self::HasAdministrator => "recovery-has-administrator",
            Self::SameOperator => "recovery-same-operator",
            Self::Invalid => "recovery-invalid",
        }
    }
}
