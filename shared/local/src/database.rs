//! The SQLite file and its connections.

use std::{path::Path, process, thread, time::Duration};

use rusqlite::{Connection, TransactionBehavior};

use crate::{OpenError, files};

/// `PRAGMA user_version`: the format of the tables.
const FORMAT: i64 = 1;
/// Waits of 150–500 µs, about 6 s in all; then a transaction gives up and the caller hears `Unavailable`.
const WAITS_MAX: i32 = 20_000;

/// Makes the file and its tables if they are not there.
///
/// The file is made before SQLite does, because SQLite would let the group read it.
pub(crate) fn create(path: &Path) -> Result<(), OpenError> {
    let folder = |source| OpenError::Folder { path: path.to_owned(), source };
    // Two processes that start together must not both turn on the write-ahead log: SQLite does not wait for that lock.
    let lock = files::private().create(true).truncate(false).open(path.with_extension("lock"));
    let lock = lock.map_err(folder)?;
    lock.lock().map_err(folder)?;
    files::private().create(true).truncate(false).open(path).map_err(folder)?;
    let mut connection = connect(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > FORMAT {
        return Err(OpenError::Newer { path: path.to_owned(), found, known: FORMAT });
    }
    if found == 0 {
        transaction.execute_batch(include_str!("schema.sql"))?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    transaction.commit()?;
    path.parent().map_or(Ok(()), files::sync_folder).map_err(folder)
}

/// A connection that survives `kill -9` and power loss with every commit it acknowledged, and waits fairly for others.
pub(crate) fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let mut connection = Connection::open(path)?;
    connection.busy_handler(Some(wait))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // On macOS a plain fsync stops in the drive's cache.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    // A checkpoint inside a commit made the 99th percentile ten times the median; `checkpoint` does it elsewhere.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // What is removed or replaced is overwritten, not only unlinked: <https://www.sqlite.org/pragma.html#pragma_secure_delete>.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -1024)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// SQLite's own handler backs off up to 100 ms and starves: at saturation three of four writers committed once in 5 s.
fn wait(waits: i32) -> bool {
    let spread = u64::from(process::id()) * 7_919 + u64::from(waits.unsigned_abs()) * 104_729;
    thread::sleep(Duration::from_micros(150 + spread % 350));
    waits < WAITS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_a_later_version_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("store.sqlite");
        create(&file).unwrap();
        connect(&file).unwrap().pragma_update(None, "user_version", FORMAT + 1).unwrap();
        let refused = create(&file).unwrap_err();
        assert!(matches!(refused, OpenError::Newer { found: 2, known: 1, .. }), "{refused}");
    }

    #[test]
    fn many_may_create_it_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("store.sqlite");
        thread::scope(|scope| {
            let openers: Vec<_> = (0..8).map(|_| scope.spawn(|| create(&file))).collect();
            for opener in openers {
                opener.join().unwrap().unwrap();
            }
        });
    }

    /// What keeps a commit through a power cut; a connection has these by itself, not by the file.
    #[test]
    fn every_connection_syncs_each_commit() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("store.sqlite");
        create(&file).unwrap();
        let connection = connect(&file).unwrap();
        let pragma = |name: &str| -> String {
            let value: rusqlite::types::Value =
                connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).unwrap();
            format!("{value:?}")
        };
        // 2 is FULL: <https://www.sqlite.org/pragma.html#pragma_synchronous>.
        assert_eq!(pragma("synchronous"), "Integer(2)");
        assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
        assert_eq!(pragma("wal_autocheckpoint"), "Integer(0)");
        assert_eq!(pragma("secure_delete"), "Integer(1)");
    }
}
