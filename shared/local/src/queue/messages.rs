//! Messages as rows.

use ports::{Message, QueueName};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// The key of the next visible message, and how often it was given out.
pub(super) fn next(
    connection: &Connection,
    queue: QueueName,
    now: i64,
) -> rusqlite::Result<Option<(i64, u32)>> {
    connection
        .prepare_cached(
            "SELECT message, dequeue_count FROM messages WHERE queue = ?1 AND visible_at <= ?2 \
             ORDER BY visible_at, message LIMIT 1",
        )?
        .query_row(params![queue.name(), now], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// The key of the message that `receipt` still holds.
pub(super) fn held(
    connection: &Connection,
    queue: QueueName,
    id: &str,
    receipt: &str,
) -> rusqlite::Result<Option<(i64, u32)>> {
    connection
        .prepare_cached(
            "SELECT message, dequeue_count FROM messages WHERE id = ?1 AND receipt = ?2 AND queue = ?3",
        )?
        .query_row(params![id, receipt, queue.name()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

pub(super) fn give_out(
    connection: &Connection,
    key: i64,
    hidden_until: i64,
    receipt: &str,
) -> rusqlite::Result<Message> {
    connection
        .prepare_cached(
            "UPDATE messages SET visible_at = ?2, receipt = ?3, dequeue_count = dequeue_count + 1 \
             WHERE message = ?1 RETURNING id, text, dequeue_count, receipt",
        )?
        .query_row(params![key, hidden_until, receipt], message)
}

pub(super) fn poison(
    connection: &Connection,
    queue: QueueName,
    key: i64,
    now: i64,
) -> rusqlite::Result<()> {
    tracing::error!(queue = queue.name(), "a message failed too often and was set aside");
    connection
        .prepare_cached(
            "UPDATE messages SET queue = ?2, visible_at = ?3, receipt = '' WHERE message = ?1",
        )?
        .execute(params![key, queue.poison(), now])
        .map(|_| ())
}

pub(super) fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        text: row.get(1)?,
        dequeue_count: row.get(2)?,
        receipt: row.get(3)?,
    })
}
