//! A few connections that only read.

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError, TryLockError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use rusqlite::Connection;

use crate::{LocalError, database};

/// Connections for reading; each read sees every commit that was answered before it began.
pub(crate) struct Readers {
    connections: Vec<Mutex<Connection>>,
    turn: AtomicUsize,
}

impl Readers {
    /// One connection for each processor, at least two and at most eight.
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        let count = thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
        let open = || {
            let connection = database::connect(path)?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(Mutex::new(connection))
        };
        let connections = (0..count).map(|_| open()).collect::<rusqlite::Result<_>>()?;
        Ok(Self { connections, turn: AtomicUsize::new(0) })
    }

    /// Reads on the calling thread.
    ///
    /// On purpose without `spawn_blocking`: a point read takes 2–5 µs and a page of 50 about 30 µs, mostly from the page cache, while
    /// a hand-over to another thread and back costs 10–20 µs by itself. Readers never wait for the writer (write-ahead log).
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, LocalError> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let (before, from) = self.connections.split_at(turn % self.connections.len());
        for connection in from.iter().chain(before) {
            match connection.try_lock() {
                Ok(mut connection) => return Ok(work(&mut connection)?),
                Err(TryLockError::Poisoned(poisoned)) => {
                    return Ok(work(&mut poisoned.into_inner())?);
                }
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let busy = from.first().ok_or_else(|| LocalError("there is no reader".to_owned()))?;
        Ok(work(&mut busy.lock().unwrap_or_else(PoisonError::into_inner))?)
    }
}
