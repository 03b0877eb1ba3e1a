//! Rows of the log one after the other, a few commits of them in memory.

use std::{collections::VecDeque, ops::Range};

use store::Partition;

use super::{ExportError, ROWS_MAX};
use crate::{
    State,
    purged::Kept,
    search::{self, Order},
};

/// Commits read at a time: about a megabyte.
const COMMITS: usize = 32;

/// Rows that are read in order.
pub(super) struct Reading<'a> {
    state: &'a State,
    log: &'a Partition,
    left: Range<u64>,
    ready: VecDeque<Kept>,
}

impl<'a> Reading<'a> {
    /// The rows of `span`.
    ///
    /// # Errors
    /// [`ExportError::TooLarge`].
    pub(super) fn of(
        state: &'a State,
        log: &'a Partition,
        span: Range<u64>,
    ) -> Result<Self, ExportError> {
        let size = span.end.saturating_sub(span.start);
        if size > ROWS_MAX {
            return Err(ExportError::TooLarge { size });
        }
        Ok(Self { state, log, left: span, ready: VecDeque::new() })
    }

    /// The exact bytes of the next row; of one that was purged, its hash.
    pub(super) async fn next(&mut self) -> Result<Option<Kept>, ExportError> {
        if self.ready.is_empty() && !self.left.is_empty() {
            let blobs = &*self.state.ports.blobs;
            let read = search::read(blobs, self.log, Order::Oldest, &self.left, COMMITS).await?;
            self.left.start = read.last().map_or(self.left.end, |(number, _)| number + 1);
            self.ready.extend(read.into_iter().map(|(_, kept)| kept));
        }
        Ok(self.ready.pop_front())
    }

    /// The next `count`, as an export has them.
    pub(super) async fn entries(&mut self, count: u64) -> Result<Vec<Vec<u8>>, ExportError> {
        let mut entries = Vec::new();
        while (entries.len() as u64) < count
            && let Some(kept) = self.next().await?
        {
            entries.push(entry(kept));
        }
        Ok(entries)
    }
}

/// What an export has of a row.
pub(super) fn entry(kept: Kept) -> Vec<u8> {
    match kept {
        Kept::Row(row) => row.into_bytes(),
        Kept::Hash(hash) => hash.0.to_vec(),
    }
}
