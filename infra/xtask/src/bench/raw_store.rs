//! SQLite by itself, on the same disk, with the same bytes: what no ingestion on SQLite can do without.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, params};

/// A table of its own, with every commit on the disk before it is answered.
pub(super) struct RawStore {
    connection: Connection,
}

impl RawStore {
    /// A new one at `path`.
    pub(super) fn new(path: &Path) -> anyhow::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection
            .execute_batch("CREATE TABLE events (event INTEGER PRIMARY KEY, body BLOB NOT NULL)")?;
        Ok(Self { connection })
    }

    /// Rows a second when `size` of them share a commit, measured for about `time`.
    pub(super) fn rows_per_second(
        &mut self,
        body: &[u8],
        size: u32,
        time: Duration,
    ) -> anyhow::Result<f64> {
        let (begun, mut rows) = (Instant::now(), 0);
        while begun.elapsed() < time {
            let transaction = self.connection.transaction()?;
            let mut insert = transaction.prepare_cached("INSERT INTO events (body) VALUES (?1)")?;
            for _ in 0..size {
                insert.execute(params![body])?;
            }
            drop(insert);
            transaction.commit()?;
            rows += size;
        }
        Ok(f64::from(rows) / begun.elapsed().as_secs_f64())
    }
}
