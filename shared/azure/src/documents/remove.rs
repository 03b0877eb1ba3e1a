//! Removing documents, one request each: a batch would be refused as a whole for one that is gone already.

use azure_data_cosmos::options::ItemWriteOptions;
use futures::{FutureExt as _, future::try_join_all};
use ports::StorageError;

use super::{answer::within, limits, place::Place};

/// Documents that are removed at the same time.
const REMOVALS_AT_ONCE: usize = 8;

/// Removes the documents with these ids; how many were there.
pub(super) async fn remove(place: &Place<'_>, ids: &[String]) -> Result<u64, StorageError> {
    let mut removed = 0;
    for some in ids.chunks(REMOVALS_AT_ONCE) {
        let gone = try_join_all(some.iter().map(|id| remove_one(place, id))).await?;
        removed += gone.into_iter().map(u64::from).sum::<u64>();
    }
    Ok(removed)
}

/// Whether it was there. After a lost answer the SDK asks again and hears that it is not: then it is gone all the same.
async fn remove_one(place: &Place<'_>, id: &str) -> Result<bool, StorageError> {
    let options = ItemWriteOptions::default().with_operation_options(limits::of_every_operation());
    let call = place.client.delete_item(place.key(), id, Some(options));
    match within(call.boxed()).await {
        Ok(_) => Ok(true),
        Err(failure) if failure.is_missing_document() => Ok(false),
        Err(failure) => Err(failure.on_commit(place.container)),
    }
}
