//! What changed, from a place on.
//!
//! A cursor is the number of a change. Numbers are assigned under the write lock, so that nothing can appear behind a cursor later.
//! A document that has expired is left out, as in reads: whoever must see every document gives it no expiry.

use ports::{Changes, Container, Cursor, Dirty, PartitionKey};
use rusqlite::{Connection, params};

use super::row;

/// The place that a cursor names. One that is not ours starts again from the beginning, which every follower must bear.
pub(super) fn place(after: Option<&Cursor>) -> i64 {
    after.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0)
}

/// What changed in one partition; two statements that see the same commits.
pub(super) fn changes(
    connection: &mut Connection,
    container: Container,
    key: &PartitionKey,
    after: i64,
    limit: usize,
    now: i64,
) -> rusqlite::Result<Changes> {
    let snapshot = connection.transaction()?;
    let Some((partition, last)) = row::partition(&snapshot, container, key)? else {
        return Ok(Changes { documents: Vec::new(), cursor: cursor(0), more: false });
    };
    // Beyond the end is a cursor from before a backup was restored.
    let after = if after > last { 0 } else { after };
    let columns = row::COLUMNS;
    let mut documents = snapshot
        .prepare_cached(&format!(
            "SELECT {columns} FROM documents INDEXED BY documents_changes \
             WHERE partition = ?1 AND lsn > ?2 AND (expires_at IS NULL OR expires_at > ?3) \
             ORDER BY lsn LIMIT ?4"
        ))?
        .query_map(params![partition, after, now, row::fetched(limit)], row::stored)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let more = documents.len() > row::bounded(limit);
    documents.truncate(row::bounded(limit));
    let stop = documents.last().filter(|_| more).map(|document| Cursor(document.etag.0.clone()));
    Ok(Changes { documents, cursor: stop.unwrap_or_else(|| cursor(last)), more })
}

/// Which partitions of a container changed, by their last change.
pub(super) fn dirty(
    connection: &mut Connection,
    container: Container,
    after: i64,
    limit: usize,
) -> rusqlite::Result<Dirty> {
    let snapshot = connection.transaction()?;
    let last: i64 =
        snapshot.prepare_cached("SELECT lsn FROM sequence")?.query_row([], |row| row.get(0))?;
    let after = if after > last { 0 } else { after };
    let mut partitions = snapshot
        .prepare_cached(
            "SELECT tenant, shard, lsn FROM partitions INDEXED BY partitions_dirty \
             WHERE container = ?1 AND lsn > ?2 ORDER BY lsn LIMIT ?3",
        )?
        .query_map(params![container.name(), after, row::fetched(limit)], touched)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let more = partitions.len() > row::bounded(limit);
    partitions.truncate(row::bounded(limit));
    let stop = partitions.last().map_or(after, |(_, lsn)| *lsn);
    let partitions = partitions.into_iter().map(|(key, _)| key).collect();
    Ok(Dirty { partitions, cursor: cursor(stop), more })
}

fn cursor(lsn: i64) -> Cursor {
    Cursor(lsn.to_string())
}

fn touched(row: &rusqlite::Row<'_>) -> rusqlite::Result<(PartitionKey, i64)> {
    let tenant: String = row.get(0)?;
    let tenant = tenant.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(
            0,
            rusqlite::types::Type::Text,
            Box::<dyn std::error::Error + Send + Sync>::from(format!("{error}")),
        )
    })?;
    Ok((PartitionKey { tenant, shard: row.get(1)? }, row.get(2)?))
}
