//! What the Runner committed to, from a statement that it signed.

use std::path::Path;

use protocol::{
    Digest,
    dsse::{self, Envelope},
    key::PublicKey,
    statement::Statement,
};

use super::{DrillArgs, DrillError, read_jwk};
use crate::Api;

/// The Runner's key as the viewer pinned it: one that the control plane gives would prove nothing.
pub(super) fn runner_key(path: &Path) -> Result<PublicKey, DrillError> {
    Ok(PublicKey::from_jwk(&read_jwk(path)?)?)
}

/// The root of the evidence, as the Runner signed it.
pub(super) async fn committed_root(
    api: &Api,
    args: &DrillArgs,
    key: &PublicKey,
) -> Result<Digest, DrillError> {
    let bytes = api.bytes(&format!("/api/runs/v1/runs/{}/statement", args.run)).await?;
    let statement: Statement = dsse::open(&Envelope::from_json(&bytes)?, key)?;
    let mut evidence = statement.predicate.evidence.into_iter();
    let item = evidence
        .find(|item| item.id == args.evidence)
        .ok_or(DrillError::NoEvidence(args.evidence))?;
    Ok(item.root)
}
