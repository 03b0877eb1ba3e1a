//! Receipts for whoever waits until an event is in the log.

use chain::{commit::Commit, row::Row, tree::leaf_hash};
use domain::EventKind;
use store::{Partition, Sealed, StoreError};

/// Makes the receipts for the awaited events of `commit`.
///
/// Whoever seals makes them for the last commit before building on it: a sealer may have died after that commit. So only the last one ever
/// lacks receipts, and whoever is woken next makes them.
pub(super) async fn make(partition: &Partition, commit: &Commit) -> Result<(), StoreError> {
    for receipt in commit.rows.iter().filter_map(|row| receipt(row, partition.epoch())) {
        if partition.sealed(receipt.event).await?.is_none() {
            partition.receipt(&receipt).await?;
        }
    }
    Ok(())
}

/// The receipt for a row, if its kind is one that is awaited.
fn receipt(text: &str, epoch: u64) -> Option<Sealed> {
    let row = Row::parse(text).ok()?;
    EventKind::from_name(row.action).filter(|kind| kind.is_awaited())?;
    let hash = leaf_hash(text.as_bytes()).to_string();
    let (event, rx) = (row.id.parse().ok()?, row.rx.parse().ok()?);
    Some(Sealed { event, epoch, seq: row.seq, hash, rx })
}
