//! Verification in one pass and in little memory, for the case that everything holds.
//!
//! An export is read file by file, in the order in which it is written; nothing is kept but hashes of what has passed. That is enough to say
//! that everything holds, because everything in an export follows from its rows, its checkpoint and two texts: which files there are, the manifest
//! that lists them, the tree, the directory at the end. It is not enough to say which row was altered: that is for [`super::diagnose`],
//! which needs all of it at once.

mod contents;
mod cut;
mod files;
mod listing;
mod order;
mod rows;

use std::mem;

use sha2::{Digest as _, Sha256};

use crate::{
    Hash,
    bundle::{CHECKPOINT, FIXED_FILES, MANIFEST, OPTIONAL_FILES},
    container::{self, LOCAL_BYTES},
    policy::Policy,
    report::{Finding, Head, Kind, Report},
    tile::Tile,
    verify::{conclude, head},
};
use cut::{missing, split};
use files::Files;
use listing::Listing;
use rows::Rows;

/// A verification under way: give it the export piece by piece.
///
/// A copy goes on from where it was made.
///
/// # Examples
/// ```
/// use chain::{report::Kind, verify::Stream};
///
/// let mut stream = Stream::new(None);
/// let finding = stream.feed(b"neither ZIP nor anything").unwrap_err();
/// assert_eq!(finding.kind, Kind::Container);
/// ```
#[derive(Clone)]
pub struct Stream {
    policy: Option<Policy>,
    /// What was given and is not a whole file yet.
    pending: Vec<u8>,
    files: Files,
    /// The manifest, while it passes.
    listing: Option<Listing>,
    head: Option<Head>,
    statement: String,
    manifest: Hash,
    rows: Rows,
    /// How many files passed that an export may have and need not.
    optional: usize,
    /// What shows the checkpoint in the directory of logs; it stands before the checkpoint.
    anchor: Option<Vec<u8>>,
    stamp: Option<Vec<u8>>,
    /// The checkpoint, while it is signed by no pinned key: row 0 may show that one of them named its key.
    unsigned: Option<Vec<u8>>,
    /// The tile that must come next, and how many have passed.
    expected: Option<Tile>,
    passed: u64,
    /// The directory as it is found, and how many bytes of it are still to come.
    directory: Option<(Sha256, u64)>,
}

impl Stream {
    /// Before the first byte of an export.
    pub fn new(policy: Option<Policy>) -> Self {
        let seen = policy.as_ref().map(|policy| policy.seen.clone()).unwrap_or_default();
        let rows = Rows::after(seen, policy.as_ref().map_or(0, |policy| policy.retention));
        Self {
            policy,
            pending: Vec::new(),
            files: Files::default(),
            listing: None,
            head: None,
            statement: String::new(),
            manifest: Hash::ZERO,
            rows,
            optional: 0,
            anchor: None,
            stamp: None,
            unsigned: None,
            expected: None,
            passed: 0,
            directory: None,
        }
    }

    /// Checks the next bytes of the export.
    ///
    /// # Errors
    /// [`Finding`]: something does not hold. What is named is the first file or row that does not fit what came before it, which need not be the cause.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Finding> {
        let mut bytes = bytes;
        // First what is missing of the file that has begun, and no more: the others are read where they are.
        while !self.pending.is_empty() && !bytes.is_empty() {
            let (wanted, later) = bytes.split_at(missing(&self.pending).clamp(1, bytes.len()));
            self.pending.extend_from_slice(wanted);
            let mut pending = mem::take(&mut self.pending);
            let used = self.take(&pending)?;
            pending.drain(..used);
            self.pending = pending;
            bytes = later;
        }
        let used = self.take(bytes)?;
        self.pending.extend_from_slice(bytes.get(used..).unwrap_or_default());
        Ok(())
    }

    /// The report, after the last byte.
    ///
    /// # Errors
    /// [`Finding`] as [`feed`](Self::feed).
    pub fn finish(mut self) -> Result<Report, Finding> {
        let found = self.directory.take().filter(|_| self.pending.is_empty());
        let found = found.map(|(hasher, _)| Hash(hasher.finalize().into()));
        if found != Some(self.files.directory()) {
            return Err(container("the directory of the files, and the end"));
        }
        self.follow()?;
        let head = self.head.ok_or_else(|| container(CHECKPOINT))?;
        let (size, root) = (self.rows.size(), self.rows.root());
        if (size, root) != (head.size, head.root) {
            return Err(Finding::of(Kind::Root, head.root.to_string(), root.to_string()));
        }
        self.rows.check_tiles()?;
        self.rows.check_length()?;
        self.rows.go_on()?;
        self.rows.seen_at(head::seen_at(&head));
        self.rows.unaccounted().map_or(Ok(()), Err)?;
        if self.files.count() < FIXED_FILES.len() + self.optional || self.expected.is_some() {
            return Err(container("every file of an export"));
        }
        let manifest = self.files.manifest(&head.origin, size, self.rows.tenant());
        if manifest != Some(self.manifest) {
            return Err(Finding::of(Kind::Manifest, "the manifest of these files", "another"));
        }
        Ok(conclude(Vec::new(), Some(head), (size, root), self.rows.walked(), self.policy.as_ref()))
    }

    /// Checks the whole files at the beginning of `bytes`; how many bytes they are.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, Finding> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let is_in_file = self.listing.is_some();
            if self.directory.is_some() || (!is_in_file && container::is_directory(rest)) {
                self.directory(rest)?;
                return Ok(bytes.len());
            }
            if let Some(after) = self.list(rest)? {
                rest = after;
                continue;
            }
            let Some((name, data)) = split(rest)? else { break };
            self.files.pass(name, data, rest)?;
            rest = rest.get(LOCAL_BYTES + name.len() + data.len()..).unwrap_or_default();
            let sum = self.file(name, data)?;
            self.files.list(name, data, sum);
        }
        Ok(bytes.len() - rest.len())
    }

    /// Passes what of the manifest is here, if it is what comes next; what follows it.
    fn list<'b>(&mut self, bytes: &'b [u8]) -> Result<Option<&'b [u8]>, Finding> {
        let (mut listing, content) = match self.listing.take() {
            Some(listing) => (listing, bytes),
            None => match Listing::begin(bytes) {
                Some(listing) => {
                    let content = bytes.get(listing.header.len()..).unwrap_or_default();
                    (listing, content)
                }
                None => return Ok(None),
            },
        };
        let rest = listing.take(content);
        if listing.is_whole() {
            self.files.pass_listing(&listing)?;
            self.manifest = listing.sha256();
            self.file(MANIFEST, &[])?;
        } else {
            self.listing = Some(listing);
        }
        Ok(Some(rest))
    }

    /// What follows the files. More than that, however much, is not looked at.
    fn directory(&mut self, bytes: &[u8]) -> Result<(), Finding> {
        let files = &self.files;
        let (hasher, left) =
            self.directory.get_or_insert_with(|| (Sha256::new(), files.directory_bytes()));
        *left =
            left.checked_sub(bytes.len() as u64).ok_or_else(|| container("the end of the file"))?;
        hasher.update(bytes);
        Ok(())
    }

    /// Its SHA-256, where that is found on the way.
    fn file(&mut self, name: &str, data: &[u8]) -> Result<Option<Hash>, Finding> {
        if OPTIONAL_FILES.contains(&name) {
            self.optional += 1;
            return self.optional(name, data).map(|()| None);
        }
        match (FIXED_FILES.get(self.files.count() - 1 - self.optional), self.expected) {
            (Some(fixed), _) if *fixed != name => Err(container(fixed)),
            (Some(_), _) => self.fixed(name, data).map(|()| None),
            (None, Some(tile)) if tile.path() == name => self.tile(&tile, data),
            (None, Some(tile)) => Err(container(&tile.path())),
            (None, None) => Err(container("no further file")),
        }
    }
}

fn container(expected: &str) -> Finding {
    Finding::of(Kind::Container, expected, "something else")
}

#[cfg(test)]
mod tests;
