//! What a key that signs records says of those before it: that they count no more.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use domain::Timestamp;
use ports::{CommitError, Container, NewDocument, Ports, Query, Refusal, Write};
use protocol::key::{Ed25519Key, PublicKey, Signer as _};
use serde::{Deserialize, Serialize};

use crate::{
    KNOWN_AFTER, KeyringError,
    keyring::{line::Link, partition},
};

/// What is signed begins with this, so that no signature of another purpose fits.
const ALONE: &str = "proofline/access-key-alone/1";
const KIND: &str = "key-retirement";
/// More than there are keys in two centuries.
const RETIREMENTS_MAX: usize = 1000;

/// That everything is signed by one key, and that those before it count no more. Shape: `{"by":"<kid>","at":…,"sig":"<base64>"}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retirement {
    /// The thumbprint of the key that says it.
    pub(super) by: String,
    pub(super) at: Timestamp,
    pub(super) sig: String,
}

impl Retirement {
    pub(super) fn by(key: &Ed25519Key, at: Timestamp) -> Option<Self> {
        let by = key.kid().to_string();
        let sig = key.sign(alone_text(&by, at).as_bytes()).ok()?;
        Some(Self { by, at, sig: STANDARD_NO_PAD.encode(sig) })
    }

    pub(super) fn is_of(&self, key: &PublicKey) -> bool {
        let signature = STANDARD_NO_PAD.decode(&self.sig).unwrap_or_default();
        key.verify(alone_text(&self.by, self.at).as_bytes(), &signature).is_ok()
    }

    /// Not at once: who read a record just before it was signed again asks for its key just after.
    pub(super) fn is_in_force(&self, now: Timestamp) -> bool {
        self.at.plus(KNOWN_AFTER) <= now
    }

    /// Every one that is stored, whoever wrote it.
    pub(super) async fn all(ports: &Ports) -> Result<Vec<Self>, KeyringError> {
        let query = Query { kind: KIND.to_owned(), limit: RETIREMENTS_MAX, ..Query::default() };
        let page = ports.documents.query(Container::Keyring, &partition(), &query).await;
        let page = page.map_err(CommitError::from)?;
        let parse = |body: &str| serde_json::from_str(body).ok();
        // What is none was not written by us and says nothing.
        Ok(page.documents.iter().filter_map(|stored| parse(&stored.document.body)).collect())
    }

    /// Keeps it, once for each key.
    pub(super) async fn keep(&self, ports: &Ports, link: &Link) -> Result<(), KeyringError> {
        let body = serde_json::to_string(self).map_err(|_| KeyringError::Unreadable(KIND))?;
        let document = NewDocument {
            id: format!("{}-{}-alone", link.record.purpose.name(), link.version),
            kind: KIND.to_owned(),
            k1: None,
            k2: None,
            body,
            expires_at: None,
        };
        let write = vec![Write::Create(document)];
        match ports.documents.commit(Container::Keyring, &partition(), write).await {
            Ok(_) | Err(CommitError::Refused { refusal: Refusal::Exists, .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn alone_text(by: &str, at: Timestamp) -> String {
    format!("{ALONE}\n{by}\n{at}")
}
