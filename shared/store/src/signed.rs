//! What was signed last of a log, and why nothing is signed any more: blobs of the signer's own, apart from the database, so that a rollback
//! of one shows in the other.

mod alarm;
mod begun;
mod directory;
mod epoch;

use std::time::Duration;

use chain::{
    Hash,
    commit::{Commit, Head},
    tree::CompactRange,
};
use domain::{TenantId, Timestamp};
use ports::{BlobError, Blobs, Bucket, Clock, Etag};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Partition, StoreError, log};

pub use alarm::Alarm;
pub use begun::Begun;
pub use directory::{AnchorRecord, DIRECTORY_KEY, DirectoryKey, directory_key, directory_key_at};
pub use epoch::{Epoch, epoch};

/// How often what is missing is looked for again, and after how long.
const LOOKS_AGAIN: usize = 3;
const LOOKS_AFTER: Duration = Duration::from_secs(1);

/// The last checkpoint that was signed for a tenant, and what is needed to continue from it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SignedHead {
    /// The signed note, as C2SP `tlog-checkpoint`.
    pub note: String,
    /// How many rows it covers.
    pub size: u64,
    /// The first row of the commit that ended there.
    pub commit: u64,
    /// The hash of the last row.
    pub last: Hash,
    /// The right edge of the tree.
    pub edge: Vec<Hash>,
    /// When the last row was sealed.
    pub rx: String,
    /// Which epoch of the log it is about.
    #[serde(default)]
    pub epoch: u64,
    /// The restore epoch in which it was signed.
    #[serde(default)]
    pub restore: u64,
    /// The first row of the commit that holds the first row of the last, unfinished entry bundle.
    #[serde(default)]
    pub tail: u64,
    /// The operator's rotation to which its epoch belongs, and with it the key that signs.
    #[serde(default)]
    pub rotation: u32,
    /// The rotation that its last row announces, when the epoch ended with it.
    #[serde(default)]
    pub ended: Option<u32>,
}

impl SignedHead {
    /// The name of the blob of a tenant.
    pub fn blob(tenant: impl std::fmt::Display) -> String {
        format!("{tenant}/checkpoint.json")
    }

    /// The name of the blob of an epoch of a tenant's log that is over: what was signed last of it.
    pub fn ended_blob(tenant: impl std::fmt::Display, epoch: u64) -> String {
        format!("{tenant}/ended-{epoch}.json")
    }

    /// What was signed last of an epoch that is over.
    ///
    /// # Errors
    /// When storage fails, or the blob is not one.
    pub async fn read_ended(
        blobs: &dyn Blobs,
        tenant: TenantId,
        epoch: u64,
    ) -> Result<Option<Self>, StoreError> {
        Ok(read(blobs, &Self::ended_blob(tenant, epoch)).await?.map(|(ended, _)| ended))
    }

    /// The end of the log as it was signed; `None` when the blob contradicts itself.
    pub fn head(&self) -> Option<Head> {
        let tree = CompactRange::new(self.size, self.edge.clone()).ok()?;
        Some(Head { last: self.last, rx: self.rx.clone(), tree, ..Head::default() })
    }

    /// What was signed last for a tenant, with the version of its blob.
    ///
    /// # Errors
    /// When storage fails, or the blob is not one.
    pub async fn read(
        blobs: &dyn Blobs,
        tenant: TenantId,
    ) -> Result<Option<(Self, Etag)>, StoreError> {
        read(blobs, &Self::blob(tenant)).await
    }

    /// Whether the database still ends the signed rows as they were signed; the alarm when it does not.
    ///
    /// What is not there is looked for again after a while: a replica of the database may lag, and an alarm is not taken back.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn contradiction(
        &self,
        partition: &Partition,
        clock: &dyn Clock,
    ) -> Result<Option<Alarm>, StoreError> {
        let partition = partition.in_epoch(self.epoch);
        let mut commit = log::commit_at(&partition, self.commit).await?;
        for _ in 0..LOOKS_AGAIN {
            if commit.is_none() {
                clock.sleep(LOOKS_AFTER).await;
                commit = log::commit_at(&partition, self.commit).await?;
            }
        }
        Ok(self.found_instead(commit.as_ref()).map(|found| self.alarm(found, clock.now())))
    }

    /// What the database has in the place of the last signed commit; `None` when it is that.
    fn found_instead(&self, commit: Option<&Commit>) -> Option<String> {
        match commit {
            None => Some("no such row".to_owned()),
            Some(commit) if (commit.size, commit.last) != (self.size, self.last) => {
                Some(format!("{} rows, the last with the hash {}", commit.size, commit.last))
            }
            Some(commit) if commit.edge != self.edge => Some("another tree".to_owned()),
            Some(_) => None,
        }
    }

    fn alarm(&self, found: String, at: Timestamp) -> Alarm {
        let what = "The log in the database is not the one that was signed: it was rolled back or rewritten.";
        Alarm {
            code: "log-rolled-back".to_owned(),
            what: what.to_owned(),
            expected: format!("{} rows, the last with the hash {}", self.size, self.last),
            found,
            size: self.size,
            epoch: self.epoch,
            restore: self.restore,
            at,
        }
    }
}

async fn read<T: DeserializeOwned>(
    blobs: &dyn Blobs,
    name: &str,
) -> Result<Option<(T, Etag)>, StoreError> {
    let Some(blob) = blobs.get(Bucket::Checkpoints, name).await? else { return Ok(None) };
    let value = serde_json::from_slice(&blob.bytes)
        .map_err(|error| StoreError::Unreadable(format!("the blob {name}: {error}")))?;
    Ok(Some((value, blob.etag)))
}

impl From<BlobError> for StoreError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Moved => Self::Conflict,
            BlobError::Unavailable(why) => Self::Unavailable(why),
            BlobError::Denied(_) | BlobError::Name(_) => Self::Unreadable(error.to_string()),
        }
    }
}
