//! What `audit` and `purge` tell each other: choices, holds, purges, erasures, and what was agreed to. Each document has one writer.

use domain::{
    ExportId, PurgeId, Timestamp, UserId,
    hold::Hold,
    retention::{PurgePlan, RetentionChoice},
};
use ports::Container;
use serde::{Deserialize, Serialize};

use crate::{Document, Found, ListOf, Partition, StoreError};

/// Holds and purges that are read at a time.
const PAGE: usize = 200;

/// What a tenant chose; written by `audit`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct RetentionRecord {
    /// The choice.
    pub choice: RetentionChoice,
}

impl RetentionRecord {
    /// Its one id in the tenant's partition.
    pub const ID: &'static str = "retention";
}

impl Document for RetentionRecord {
    const CONTAINER: Container = Container::Audit;
    const KIND: &'static str = "retention";

    fn id(&self) -> String {
        Self::ID.to_owned()
    }
}

/// A legal hold; written by `audit`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct HoldRecord(pub Hold);

impl Document for HoldRecord {
    const CONTAINER: Container = Container::Audit;
    const KIND: &'static str = "hold";

    fn id(&self) -> String {
        self.0.hold.to_string()
    }
}

/// That an administrator agreed to a purge; written by `audit`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Acknowledgement {
    /// Which purge.
    pub purge: PurgeId,
    /// Who.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

impl Acknowledgement {
    /// Its id.
    pub fn id_of(purge: PurgeId) -> String {
        format!("acknowledged-{purge}")
    }
}

impl Document for Acknowledgement {
    const CONTAINER: Container = Container::Audit;
    const KIND: &'static str = "acknowledgement";

    fn id(&self) -> String {
        Self::id_of(self.purge)
    }
}

/// The export of the rows of a purge; written by `audit`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PurgeExport {
    /// Which purge.
    pub purge: PurgeId,
    /// Which export.
    pub export: ExportId,
    /// How many rows it holds, from the first on.
    pub rows: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

impl PurgeExport {
    /// Its id.
    pub fn id_of(purge: PurgeId) -> String {
        format!("exported-{purge}")
    }
}

impl Document for PurgeExport {
    const CONTAINER: Container = Container::Audit;
    const KIND: &'static str = "purge_export";

    fn id(&self) -> String {
        Self::id_of(self.purge)
    }
}

/// When somebody's details were erased last; written by `audit`, before and after. Files that show details from before are withdrawn, and intents
/// that hold those details go.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct LastErasure {
    /// When.
    pub at: Timestamp,
}

impl LastErasure {
    /// Its one id in the tenant's partition.
    pub const ID: &'static str = "last-erasure";

    /// The tenant's, if anybody was erased there.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn of(partition: &Partition) -> Result<Option<Timestamp>, StoreError> {
        Ok(partition.find::<Self>(Self::ID).await?.map(|found| found.document.at))
    }
}

impl Document for LastErasure {
    const CONTAINER: Container = Container::Audit;
    const KIND: &'static str = "last_erasure";

    fn id(&self) -> String {
        Self::ID.to_owned()
    }
}

/// A purge; written by `purge`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct PurgeRecord(pub PurgePlan);

impl Document for PurgeRecord {
    const CONTAINER: Container = Container::Purges;
    const KIND: &'static str = "purge";

    fn id(&self) -> String {
        format!("purge-{:06}", self.0.number)
    }
}

/// That a segment of the log began, although its first commit is gone; written by `purge`, for whoever looks for the end of the log.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PurgedSegment {
    /// The segment's shard.
    pub shard: String,
}

impl PurgedSegment {
    /// Its id.
    pub fn id_of(shard: &str) -> String {
        format!("segment-{shard}")
    }
}

impl Document for PurgedSegment {
    const CONTAINER: Container = Container::Purges;
    const KIND: &'static str = "purged_segment";

    fn id(&self) -> String {
        Self::id_of(&self.shard)
    }
}

/// Every hold of a tenant, released ones as well.
///
/// # Errors
/// When storage fails.
pub async fn holds(partition: &Partition) -> Result<Vec<Hold>, StoreError> {
    let mut holds = Vec::new();
    let mut after = None;
    loop {
        let of = ListOf { after: after.take(), limit: PAGE, ..ListOf::default() };
        let page = partition.list::<HoldRecord>(of).await?;
        holds.extend(page.documents.into_iter().map(|found| found.document.0));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(holds),
        }
    }
}

/// Every purge of a tenant, the last one first, with its version.
///
/// # Errors
/// When storage fails.
pub async fn purges(partition: &Partition) -> Result<Vec<Found<PurgeRecord>>, StoreError> {
    let mut purges = Vec::new();
    let mut after = None;
    loop {
        let of = ListOf { descending: true, after: after.take(), limit: PAGE, ..ListOf::default() };
        let page = partition.list::<PurgeRecord>(of).await?;
        purges.extend(page.documents);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(purges),
        }
    }
}

/// The purge that was announced last, with its version.
///
/// # Errors
/// When storage fails.
pub async fn last_purge(partition: &Partition) -> Result<Option<Found<PurgeRecord>>, StoreError> {
    let of = ListOf { descending: true, limit: 1, ..ListOf::default() };
    Ok(partition.list::<PurgeRecord>(of).await?.documents.into_iter().next())
}
