//! Moves the write-ahead log into the database file, away from the thread that commits, and takes expired documents out.

use std::{
    path::Path,
    sync::{Arc, mpsc},
    thread,
};

use ports::Clock;
use rusqlite::{Connection, params};

use crate::{OpenError, database};

/// Written since the last checkpoint, by our own estimate, before the next.
const CHECKPOINT_BYTES: usize = 8 << 20;
/// What a batch costs in pages of indexes, beside its bodies.
const INDEX_BYTES: usize = 5 * 4096;
/// Frames of 4 KiB (32 MiB) at which writers must wait for once, so that the log starts again from its beginning. After `kill -9` the
/// next start reads the whole log: about 50 ms for as much.
const FRAMES_MAX: i64 = 8_192;
/// Expired documents taken out at a time: a few milliseconds.
const SWEEP_MAX: i64 = 500;

/// Counts what is written and wakes the thread that checkpoints.
pub(crate) struct Checkpoints {
    // Taken by `drop`, which ends the thread.
    wake: Option<mpsc::SyncSender<()>>,
    thread: Option<thread::JoinHandle<()>>,
    clock: Arc<dyn Clock>,
    written: usize,
}

impl Checkpoints {
    /// Starts the thread.
    pub(crate) fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let connection = database::connect(path)?;
        let (wake, woken) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || serve(&connection, &woken))
            .map_err(|source| OpenError::Folder { path: path.to_owned(), source })?;
        Ok(Self { wake: Some(wake), thread: Some(thread), clock, written: 0 })
    }

    /// Notes that a group of `jobs` batches with `bytes` of bodies was written on `connection`.
    pub(crate) fn wrote(&mut self, connection: &Connection, bytes: usize, jobs: usize) {
        self.written += bytes + jobs * INDEX_BYTES;
        if self.written < CHECKPOINT_BYTES {
            return;
        }
        self.written = 0;
        if let Err(error) = sweep(connection, self.clock.now().unix_us()) {
            tracing::warn!(%error, "expired documents stay for now");
        }
        // Full means that it was woken and has not looked yet.
        self.wake.as_ref().and_then(|wake| wake.try_send(()).ok());
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by its own thread.
            thread.join().ok();
        }
    }
}

/// Takes out documents that no read can see any more. It follows the writes, because only they make the file grow.
fn sweep(connection: &Connection, now: i64) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM documents WHERE rowid IN (SELECT rowid FROM documents INDEXED BY documents_expiry \
             WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        )?
        .execute(params![now, SWEEP_MAX])
}

fn serve(connection: &Connection, woken: &mpsc::Receiver<()>) {
    while woken.recv().is_ok() {
        // Passive waits for nobody. Under a constant load it never reaches the end of the log, which then only grows.
        match checkpoint(connection, "PASSIVE") {
            Ok(frames) if frames > FRAMES_MAX => {
                if let Err(error) = checkpoint(connection, "RESTART") {
                    tracing::warn!(%error, "the write-ahead log could not start again");
                }
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "a checkpoint failed"),
        }
    }
}

/// Moves all of the write-ahead log into the database and cuts it to nothing, as far as others who read now let it.
pub(crate) fn truncate(path: &Path) -> rusqlite::Result<()> {
    checkpoint(&database::connect(path)?, "TRUNCATE").map(drop)
}

/// Runs one checkpoint; gives how many frames the log has.
fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| row.get(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_takes_what_has_expired_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("store.sqlite");
        database::create(&file).unwrap();
        let connection = database::connect(&file).unwrap();
        let rows = [("past", Some(9)), ("now", Some(10)), ("future", Some(11)), ("never", None)];
        for (lsn, (id, expires_at)) in rows.into_iter().enumerate() {
            let lsn = i64::try_from(lsn).unwrap();
            connection
                .execute(
                    "INSERT INTO documents (partition, id, kind, lsn, expires_at, body) \
                     VALUES (1, ?1, 'k', ?2, ?3, '{}')",
                    params![id, lsn, expires_at],
                )
                .unwrap();
        }
        assert_eq!(sweep(&connection, 10).unwrap(), 2);
        let mut left = connection.prepare("SELECT id FROM documents ORDER BY id").unwrap();
        let left: Vec<String> =
            left.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(left, ["future", "never"]);
    }

    /// The writer never stops, so that a passive checkpoint never reaches the end; the log must start again all the same.
    #[test]
    fn the_write_ahead_log_starts_again_under_load() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("store.sqlite");
        database::create(&file).unwrap();
        let writer = database::connect(&file).unwrap();
        let write = || writer.execute("UPDATE sequence SET lsn = lsn + 1", []).unwrap();
        let other = database::connect(&file).unwrap();
        write();
        let before = checkpoint(&other, "PASSIVE").unwrap();
        assert!(before > 0);
        write();
        checkpoint(&other, "RESTART").unwrap();
        write();
        assert_eq!(checkpoint(&other, "PASSIVE").unwrap(), 1, "one frame since it started again");
    }
}
