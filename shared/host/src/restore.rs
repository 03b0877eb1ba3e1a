//! The restore epoch: how often the database was restored from a backup, as whoever restores it says in the settings.
//!
//! What was reached is kept in two places of different fate: a document, which a restore of the database sets back, and a blob of the signer's, which it
//! does not. An app whose setting is lower than what it can see of either serves nothing: it was started with an old configuration, and what it would do
//! was left behind. One whose setting is higher goes on; the two apps that may write record it.

use ports::{
    BlobError, Bucket, CommitError, Container, NewDocument, PartitionKey, Ports, Refusal, Write,
    rights,
};
use serde::{Deserialize, Serialize};
use store::StoreError;

/// The id and the kind of the document.
const ID: &str = "restore-epoch";
/// The name of the blob.
const BLOB: &str = "restore-epoch.json";

/// What was reached.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Reached {
    epoch: u64,
}

/// What was reached already, when it is more than `epoch`; otherwise `epoch` is reached now.
///
/// # Errors
/// When storage fails.
pub(crate) async fn ahead(ports: &Ports, epoch: u64) -> Result<Option<u64>, StoreError> {
    let (document, blob) = (document(ports, epoch).await?, blob(ports, epoch).await?);
    Ok(document.max(blob).filter(|reached| *reached > epoch))
}

/// What the document says. Raises it, if this app may.
async fn document(ports: &Ports, epoch: u64) -> Result<Option<u64>, StoreError> {
    let may = |action| rights::documents(ports.identity, Container::Access, action).is_ok();
    if !may(ports::Action::Read) {
        return Ok(None);
    }
    let key = PartitionKey::new(domain::TenantId::SYSTEM, "0");
    let stored = ports.documents.read(Container::Access, &key, ID).await?;
    let reached =
        stored.as_ref().map(|stored| parse(stored.document.body.as_bytes())).transpose()?;
    if reached.unwrap_or_default() < epoch && may(ports::Action::Replace) {
        let document = NewDocument {
            id: ID.to_owned(),
            kind: "restore_epoch".to_owned(),
            k1: None,
            k2: None,
            body: text(epoch)?,
            expires_at: None,
        };
        let write = match stored {
            None => Write::Create(document),
            Some(stored) => Write::Replace(document, stored.etag),
        };
        match ports.documents.commit(Container::Access, &key, vec![write]).await {
            Ok(_) => tracing::warn!(epoch, "the restore epoch was raised: every session is over"),
            // Another process raised it.
            Err(CommitError::Refused { refusal: Refusal::Exists | Refusal::Stale, .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(reached)
}

/// What the blob says. Raises it, if this app may.
async fn blob(ports: &Ports, epoch: u64) -> Result<Option<u64>, StoreError> {
    if rights::read_blobs(ports.identity, Bucket::Checkpoints).is_err() {
        return Ok(None);
    }
    let stored = ports.blobs.get(Bucket::Checkpoints, BLOB).await?;
    let reached = stored.as_ref().map(|stored| parse(&stored.bytes)).transpose()?;
    let may_write = rights::write_blobs(ports.identity, Bucket::Checkpoints).is_ok();
    if reached.unwrap_or_default() < epoch && may_write {
        let etag = stored.map(|stored| stored.etag);
        let text = text(epoch)?;
        match ports.blobs.put(Bucket::Checkpoints, BLOB, text.as_bytes(), etag.as_ref()).await {
            Ok(_) | Err(BlobError::Moved) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(reached)
}

fn parse(bytes: &[u8]) -> Result<u64, StoreError> {
    let reached = serde_json::from_slice::<Reached>(bytes);
    reached.map(|reached| reached.epoch).map_err(|error| StoreError::Unreadable(error.to_string()))
}

fn text(epoch: u64) -> Result<String, StoreError> {
    let text = serde_json::to_string(&Reached { epoch });
    text.map_err(|error| StoreError::Unreadable(error.to_string()))
}
