//! What a log begins on: nothing, or the end of the epoch before.

use chain::{commit::Head, genesis::Previous, intent::VerifiedIntent};
use domain::Timestamp;
use store::{Alarm, Partition, SignedHead, StoreError, log};

use super::{SealingError, own_rows, rotation};
use crate::State;

/// The head that the first commit builds on, and the rows that come before all others.
pub(super) struct Beginning {
    pub(super) head: Head,
    pub(super) rows: Vec<VerifiedIntent>,
    /// Whether it begins though nobody has anything to say.
    pub(super) at_once: bool,
}

/// How the log of `partition`, which has no row, begins.
pub(super) async fn begin(
    state: &State,
    partition: &Partition,
    now: Timestamp,
) -> Result<Beginning, SealingError> {
    let epoch = state.epoch(partition).await?;
    match (epoch.after, epoch.why) {
        (Some(signed), Some(why)) => again(state, partition, now, (signed, why)).await,
        (Some(signed), None) => rotation::begin(state, partition, now, signed).await,
        (None, _) => {
            let first = (state.rotation, None);
            let rows = vec![own_rows::genesis(state, partition, now, first).await?];
            Ok(Beginning { head: Head::default(), rows, at_once: false })
        }
    }
}

/// Begins anew after a restore. What the database has of the epochs before counts as sealed: its rows are not sealed a second time, and the new
/// first row commits to those of the epoch that was signed last.
async fn again(
    state: &State,
    partition: &Partition,
    now: Timestamp,
    (signed, why): (SignedHead, Alarm),
) -> Result<Beginning, SealingError> {
    let kept = log::head(&partition.in_epoch(signed.epoch)).await?;
    let previous = Previous {
        announced: None,
        epoch: signed.epoch,
        note: signed.note,
        root: kept.tree.root(),
        rows: kept.tree.size(),
    };
    let rows = vec![
        own_rows::genesis(state, partition, now, (signed.rotation, Some(&previous))).await?,
        own_rows::alarm(state, partition, now, &why)?,
    ];
    let Head { rx, cursors, instances, .. } = newest(partition, signed.epoch).await?;
    let head = Head { rx, cursors, instances, ..Head::default() };
    Ok(Beginning { head, rows, at_once: true })
}

/// The end of the newest epoch up to `epoch` that has rows: a database that was set back to before an epoch began has none of it.
async fn newest(partition: &Partition, epoch: u64) -> Result<Head, StoreError> {
    for epoch in (0..=epoch).rev() {
        let head = log::head(&partition.in_epoch(epoch)).await?;
        if head.tree.size() > 0 {
            return Ok(head);
        }
    }
    Ok(Head::default())
}
