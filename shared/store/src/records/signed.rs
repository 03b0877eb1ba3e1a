//! A record as it is stored, and what exactly is signed of it.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use domain::{EventId, TenantId};
use ports::NewDocument;
use protocol::key::{Ed25519Key, Signer as _};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// What is signed begins with this, so that no signature of another purpose fits.
const CONTEXT: &str = "proofline/access-record/1";
/// A record as it is stored: the exact text that was signed, and around it what says whose it is.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signed {
    /// The key.
    pub(super) by: String,
    /// The audit event that made it.
    pub(super) event: Option<EventId>,
    /// The document's text.
    pub(super) record: String,
    /// Ed25519, base64 without padding.
    pub(super) sig: String,
    /// 1 for the first, one more for each that replaces it.
    pub(super) version: u64,
}

/// Signs a document for its place.
pub(super) fn sign_with(
    key: &Ed25519Key,
    (tenant, shard): (TenantId, &str),
    document: NewDocument,
    version: u64,
    event: Option<EventId>,
) -> Result<NewDocument, StoreError> {
    let by = key.kid().to_string();
    let record = document.body.clone();
    let mut signed = Signed { by, event, record, sig: String::new(), version };
    let text = text(tenant, shard, &document.kind, &document.id, &signed);
    let signature = key.sign(text.as_bytes());
    let unreadable = |error: &dyn std::fmt::Display| StoreError::Unreadable(error.to_string());
    signed.sig = STANDARD_NO_PAD.encode(signature.map_err(|error| unreadable(&error))?);
    let body = serde_json::to_string(&signed).map_err(|error| unreadable(&error))?;
    Ok(NewDocument { body, ..document })
}

/// What is signed.
pub(super) fn text(tenant: TenantId, shard: &str, kind: &str, id: &str, signed: &Signed) -> String {
    let event = signed.event.map(|event| event.to_string()).unwrap_or_default();
    let Signed { version, record, .. } = signed;
    format!("{CONTEXT}\n{tenant}\n{shard}\n{kind}\n{id}\n{version}\n{event}\n{record}")
}
