//! Verification in one pass and in little memory, for the case that everything holds.
//!
//! An export is read file by file, in the order in which it is written; nothing is kept but hashes of what has passed. That is enough to say
//! that everything holds, because everything in an export follows from its rows, its checkpoint and two texts: which files there are, the manifest
//! that lists them, the tree, the directory at the end. It is not enough to say which row was altered: that is for [`super::diagnose`],
//! which needs all of it at once.

mod files;
mod rows;

use std::mem;

use sha2::{Digest as _, Sha256};

use crate::{
    Hash,
    bundle::{CHECKPOINT, FIXED_FILES, KEYS, MANIFEST, MANIFEST_SIGNATURE, README, hash_tiles},
    checkpoint::Checkpoint,
    container::{self, LOCAL_BYTES},
    manifest::Manifest,
    note::Note,
    policy::Policy,
    report::{Finding, Head, Kind, Report},
    tile::{self, Content, Tile},
    verify::{conclude, head},
};
use files::Files;
use rows::Rows;

/// The longest file that an export can hold: 256 rows of 65,535 bytes with their lengths. A manifest is shorter.
const FILE_BYTES_MAX: usize = 256 * (2 + 65_535);

/// A verification under way: give it the export piece by piece.
///
/// # Examples
/// ```
/// use chain::{report::Kind, verify::Stream};
///
/// let mut stream = Stream::new(None);
/// let finding = stream.feed(b"neither ZIP nor anything").unwrap_err();
/// assert_eq!(finding.kind, Kind::Container);
/// ```
pub struct Stream {
    policy: Option<Policy>,
    /// What was given and is not a whole file yet.
    pending: Vec<u8>,
    files: Files,
    head: Option<Head>,
    statement: String,
    manifest: Hash,
    rows: Rows,
    expected: Option<Tile>,
    tiles: Box<dyn Iterator<Item = Tile> + Send>,
    /// The directory as it is found, and how many bytes of it are still to come.
    directory: Option<(Sha256, usize)>,
}

impl Stream {
    /// Before the first byte of an export.
    pub fn new(policy: Option<Policy>) -> Self {
        Self {
            policy,
            pending: Vec::new(),
            files: Files::default(),
            head: None,
            statement: String::new(),
            manifest: Hash::ZERO,
            rows: Rows::default(),
            expected: None,
            tiles: Box::new(std::iter::empty()),
            directory: None,
        }
    }

    /// Checks the next bytes of the export.
    ///
    /// # Errors
    /// [`Finding`]: something does not hold. What is named is the first file or row that does not fit what came before it, which need not be the cause.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Finding> {
        if self.pending.is_empty() {
            let used = self.take(bytes)?;
            self.pending.extend_from_slice(bytes.get(used..).unwrap_or_default());
            return Ok(());
        }
        self.pending.extend_from_slice(bytes);
        let mut pending = mem::take(&mut self.pending);
        let used = self.take(&pending)?;
        pending.drain(..used);
        self.pending = pending;
        Ok(())
    }

    /// The report, after the last byte.
    ///
    /// # Errors
    /// [`Finding`] as [`feed`](Self::feed).
    pub fn finish(mut self) -> Result<Report, Finding> {
        let found = self.directory.take().filter(|_| self.pending.is_empty());
        let found = found.map(|(hasher, _)| Hash(hasher.finalize().into()));
        if found.is_none() || found != self.files.directory() {
            return Err(container("the directory of the files, and the end"));
        }
        let head = self.head.ok_or_else(|| container(CHECKPOINT))?;
        let (size, root) = (self.rows.size(), self.rows.root());
        if (size, root) != (head.size, head.root) {
            return Err(Finding::of(Kind::Root, head.root.to_string(), root.to_string()));
        }
        self.rows.check_tiles()?;
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
            if self.directory.is_some() || self.is_last_file() {
                self.directory(rest)?;
                return Ok(bytes.len());
            }
            let Some((name, data)) = split(rest)? else { break };
            self.files.pass(name, data, rest)?;
            rest = rest.get(LOCAL_BYTES + name.len() + data.len()..).unwrap_or_default();
            self.file(name, data)?;
        }
        Ok(bytes.len() - rest.len())
    }

    /// What follows the files. More than that, however much, is not looked at.
    fn directory(&mut self, bytes: &[u8]) -> Result<(), Finding> {
        let files = &self.files;
        let (hasher, left) =
            self.directory.get_or_insert_with(|| (Sha256::new(), files.directory_bytes()));
        *left = left.checked_sub(bytes.len()).ok_or_else(|| container("the end of the file"))?;
        hasher.update(bytes);
        Ok(())
    }

    /// Whether every file that the checkpoint demands has passed.
    fn is_last_file(&self) -> bool {
        self.files.count() >= FIXED_FILES.len() && self.expected.is_none()
    }

    fn file(&mut self, name: &str, data: &[u8]) -> Result<(), Finding> {
        match (FIXED_FILES.get(self.files.count() - 1), self.expected) {
            (Some(fixed), _) if *fixed != name => Err(container(fixed)),
            (Some(_), _) => self.fixed(name, data),
            (None, Some(tile)) if tile.path() == name => self.tile(&tile, data),
            (None, Some(tile)) => Err(container(&tile.path())),
            (None, None) => Err(container("no further file")),
        }
    }

    fn fixed(&mut self, name: &str, data: &[u8]) -> Result<(), Finding> {
        match name {
            CHECKPOINT => self.checkpoint(data),
            MANIFEST => {
                let origin = self.head.as_ref().map_or("", |head| &head.origin);
                self.statement = Manifest::statement(origin, data);
                self.manifest = Hash::of(data);
                Ok(())
            }
            MANIFEST_SIGNATURE => self.manifest_signature(data),
            README | KEYS => Ok(()),
            _ => Err(container("no further file")),
        }
    }

    fn checkpoint(&mut self, data: &[u8]) -> Result<(), Finding> {
        let malformed = |why: String| Finding::of(Kind::Signature, "a signed checkpoint", why);
        let note = Note::parse(data).map_err(|error| malformed(error.to_string()))?;
        let Checkpoint { origin, size, root } =
            Checkpoint::parse(note.text).map_err(|error| malformed(error.to_string()))?;
        let mut signed_by = Vec::new();
        if let Some(policy) = &self.policy {
            if origin != policy.origin {
                return Err(Finding::of(Kind::Signature, &policy.origin, origin));
            }
            signed_by = signers(&note, &policy.log_keys)?;
        }
        let mut tiles = hash_tiles(size).chain(tile::bundles(size));
        self.expected = tiles.next();
        self.tiles = Box::new(tiles);
        self.head = Some(Head { origin, size, root, signed_by });
        Ok(())
    }

    fn manifest_signature(&self, data: &[u8]) -> Result<(), Finding> {
        let malformed = |why: String| Finding::of(Kind::Manifest, "a signed manifest", why);
        let note = Note::parse(data).map_err(|error| malformed(error.to_string()))?;
        if note.text != self.statement || note.signatures.len() != 1 {
            return Err(Finding::of(Kind::Manifest, &self.statement, note.text));
        }
        if let Some(policy) = &self.policy {
            signers(&note, &policy.manifest_keys())?;
        }
        Ok(())
    }

    fn tile(&mut self, tile: &Tile, data: &[u8]) -> Result<(), Finding> {
        self.expected = self.tiles.next();
        match tile.content {
            Content::Hashes { level } => {
                self.rows.claim(level, data);
                Ok(())
            }
            Content::Entries => {
                let origin = self.head.as_ref().map_or("", |head| &head.origin);
                self.rows.bundle(data, tile.width, origin)
            }
        }
    }
}

/// The name and the content of the file that begins here; `None` when not all of it is there yet.
fn split(bytes: &[u8]) -> Result<Option<(&str, &[u8])>, Finding> {
    let Some((name_bytes, data_bytes)) = container::lengths(bytes) else {
        let could_begin = bytes.len() < LOCAL_BYTES
            && container::LOCAL.starts_with(bytes.get(..4).unwrap_or(bytes));
        return if could_begin { Ok(None) } else { Err(container("the next file")) };
    };
    if data_bytes > FILE_BYTES_MAX {
        return Err(container("a file of an export, which is shorter"));
    }
    let content = bytes.get(LOCAL_BYTES..).unwrap_or_default();
    let Some((name, content)) = content.split_at_checked(name_bytes) else { return Ok(None) };
    let Some((data, _)) = content.split_at_checked(data_bytes) else { return Ok(None) };
    let name = str::from_utf8(name).map_err(|_| container("a name in UTF-8"))?;
    Ok(Some((name, data)))
}

fn signers(note: &Note<'_>, keys: &[crate::note::VerifierKey]) -> Result<Vec<String>, Finding> {
    let mut findings = Vec::new();
    let signers = head::signers(note, keys, &mut findings);
    findings.pop().map_or(Ok(signers), Err)
}

fn container(expected: &str) -> Finding {
    Finding::of(Kind::Container, expected, "something else")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        report::Verdict,
        sample::{self, policy},
        verify::diagnose,
    };

    fn stream(bytes: &[u8], piece: usize) -> Result<Report, Finding> {
        let mut stream = Stream::new(Some(policy()));
        bytes.chunks(piece).try_for_each(|piece| stream.feed(piece))?;
        stream.finish()
    }

    #[test]
    fn the_report_is_that_of_the_whole_file_however_it_is_cut() {
        // The empty log says nowhere whose it is; it is left to `diagnose`.
        for count in [1, 2, 255, 256, 257, 600] {
            let bytes = sample::bundle(&sample::rows(count));
            let whole = diagnose(&bytes, Some(&policy()));
            for piece in [1, 7, 29, 4096, bytes.len()] {
                assert_eq!(stream(&bytes, piece), Ok(whole.clone()), "{count} rows in {piece}s");
            }
        }
    }

    #[test]
    fn no_flipped_bit_and_no_cut_end_is_taken() {
        let bytes = sample::bundle(&sample::rows(3));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(stream(&flipped, 4096).is_err(), "bit {bit}");
        }
        for end in 0..bytes.len() {
            assert!(stream(&bytes[..end], 4096).is_err(), "{end}");
        }
        assert!(stream(&[bytes.as_slice(), b"\0"].concat(), 4096).is_err());
    }

    /// What is kept must not grow with the log: no piece of the file waits for longer than the file that it is in.
    #[test]
    fn nothing_is_kept_of_files_that_have_passed() {
        let bytes = sample::bundle(&sample::rows(2000));
        let mut stream = Stream::new(Some(policy()));
        for piece in bytes.chunks(1000) {
            stream.feed(piece).unwrap();
            assert!(stream.pending.len() < 140_000, "a bundle of 256 rows has less");
        }
        assert_eq!(stream.finish().map(|report| report.verdict), Ok(Verdict::Ok));
    }

    /// A length that no export has must not make the verifier wait for gigabytes.
    #[test]
    fn an_endless_file_is_refused_at_its_header() {
        let mut bytes = sample::bundle(&sample::rows(1));
        bytes[18..26].copy_from_slice(&[0xff; 8]);
        let mut stream = Stream::new(None);
        assert_eq!(stream.feed(&bytes[..64]).unwrap_err().kind, Kind::Container);
    }
}
