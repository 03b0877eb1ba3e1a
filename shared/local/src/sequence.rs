//! The numbers of changes: assigned under the write lock, so that their order is the order of the commits of every process.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

/// What one write transaction assigned.
pub(crate) struct Sequence {
    before: i64,
    last: i64,
    touched: BTreeMap<i64, i64>,
}

impl Sequence {
    /// Where the last committed transaction stopped.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let last = connection
            .prepare_cached("SELECT lsn FROM sequence")?
            .query_row([], |row| row.get(0))?;
        Ok(Self { before: last, last, touched: BTreeMap::new() })
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> i64 {
        self.last += 1;
        self.last
    }

    /// The last number.
    pub(crate) fn last(&self) -> i64 {
        self.last
    }

    /// Takes back the numbers after `last`, whose changes were rolled back.
    pub(crate) fn rewind(&mut self, last: i64) {
        self.last = last;
    }

    /// Notes that `partition` changed with the last number; called last, when nothing can be refused any more.
    pub(crate) fn touch(&mut self, partition: i64) {
        self.touched.insert(partition, self.last);
    }

    /// Writes it down: once for a transaction, however many batches it holds.
    pub(crate) fn store(self, connection: &Connection) -> rusqlite::Result<()> {
        if self.last == self.before {
            return Ok(());
        }
        connection.prepare_cached("UPDATE sequence SET lsn = ?1")?.execute([self.last])?;
        let mut touch =
            connection.prepare_cached("UPDATE partitions SET lsn = ?2 WHERE partition = ?1")?;
        for (partition, lsn) in self.touched {
            touch.execute(params![partition, lsn])?;
        }
        Ok(())
    }
}
