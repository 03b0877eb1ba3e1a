//! The directory of all logs of the deployment: a log itself, whose rows are the signed checkpoints of tenants' logs, kept wholly here.
//!
//! One signature in the key store and one time stamp hold every tenant's log fast, however many there are. A round has two parts, so that one that died
//! half-way is ended as it was begun: first the checkpoints of the round are noted in a blob of the signer's own; then they are hashed, written where
//! nothing is replaced, signed and stamped, all of which can be done twice.
//!
//! ```text
//! anchors/directory/tile/…               tiles and entry bundles (C2SP tlog-tiles)
//! anchors/directory/head/000000000042    the head over 42 rows, a signed note
//! anchors/directory/head/000000000042.tsr  its time stamp
//! checkpoints/directory.json             where the directory stands
//! checkpoints/<tenant>/anchor.json       where the tenant's last checkpoint stands in it
//! ```

mod publishing;

use std::collections::BTreeSet;

use chain::Hash;
use domain::{Class, Fault, TenantId};
use ports::{BlobError, Container, Cursor, Etag};
use serde::{Deserialize, Serialize};
use store::{AnchorRecord, SignedHead};
use web::Job;

use crate::{
    State, kept,
    signing::{self, Signed, SigningError},
    witnesses,
};

/// The blob in which the directory's state is kept.
const STATE: &str = "directory.json";
/// Changed partitions that one round looks at; the next one goes on from there.
const PARTITIONS_MAX: usize = 1000;

/// Where the directory stands.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Directory {
    /// How many rows its last head covers.
    size: u64,
    /// The right edge of its tree.
    edge: Vec<Hash>,
    /// How far the logs of all tenants were looked through, and in which restore epoch: in another database it means nothing.
    cursor: Option<String>,
    #[serde(default)]
    restore: u64,
    /// The logs of which only a part is signed: the next round goes on with them.
    #[serde(default)]
    behind: BTreeSet<TenantId>,
    /// Rows that are being added.
    pending: Vec<Leaf>,
}

/// A row: the checkpoint of a tenant's log.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Leaf {
    tenant: TenantId,
    epoch: u64,
    /// How many rows the checkpoint covers.
    size: u64,
    note: String,
}

/// The directory's name in its heads, and that of its key.
pub(crate) fn origin(deployment: &str) -> String {
    format!("{deployment}/directory")
}

/// Takes up every log that grew since the last round, and publishes a head if there is anything new. How many rows the directory has.
pub(crate) async fn round(
    state: &State,
    job: &Job,
    asked: Option<TenantId>,
) -> Result<u64, SigningError> {
    let blobs = &*state.ports.blobs;
    let (directory, etag) = kept::read::<Directory>(blobs, STATE).await?.unzip();
    let directory = directory.unwrap_or_default();
    let (directory, etag) = if directory.pending.is_empty() {
        gather(state, job, asked, directory, etag).await?
    } else {
        // A round that died; what it began is ended first.
        (directory, etag)
    };
    if directory.pending.is_empty() {
        return Ok(directory.size);
    }
    let grown = directory.pending.iter().map(|leaf| leaf.tenant).collect();
    let size = publishing::publish(state, directory, etag.as_ref()).await?;
    witnesses::wake(state, &grown).await;
    Ok(size)
}

/// Signs the logs that grew, and notes which checkpoints are new.
async fn gather(
    state: &State,
    job: &Job,
    asked: Option<TenantId>,
    mut directory: Directory,
    etag: Option<Etag>,
) -> Result<(Directory, Option<Etag>), SigningError> {
    let is_same = directory.restore == state.restore;
    let after = directory.cursor.clone().filter(|_| is_same).map(Cursor);
    let found = job.cap.dirty(Container::Log, after.as_ref(), PARTITIONS_MAX).await?;
    let mut tenants: BTreeSet<_> =
        found.partitions.into_iter().map(|partition| partition.tenant).collect();
    let before = std::mem::take(&mut directory.behind);
    tenants.extend(before.iter().copied().chain(asked));
    tenants.remove(&TenantId::SYSTEM);
    for tenant in tenants {
        let Newest { leaf, has_more } = newest(state, job, tenant).await;
        directory.pending.extend(leaf);
        directory.behind.extend(has_more.then_some(tenant));
    }
    let cursor = Some(found.cursor.0);
    let is_as_before = cursor == directory.cursor && directory.behind == before && is_same;
    if directory.pending.is_empty() && is_as_before {
        return Ok((directory, etag));
    }
    (directory.cursor, directory.restore) = (cursor, state.restore);
    let etag = kept::write(&*state.ports.blobs, STATE, &directory, etag.as_ref()).await?;
    Ok((directory, Some(etag)))
}

/// What a round makes of a log.
#[derive(Default)]
struct Newest {
    /// Its newest checkpoint, if the directory does not have it.
    leaf: Option<Leaf>,
    /// Whether the log may go on behind it.
    has_more: bool,
}

/// Signs the next part of a tenant's log: neither a long one nor one that cannot be read now must keep the others from their anchors.
async fn newest(state: &State, job: &Job, tenant: TenantId) -> Newest {
    match signed(state, job, tenant).await {
        Ok(newest) => newest,
        Err(error) if error.class() == Class::Unavailable => {
            tracing::warn!(%tenant, %error, "the next round takes this log up");
            Newest { leaf: None, has_more: true }
        }
        // Its alarm is raised. The logs of the others are not at fault.
        Err(_) => Newest::default(),
    }
}

async fn signed(state: &State, job: &Job, tenant: TenantId) -> Result<Newest, SigningError> {
    let partition = job.cap.partition(tenant, job.trigger.name);
    let Signed { head, has_more } = match signing::sign(state, &partition).await {
        // Another signer was faster: what it signed is as good.
        Err(SigningError::Blob(BlobError::Moved)) => {
            let head = SignedHead::read(&*state.ports.blobs, tenant).await?;
            Signed { head: head.map(|(head, _)| head), has_more: true }
        }
        signed => signed?,
    };
    let Some(SignedHead { note, size, epoch, .. }) = head else { return Ok(Newest::default()) };
    let name = AnchorRecord::blob(tenant);
    let known = kept::read::<AnchorRecord>(&*state.ports.blobs, &name).await?;
    let is_known = known.is_some_and(|(known, _)| (known.epoch, known.size) == (epoch, size));
    let leaf = (!is_known).then_some(Leaf { tenant, epoch, size, note });
    Ok(Newest { leaf, has_more })
}
