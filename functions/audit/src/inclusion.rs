//! Proving that a row is in the log, from the hash tiles that `signer` wrote: a few blobs, and no row.

use chain::{
    Hash, proof,
    tile::{TileHashes, needed_for_inclusion},
};
use ports::{Blobs, Bucket};
use store::{Partition, StoreError, log};

/// Shows that row `index` is in the tree of the first `size` rows, which must be signed (RFC 9162 §2.1.3.1), leaf end first.
///
/// The tiles are taken at their word: check the proof against the signed root before anybody sees it.
///
/// # Errors
/// When storage fails, a tile is missing or another, or there is no such row.
pub(crate) async fn prove(
    blobs: &dyn Blobs,
    log: &Partition,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, StoreError> {
    let tenant = log.tenant().to_string();
    let mut hashes = TileHashes::default();
    for tile in needed_for_inclusion(index, size) {
        let name = tile.blob_name(&tenant, log.epoch());
        let blob = blobs.get(Bucket::Tiles, &name).await?;
        let bytes = blob.ok_or_else(|| StoreError::Unreadable(format!("no blob {name}")))?.bytes;
        let wrong = |error| StoreError::Unreadable(format!("the blob {name}: {error}"));
        hashes.insert(&tile, &bytes).map_err(wrong)?;
    }
    proof::inclusion(&hashes, index, size).ok_or_else(|| log::missing(index))
}
