//! How far the sources were read when nothing was sealed, and since when an intent is missing: replaceable, never trusted.

use std::{collections::BTreeMap, time::Duration};

use chain::{
    commit::{Cursors, Head},
    instances::Gap,
};
use domain::Timestamp;
use ports::{Container, Etag};
use serde::{Deserialize, Serialize};
use store::{Document, Housekeeping, HousekeepingKind, Partition, StoreError};

use super::has_gaps;

/// Progress that yields no row is no commit: it would let the log grow without anything happening.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Kept {
    /// The size of the log for which it holds.
    size: u64,
    /// And the epoch of it.
    #[serde(default)]
    epoch: u64,
    /// Where the sources were read up to.
    cursors: Cursors,
    /// When each gap was seen first.
    gaps: BTreeMap<String, Timestamp>,
}

impl Document for Kept {
    const CONTAINER: Container = Container::Cursors;
    const KIND: &'static str = "sealing";

    fn id(&self) -> String {
        ID.to_owned()
    }
}

const ID: &str = "sealing";

/// A hint, and the version to replace it.
pub(crate) struct Hint {
    kept: Kept,
    etag: Option<Etag>,
    cursors: Cursors,
}

impl Hint {
    /// The hint for `head`. One for a shorter log is of no use: the commits after it know better.
    pub(crate) async fn read(partition: &Partition, head: &Head) -> Result<Self, StoreError> {
        let found = partition.find::<Kept>(ID).await?;
        let (kept, etag) =
            found.map_or_else(Default::default, |found| (found.document, Some(found.etag)));
        let kept = if kept.epoch == partition.epoch() { kept } else { Kept::default() };
        let mut cursors = head.cursors.clone();
        if kept.size == head.tree.size() {
            cursors.extend(kept.cursors.clone());
        }
        Ok(Self { kept, etag, cursors })
    }

    /// Where to read on.
    pub(crate) fn cursors(&self) -> Cursors {
        self.cursors.clone()
    }

    /// The gaps that have been there for longer than `after`.
    pub(crate) fn late(&self, head: &Head, now: Timestamp, after: Duration) -> Vec<Gap> {
        let is_late = |gap: &Gap| {
            self.kept.gaps.get(&name(gap)).is_some_and(|since| now.since(*since) >= after)
        };
        head.instances.gaps().into_iter().filter(is_late).collect()
    }

    /// Remembers how far `cursors` are and which gaps there are. Whether there are any.
    pub(crate) async fn keep(
        self,
        partition: &Partition,
        head: &Head,
        cursors: Cursors,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let seen = |gap: Gap| {
            let since = self.kept.gaps.get(&name(&gap)).copied().unwrap_or(now);
            (name(&gap), since)
        };
        let gaps = head.instances.gaps().into_iter().map(seen).collect();
        let kept = Kept { size: head.tree.size(), epoch: partition.epoch(), cursors, gaps };
        if kept != self.kept {
            store(partition, &kept, self.etag).await?;
        }
        Ok(has_gaps(head))
    }
}

fn name(gap: &Gap) -> String {
    format!("{}:{}-{}", gap.instance, gap.from, gap.to)
}

async fn store(partition: &Partition, kept: &Kept, etag: Option<Etag>) -> Result<(), StoreError> {
    let keep = Housekeeping::new(HousekeepingKind::Cursor);
    let keep = match etag {
        None => keep.create(kept),
        Some(etag) => keep.replace(kept, etag),
    };
    match partition.keep(keep).await {
        // Another sealer was faster, and knows as much.
        Ok(()) | Err(StoreError::Exists | StoreError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}
