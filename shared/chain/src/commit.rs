//! Packing rows into documents that are created once: the log as it is stored.
//!
//! There is no head document: the last commit *is* the head. Two sealers that build on the same head make the same identifier,
//! and storage lets one of them create it; the other reads again and goes on. So the log has no fork, no gap and no row twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Hash,
    instances::{Gap, Instances, hours, key},
    intent::{Intent, IntentError, Source},
    report::Finding,
    row::{self, RowError},
    tree::{CompactRange, EdgeError},
    walk::Walk,
};

mod packing;

pub use packing::{Before, Next, Note, Page, next, to_ask};

/// The most rows in a commit.
pub const ROWS_MAX: usize = 64;
/// The most bytes of a commit as it is stored, as a JSON string in a document: half of what a Cosmos DB item may have.
pub const COMMIT_BYTES_MAX: usize = 1 << 20;
/// Rows in a segment, as a power of two: 2¹⁸ rows of ≤ 65,535 bytes stay below the 20 GB of a logical partition.
const SEGMENT_BITS: u32 = 18;
/// Where each source was read up to; opaque.
pub type Cursors = BTreeMap<String, String>;

/// One document of the log: some rows, and everything that is needed to append to them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Commit {
    /// Where each source was read up to.
    pub cursors: Cursors,
    /// The right edge of the tree after the last row ([`CompactRange::edge`]).
    pub edge: Vec<Hash>,
    /// The number of its first row.
    pub first: u64,
    /// Which intents of which instance were sealed.
    pub instances: Instances,
    /// The hash of its last row.
    pub last: Hash,
    /// The exact bytes of its 1..=64 rows.
    pub rows: Vec<String>,
    /// When they were sealed.
    pub rx: String,
    /// How many rows the log has after it.
    pub size: u64,
}

/// The end of a log: what the next commit builds on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Head {
    /// The hash of the last row; zero for the empty log.
    pub last: Hash,
    /// When it was sealed; empty for the empty log.
    pub rx: String,
    /// The tree, whose size is the number of the next row.
    pub tree: CompactRange,
    /// Where each source was read up to.
    pub cursors: Cursors,
    /// Which intents of which instance were sealed.
    pub instances: Instances,
}

/// Why rows cannot be packed, or a document is not a commit.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// An intent cannot become a row.
    #[error("intent {place} of the page cannot become a row")]
    Row {
        /// Its place in the page, from 0.
        place: usize,
        /// Why.
        source: RowError,
    },
    /// The log holds something under this number, or may, and was not asked what.
    #[error("intent {0} of the page may be in the log already; ask the log what it holds")]
    Unasked(usize),
    /// A row of the sealer's own cannot be written.
    #[error("a remark on intent {place} of the page cannot be written")]
    Note {
        /// Its place in the page, from 0.
        place: usize,
        /// Why.
        source: IntentError,
    },
    /// The sealing time is not a time of the log.
    #[error("the sealing time is not of the form 2026-11-21T00:00:00.001234Z")]
    Time,
    /// Even one row would be too much, because of what is carried on.
    #[error("cursors and instances leave no room for a row in a commit of 1 MiB")]
    Full,
    /// The document contradicts itself.
    #[error("the commit's size, rows and edge do not belong together")]
    Shape,
    /// The right edge is not one of a tree of that size.
    #[error("the commit's right edge is malformed")]
    Edge(#[from] EdgeError),
    /// A row does not follow from the ones before it.
    #[error("row {:?} does not follow: expected {}, got {}", .0.seq, .0.expected, .0.got)]
    Follow(Finding),
    /// The rows follow, and the document says otherwise.
    #[error("the commit's head is not that of its rows")]
    Head,
    /// The rows follow, and what the document says of their sources is not what they say.
    #[error("the commit's instances are not those of its rows")]
    Instances,
}

/// The identifier of the commit whose first row is `first`: `c-000000000042`, so that identifiers sort like rows.
pub fn document_id(first: u64) -> String {
    format!("c-{first:012}")
}

/// The partition of the log that holds row `seq`.
pub const fn segment(seq: u64) -> u64 {
    seq >> SEGMENT_BITS
}

/// What a row that was sealed at `rx` says of the sources: its own number, and what it records as missing.
fn account(instances: &mut Instances, intent: &Intent, digest: Hash, rx: &str) {
    instances.insert(&intent.src, digest, hours(rx));
    if let Some(gap) = Gap::of(intent) {
        instances.close(&gap);
    }
}

impl Commit {
    /// Its identifier in its partition.
    pub fn id(&self) -> String {
        document_id(self.first)
    }

    /// The end of the log after this commit, taken at its word; [`follow`](Self::follow) checks it.
    ///
    /// # Errors
    /// * [`CommitError::Shape`], [`CommitError::Edge`]: the document contradicts itself.
    pub fn head(&self) -> Result<Head, CommitError> {
        let rows = u64::try_from(self.rows.len()).ok();
        let fits =
            self.size.checked_sub(self.first) == rows && (1..=ROWS_MAX).contains(&self.rows.len());
        if !fits || segment(self.first) != segment(self.size - 1) {
            return Err(CommitError::Shape);
        }
        Ok(Head {
            last: self.last,
            rx: self.rx.clone(),
            tree: CompactRange::new(self.size, self.edge.clone())?,
            cursors: self.cursors.clone(),
            instances: self.instances.clone(),
        })
    }

    /// Hashes the rows again from `head` on, and returns the end of the log if all of it is as this commit says.
    ///
    /// # Errors
    /// * [`CommitError::Follow`]: a row breaks a rule of the log.
    /// * [`CommitError::Head`]: the rows are well, and `size`, `last` or `edge` are not theirs.
    /// * As [`head`](Self::head).
    pub fn follow(&self, head: &Head, tenant: &str) -> Result<Head, CommitError> {
        let claimed = self.head()?;
        let mut walk = Walk::after(tenant, head.tree.size(), head.last, &head.rx);
        let rows: Vec<_> = self.rows.iter().map(String::as_bytes).collect();
        let leaves = walk.steps(&rows).map_err(CommitError::Follow)?;
        let (mut tree, last) = (head.tree.clone(), leaves.last().copied().unwrap_or(head.last));
        tree.extend(&leaves);
        if tree != claimed.tree || last != claimed.last {
            Err(CommitError::Head)
        } else {
            Ok(claimed)
        }
    }

    /// Whether `instances` follow from those before and from this commit's rows, whose text must have been checked.
    ///
    /// # Errors
    /// [`CommitError::Instances`]: whoever wrote it hides what is missing, or what was sealed already.
    pub fn recount(&self, before: &Instances) -> Result<(), CommitError> {
        let mut instances = before.clone();
        instances.forget(hours(&self.rx));
        for row in &self.rows {
            let intent = serde_json::from_str::<Intent>(row).map_err(|_| CommitError::Instances)?;
            let text = row::intent_text(row).map_err(|_| CommitError::Instances)?;
            account(&mut instances, &intent, Hash::of(text.as_bytes()), &self.rx);
        }
        if instances == self.instances { Ok(()) } else { Err(CommitError::Instances) }
    }

    /// The intent that this commit seals under the number of `source`: its digest, if there is one.
    pub fn sealed(&self, source: &Source) -> Option<Hash> {
        let is_it = |row: &&String| {
            let found = serde_json::from_str::<Sourced>(row);
            found.is_ok_and(|found| {
                key(&found.src) == key(source) && found.src.number == source.number
            })
        };
        let row = self.rows.iter().rfind(is_it)?;
        row::intent_text(row).ok().map(|text| Hash::of(text.as_bytes()))
    }
}

#[derive(Deserialize)]
struct Sourced {
    src: Source,
}

#[cfg(test)]
mod tests;
