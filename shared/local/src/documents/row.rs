//! A document as a row.

use domain::Timestamp;
use ports::{Container, Etag, NewDocument, PartitionKey, Stored};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// The columns that [`stored`] reads, in its order.
pub(super) const COLUMNS: &str = "id, kind, k1, k2, body, expires_at, lsn";

/// How many rows a page of `limit` (1..=1000) reads: one more than it gives, to know whether there are more.
pub(super) fn fetched(limit: usize) -> i64 {
    i64::try_from(bounded(limit)).map_or(1, |limit| limit + 1)
}

/// A limit within its bounds.
pub(super) fn bounded(limit: usize) -> usize {
    limit.clamp(1, 1000)
}

/// A row of [`COLUMNS`].
pub(super) fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let document = NewDocument {
        id: row.get(0)?,
        kind: row.get(1)?,
        k1: row.get(2)?,
        k2: row.get(3)?,
        body: row.get(4)?,
        expires_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_unix_us),
    };
    Ok(Stored { document, etag: etag(row.get(6)?) })
}

/// The version that change number `lsn` made.
pub(super) fn etag(lsn: i64) -> Etag {
    Etag(lsn.to_string())
}

/// The number of a partition, if anything was ever written to it, and the number of its last change.
pub(super) fn partition(
    connection: &Connection,
    container: Container,
    key: &PartitionKey,
) -> rusqlite::Result<Option<(i64, i64)>> {
    connection
        .prepare_cached(
            "SELECT partition, lsn FROM partitions WHERE container = ?1 AND tenant = ?2 AND shard = ?3",
        )?
        .query_row(params![container.name(), key.tenant.to_string(), key.shard], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
}
