//! One batch, inside its savepoint.

use ports::{Container, Etag, NewDocument, PartitionKey, Refusal, Write};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::row;
use crate::sequence::Sequence;

/// Applies `writes` in order; stops at the first that is refused, and says which.
///
/// What was applied before it must be rolled back by the caller.
pub(super) fn apply(
    connection: &Connection,
    sequence: &mut Sequence,
    container: Container,
    key: &PartitionKey,
    writes: &[Write],
    now: i64,
) -> rusqlite::Result<Result<Vec<Etag>, (usize, Refusal)>> {
    let partition = number(connection, container, key)?;
    let mut etags = Vec::with_capacity(writes.len());
    for (index, write) in writes.iter().enumerate() {
        let lsn = sequence.next();
        let refusal = match write {
            Write::Create(document) => create(connection, partition, document, lsn, now)?,
            Write::Replace(document, etag) => {
                replace(connection, partition, document, etag, lsn, now)?
            }
        };
        if let Some(refusal) = refusal {
            return Ok(Err((index, refusal)));
        }
        etags.push(row::etag(lsn));
    }
    sequence.touch(partition);
    Ok(Ok(etags))
}

/// Removes the documents with these ids; how many were there.
pub(crate) fn remove(
    connection: &Connection,
    container: Container,
    key: &PartitionKey,
    ids: &[String],
) -> rusqlite::Result<u64> {
    let Some((partition, _)) = row::partition(connection, container, key)? else { return Ok(0) };
    let mut statement =
        connection.prepare_cached("DELETE FROM documents WHERE partition = ?1 AND id = ?2")?;
    let mut removed = 0;
    for id in ids {
        removed += statement.execute(params![partition, id])?;
    }
    Ok(removed as u64)
}

/// The number of a partition, given at its first write.
fn number(
    connection: &Connection,
    container: Container,
    key: &PartitionKey,
) -> rusqlite::Result<i64> {
    if let Some((partition, _)) = row::partition(connection, container, key)? {
        return Ok(partition);
    }
    connection
        .prepare_cached(
            "INSERT INTO partitions (container, tenant, shard, lsn) VALUES (?1, ?2, ?3, 0) \
             RETURNING partition",
        )?
        .query_row(params![container.name(), key.tenant.to_string(), key.shard], |row| row.get(0))
}

/// Inserts a document, also in the place of one that has expired.
fn create(
    connection: &Connection,
    partition: i64,
    document: &NewDocument,
    lsn: i64,
    now: i64,
) -> rusqlite::Result<Option<Refusal>> {
    let NewDocument { id, kind, k1, k2, body, expires_at } = document;
    let expires_at = expires_at.map(domain::Timestamp::unix_us);
    let written = connection
        .prepare_cached(
            "INSERT INTO documents (partition, id, kind, k1, k2, expires_at, lsn, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
             ON CONFLICT (partition, id) DO UPDATE SET kind = excluded.kind, k1 = excluded.k1, \
             k2 = excluded.k2, expires_at = excluded.expires_at, lsn = excluded.lsn, \
             body = excluded.body WHERE documents.expires_at <= ?9",
        )?
        .execute(params![partition, id, kind, k1, k2, expires_at, lsn, body, now])?;
    Ok((written == 0).then_some(Refusal::Exists))
}

/// Replaces the version that `etag` names.
fn replace(
    connection: &Connection,
    partition: i64,
    document: &NewDocument,
    etag: &Etag,
    lsn: i64,
    now: i64,
) -> rusqlite::Result<Option<Refusal>> {
    let found: Option<i64> = connection
        .prepare_cached(
            "SELECT lsn FROM documents WHERE partition = ?1 AND id = ?2 \
             AND (expires_at IS NULL OR expires_at > ?3)",
        )?
        .query_row(params![partition, document.id, now], |row| row.get(0))
        .optional()?;
    match found {
        None => return Ok(Some(Refusal::Missing)),
        Some(found) if row::etag(found) != *etag => return Ok(Some(Refusal::Stale)),
        Some(_) => {}
    }
    let NewDocument { id, kind, k1, k2, body, expires_at } = document;
    let expires_at = expires_at.map(domain::Timestamp::unix_us);
    connection
        .prepare_cached(
            "UPDATE documents SET kind = ?3, k1 = ?4, k2 = ?5, expires_at = ?6, lsn = ?7, body = ?8 \
             WHERE partition = ?1 AND id = ?2",
        )?
        .execute(params![partition, id, kind, k1, k2, expires_at, lsn, body])?;
    Ok(None)
}
