//! Why a run was not made, as the result of a command says it.

use domain::{Class, Fault as _};
use protocol::command::RefusalCode;

use crate::{
    admission::AdmissionError,
    attestation::AttestationError,
    control_plane::{BundleError, CallError},
    execution::ExecutionError,
    vault::VaultError,
};

/// Why a run was not made.
pub(super) enum Refused {
    /// The customer's rules forbid it.
    Rule(RefusalCode),
    /// It was tried.
    Failure(RefusalCode),
    /// The vault does not remember; the command may come again.
    Vault(VaultError),
}

impl From<VaultError> for Refused {
    fn from(error: VaultError) -> Self {
        Self::Vault(error)
    }
}

impl From<AdmissionError> for Refused {
    fn from(error: AdmissionError) -> Self {
        match error {
            AdmissionError::Vault(error) => Self::Vault(error),
            AdmissionError::Envelope(error) if error.class() == Class::Unauthenticated => {
                Self::Rule(RefusalCode::ProcedureUnsigned)
            }
            AdmissionError::Envelope(_)
            | AdmissionError::Json(_)
            | AdmissionError::Canonical(_)
            | AdmissionError::NotCanonical
            | AdmissionError::Unsound(_) => Self::Rule(RefusalCode::Malformed),
            AdmissionError::Downgrade { .. }
            | AdmissionError::Withdrawn
            | AdmissionError::Digest { .. } => Self::Rule(RefusalCode::ProcedureUnknown),
        }
    }
}

impl From<ExecutionError> for Refused {
    fn from(error: ExecutionError) -> Self {
        match error {
            ExecutionError::Vault(error) => Self::Vault(error),
            ExecutionError::Plan(_) | ExecutionError::Name(_) => Self::Rule(RefusalCode::Malformed),
            ExecutionError::Scratch(_) => Self::Failure(RefusalCode::Internal),
        }
    }
}

impl From<AttestationError> for Refused {
    fn from(error: AttestationError) -> Self {
        match error {
            AttestationError::Vault(error) => Self::Vault(error),
            AttestationError::TooLong(_)
            | AttestationError::Name(_)
            | AttestationError::Statement(_)
            | AttestationError::Canonical(_)
            | AttestationError::Key(_) => Self::Failure(RefusalCode::Internal),
        }
    }
}

impl From<BundleError> for Refused {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Call(error) => error.into(),
            BundleError::Admission(error) => error.into(),
        }
    }
}

impl From<CallError> for Refused {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Vault(error) => Self::Vault(error),
            CallError::Unreachable(_)
            | CallError::Refused { .. }
            | CallError::ClockSkew { .. }
            | CallError::Unreadable(_)
            | CallError::Signature(_)
            | CallError::Target => Self::Failure(RefusalCode::ProcedureUnknown),
        }
    }
}
