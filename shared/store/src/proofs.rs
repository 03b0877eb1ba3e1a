//! Proofs about a signed log, from the hash tiles that `signer` wrote: a few blobs, and no row.
//!
//! The tiles are taken at their word: check a proof against the signed root before anybody sees it.

use chain::{
    Hash, proof,
    tile::{Tile, TileHashes, needed_for_consistency, needed_for_inclusion},
};
use domain::TenantId;
use ports::{Blobs, Bucket};

use crate::{StoreError, log};

/// An epoch of a tenant's log.
pub type Log = (TenantId, u64);

/// Shows that row `index` is in the tree of the first `size` rows, which must be signed (RFC 9162 §2.1.3.1), leaf end first.
///
/// # Errors
/// When storage fails, a tile is missing or another, or there is no such row.
pub async fn inclusion(
    blobs: &dyn Blobs,
    log: Log,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, StoreError> {
    let hashes = read(blobs, log, needed_for_inclusion(index, size)).await?;
    proof::inclusion(&hashes, index, size).ok_or_else(|| log::missing(index))
}

/// Shows that the first `size` rows begin with the first `from` (RFC 9162 §2.1.4.1); empty where `from` is 0 or not below `size`.
///
/// # Errors
/// When storage fails, or a tile is missing or another.
pub async fn consistency(
    blobs: &dyn Blobs,
    log: Log,
    (from, size): (u64, u64),
) -> Result<Vec<Hash>, StoreError> {
    if from >= size {
        return Ok(Vec::new());
    }
    let hashes = read(blobs, log, needed_for_consistency(from, size)).await?;
    let missing = || StoreError::Unreadable(format!("tiles of {} are missing", log.0));
    proof::consistency(&hashes, from, size).ok_or_else(missing)
}

async fn read(
    blobs: &dyn Blobs,
    (tenant, epoch): Log,
    tiles: Vec<Tile>,
) -> Result<TileHashes, StoreError> {
    let tenant = tenant.to_string();
    let mut hashes = TileHashes::default();
    for tile in tiles {
        let name = tile.blob_name(&tenant, epoch);
        let blob = blobs.get(Bucket::Tiles, &name).await?;
        let bytes = blob.ok_or_else(|| StoreError::Unreadable(format!("no blob {name}")))?.bytes;
        let wrong = |error| StoreError::Unreadable(format!("the blob {name}: {error}"));
        hashes.insert(&tile, &bytes).map_err(wrong)?;
    }
    Ok(hashes)
}
