//! Rows whose commits were removed, one by one.

use ports::Blobs;
use store::{Partition, StoreError, log};

pub(crate) use store::kept::{Kept, bundle};

/// What is kept of row `seq`.
///
/// # Errors
/// As [`bundle`].
pub(crate) async fn row(blobs: &dyn Blobs, data: &Partition, seq: u64) -> Result<Kept, StoreError> {
    let rows = bundle(blobs, data, seq).await?;
    let found = rows.into_iter().find(|(number, _)| *number == seq);
    found.map(|(_, kept)| kept).ok_or_else(|| log::missing(seq))
}
