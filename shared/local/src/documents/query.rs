//! Point reads and pages.

use ports::{Container, Page, PartitionKey, Query, Stored};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::row;

/// One document, unless it has expired.
pub(super) fn read(
    connection: &Connection,
    container: Container,
    key: &PartitionKey,
    id: &str,
    now: i64,
) -> rusqlite::Result<Option<Stored>> {
    let columns = row::COLUMNS;
    connection
        .prepare_cached(&format!(
            "SELECT {columns} FROM documents WHERE partition = (SELECT partition FROM partitions \
             WHERE container = ?1 AND tenant = ?2 AND shard = ?3) AND id = ?4 \
             AND (expires_at IS NULL OR expires_at > ?5)"
        ))?
        .query_row(
            params![container.name(), key.tenant.to_string(), key.shard, id, now],
            row::stored,
        )
        .optional()
}

/// One page.
pub(super) fn page(
    connection: &Connection,
    container: Container,
    key: &PartitionKey,
    query: &Query,
    now: i64,
) -> rusqlite::Result<Page> {
    let Some((partition, _)) = row::partition(connection, container, key)? else {
        return Ok(Page::default());
    };
    let mut documents = connection
        .prepare_cached(&sql(query))?
        .query_map(
            params![
                partition,
                query.kind,
                query.k1,
                query.k2,
                query.after,
                now,
                row::fetched(query.limit)
            ],
            row::stored,
        )?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let more = documents.len() > row::bounded(query.limit);
    documents.truncate(row::bounded(query.limit));
    let next = documents.last().filter(|_| more).map(|last| last.document.id.clone());
    Ok(Page { documents, next })
}

/// The statement for what `query` asks by. It names the index, so that the plan does not depend on statistics.
fn sql(query: &Query) -> String {
    let columns = row::COLUMNS;
    let index = match (&query.k1, &query.k2) {
        (Some(_), _) => "documents_k1",
        (None, Some(_)) => "documents_k2",
        (None, None) => "documents_kind",
    };
    // Every statement binds every parameter; one that is not asked for is NULL.
    let k1 = if query.k1.is_some() { "k1 = ?3" } else { "?3 IS NULL" };
    let k2 = if query.k2.is_some() { "k2 = ?4" } else { "?4 IS NULL" };
    let (order, beyond) = if query.descending { ("DESC", "id < ?5") } else { ("ASC", "id > ?5") };
    let after = if query.after.is_some() { beyond } else { "?5 IS NULL" };
    format!(
        "SELECT {columns} FROM documents INDEXED BY {index} WHERE partition = ?1 AND kind = ?2 \
         AND {k1} AND {k2} AND {after} AND (expires_at IS NULL OR expires_at > ?6) \
         ORDER BY id {order} LIMIT ?7"
    )
}
