//! Fetching signed procedures.

use domain::VersionId;
use protocol::{Digest, dsse::Envelope, routes::BUNDLES};

use super::{CallError, ControlPlane};

/// The header in which the control plane names the version. It is a name and no more: what is executed is decided by signatures.
const VERSION_HEADER: &str = "proofline-version";

/// A procedure as it was fetched; nothing of it is believed yet.
pub struct Bundle {
    /// The signed procedure.
    pub envelope: Envelope,
    /// What the control plane calls the version.
    pub version: Option<VersionId>,
}

impl ControlPlane<'_> {
    /// The procedure with this digest.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn bundle(&self, digest: Digest) -> Result<Bundle, CallError> {
        let (body, version) = self.fetch(&format!("{BUNDLES}{digest}"), VERSION_HEADER).await?;
        let envelope = Envelope::from_json(&body)?;
        Ok(Bundle { envelope, version: version.and_then(|text| text.parse().ok()) })
    }
}
