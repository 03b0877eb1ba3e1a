//! How far a tenant's intents and exports were looked through.

use std::cmp::Ordering;

use domain::Timestamp;
use ports::{Container, Etag};
use serde::{Deserialize, Serialize};
use store::{Document, Housekeeping, HousekeepingKind, Partition, StoreError};

const ID: &str = "progress";

/// How far a tenant's intents and exports were looked through: replaceable, and at worst looked through again.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Progress {
    /// The epoch of the log that the next member is about; the earlier ones are done with.
    pub(crate) epoch: u64,
    /// The intents of the rows before this one are gone.
    pub(crate) intents: u64,
    /// The last export that this round looked at; the next round begins when there is none after it.
    pub(crate) exports: Option<String>,
    /// When the rounds through the exports began.
    #[serde(default)]
    pub(crate) rounds: Rounds,
    /// How far intents were looked through since somebody was erased.
    #[serde(default)]
    pub(crate) forgotten: Option<Forgotten>,
}

/// When the rounds through a tenant's exports began. Their ids say nothing of their time, so that all are looked at again and again.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Rounds {
    /// This one.
    pub(crate) this: Timestamp,
    /// The last that came to its end: the files that were over their time then are gone.
    pub(crate) done: Timestamp,
}

/// How far intents were looked through for details that are erased.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Forgotten {
    /// The erasure.
    pub(crate) erased_at: Timestamp,
    /// The epoch of the log that the next member is about.
    pub(crate) epoch: u64,
    /// The rows before this one were looked at.
    pub(crate) rows: u64,
}

impl Progress {
    /// The intents of how many rows of an epoch are gone, from the first on.
    pub(crate) fn intents_of(&self, epoch: u64) -> u64 {
        match self.epoch.cmp(&epoch) {
            Ordering::Less => 0,
            Ordering::Equal => self.intents,
            Ordering::Greater => u64::MAX,
        }
    }
}

impl Document for Progress {
    const CONTAINER: Container = Container::Purges;
    const KIND: &'static str = "progress";

    fn id(&self) -> String {
        ID.to_owned()
    }
}

/// What is known, and its version.
pub(crate) async fn read(data: &Partition) -> Result<(Progress, Option<Etag>), StoreError> {
    let found = data.find::<Progress>(ID).await?;
    Ok(found.map_or_else(Default::default, |found| (found.document, Some(found.etag))))
}

/// Keeps what is known now.
pub(crate) async fn keep(
    data: &Partition,
    progress: &Progress,
    etag: Option<Etag>,
) -> Result<(), StoreError> {
    let keep = Housekeeping::new(HousekeepingKind::Cursor);
    let keep = match etag {
        None => keep.create(progress),
        Some(etag) => keep.replace(progress, etag),
    };
    match data.keep(keep).await {
        // Another invocation was faster, and knows as much.
        Ok(()) | Err(StoreError::Exists | StoreError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}
