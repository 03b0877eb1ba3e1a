//! Fetching signed procedures.

use protocol::{Digest, dsse::Envelope, routes::BUNDLES};

use super::{CallError, ControlPlane};
use crate::admission::AdmissionError;

/// The problem code of a version that was withdrawn.
const WITHDRAWN: &str = "version-withdrawn";

/// Why a procedure was not fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BundleError {
    /// The control plane does not give it.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It is not to be executed.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
}

impl ControlPlane<'_> {
    /// The procedure with this digest, of which nothing but the digest is believed yet. That a version was withdrawn is remembered.
    ///
    /// # Errors
    /// [`BundleError`].
    pub(crate) async fn bundle(&self, digest: Digest) -> Result<Envelope, BundleError> {
        let body = match self.fetch(&format!("{BUNDLES}{digest}")).await {
            Err(CallError::Refused { code, .. }) if code == WITHDRAWN => {
                self.vault.withdraw_procedure(digest).map_err(CallError::from)?;
                return Err(AdmissionError::Withdrawn.into());
            }
            other => other?,
        };
        let envelope = Envelope::from_json(&body).map_err(CallError::from)?;
        let found = Digest::of(envelope.unverified_payload());
        if found == digest {
            Ok(envelope)
        } else {
            Err(AdmissionError::Digest { wanted: digest, found }.into())
        }
    }
}
