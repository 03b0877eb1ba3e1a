//! Which procedures this Runner executes: those that the customer signed, as they were signed, and never an older one again.

use domain::{
    Class, Fault, VersionId,
    procedure::{Finding, Procedure},
};
use protocol::{
    Digest,
    canonical::{self, CanonicalError},
    dsse::{Envelope, EnvelopeError, PAYLOAD_MAX},
    key::Kid,
    strict_json::{self, JsonError},
    trust_policy::TrustPolicy,
};

use crate::vault::{Vault, VaultError};

/// A procedure that this Runner may execute.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    /// What to do.
    pub(crate) procedure: Procedure,
    /// The digest of the signed bytes.
    pub(crate) digest: Digest,
    /// The version's identifier.
    pub(crate) version: VersionId,
    /// The customer's keys that signed it.
    pub(crate) signers: Vec<Kid>,
}

/// Why a procedure is not executed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdmissionError {
    /// Too few of the customer's signers signed it, or it was changed since.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The signed bytes are no procedure.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The procedure has no canonical form.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// The signed bytes are not the canonical form of what they say.
    #[error(
        "the signed bytes are not the procedure's RFC 8785 form: sign it again with 'procedures sign'"
    )]
    NotCanonical,
    /// The procedure is unsound.
    #[error("the procedure is unsound: {} findings, the first at {}: {}", .0.len(), first(.0).0, first(.0).1)]
    Unsound(Vec<Finding>),
    /// A later revision was executed before.
    #[error(
        "revision {offered} is older than revision {known}, which this Runner knows: it does not go back"
    )]
    Downgrade {
        /// What came.
        offered: u32,
        /// What is known.
        known: u32,
    },
    /// It was withdrawn.
    #[error("the version was withdrawn")]
    Withdrawn,
    /// It is not the one that was asked for.
    #[error("the procedure has the digest {found}, and {wanted} was asked for")]
    Digest {
        /// What was asked for.
        wanted: Digest,
        /// What came.
        found: Digest,
    },
    /// The vault does not remember.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

fn first(findings: &[Finding]) -> (&str, &str) {
    findings.first().map_or(("", ""), |finding| (&finding.pointer, &finding.detail))
}

impl Fault for AdmissionError {
    fn class(&self) -> Class {
        match self {
            Self::Envelope(error) => error.class(),
            Self::Json(error) => error.class(),
            Self::Canonical(_) | Self::NotCanonical | Self::Unsound(_) => Class::Invalid,
            Self::Downgrade { .. } | Self::Withdrawn | Self::Digest { .. } => Class::Conflict,
            Self::Vault(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Envelope(error) => error.code(),
            Self::Json(error) => error.code(),
            Self::Canonical(_) | Self::NotCanonical => "procedure-not-canonical",
            Self::Unsound(_) => "procedure-unsound",
            Self::Downgrade { .. } => "procedure-downgrade",
            Self::Withdrawn => "procedure-withdrawn",
            Self::Digest { .. } => "procedure-mismatch",
            Self::Vault(error) => error.code(),
        }
    }
}

/// The procedure in `envelope`, if the customer's signatures, its soundness and what this Runner knows let it be executed.
///
/// Order: signatures, strict reading, canonical form, soundness, withdrawal, revision.
///
/// # Errors
/// [`AdmissionError`].
pub(crate) fn admit(
    envelope: &Envelope,
    policy: &TrustPolicy,
    vault: &Vault,
) -> Result<Admitted, AdmissionError> {
    let Read { procedure, digest, signers } = read(envelope, policy)?;
    if vault.procedure(digest)?.is_some_and(|known| known.is_withdrawn) {
        return Err(AdmissionError::Withdrawn);
    }
    let offered = procedure.revision;
    let known = vault.keep_procedure(&procedure, digest, envelope)?;
    if known > offered {
        return Err(AdmissionError::Downgrade { offered, known });
    }
    Ok(Admitted { procedure, digest, version: VersionId::of_digest(&digest.0), signers })
}

/// A procedure as the customer signed it, without asking what this Runner knows.
pub(crate) struct Read {
    pub(crate) procedure: Procedure,
    pub(crate) digest: Digest,
    pub(crate) signers: Vec<Kid>,
}

pub(crate) fn read(envelope: &Envelope, policy: &TrustPolicy) -> Result<Read, AdmissionError> {
    let verified = policy.verify_procedure(envelope)?;
    let procedure: Procedure = strict_json::parse(&verified.payload, PAYLOAD_MAX)?;
    if canonical::to_vec(&procedure)? != verified.payload {
        return Err(AdmissionError::NotCanonical);
    }
    let findings = check::lint(&procedure);
    if !findings.is_empty() {
        return Err(AdmissionError::Unsound(findings));
    }
    Ok(Read { procedure, digest: Digest::of(&verified.payload), signers: verified.signers })
}
