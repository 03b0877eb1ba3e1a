//! The files of an export as they pass: the one encoding of each, and what the manifest and the directory must say of them.

use std::mem;

use sha2::{Digest as _, Sha256};

use super::container as damaged;
use crate::{
    Hash,
    bundle::{MANIFEST, MANIFEST_SIGNATURE},
    container::{END_BYTES, Entry, end},
    lanes,
    manifest::FORMAT,
    report::Finding,
};

/// What is known of the files that have passed.
#[derive(Default)]
pub(super) struct Files {
    count: usize,
    last: String,
    /// Where the next file begins.
    offset: usize,
    directory: Sha256,
    directory_bytes: usize,
    /// The beginning of the manifest: its list of files.
    manifest: Sha256,
    listed: usize,
    /// Files that are hashed together with the next ones.
    waiting: Vec<(String, Vec<u8>)>,
}

impl Files {
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Passes the file that `bytes` begins with, if it is encoded as it must be.
    pub(super) fn pass(&mut self, name: &str, data: &[u8], bytes: &[u8]) -> Result<(), Finding> {
        let entry = Entry::new(name, data, self.offset);
        let entry = entry.ok_or_else(|| damaged("at most 4 GiB in at most 65535 files"))?;
        let header = entry.local_header();
        if !bytes.starts_with(&header) || (self.count > 0 && name <= self.last.as_str()) {
            return Err(damaged("the canonical encoding of a file"));
        }
        let central = entry.central_header();
        self.directory.update(&central);
        self.directory_bytes += central.len();
        self.offset += header.len() + data.len();
        self.count += 1;
        name.clone_into(&mut self.last);
        if name != MANIFEST && name != MANIFEST_SIGNATURE {
            self.list(name, data);
        }
        Ok(())
    }

    /// Lists the file in the manifest, at once or together with the next ones.
    fn list(&mut self, name: &str, data: &[u8]) {
        if lanes::WIDTH == 1 {
            return self.add(name, data.len(), Hash::of(data));
        }
        self.waiting.push((name.to_owned(), data.to_vec()));
        if self.waiting.len() == lanes::WIDTH {
            self.list_waiting();
        }
    }

    fn list_waiting(&mut self) {
        let waiting = mem::take(&mut self.waiting);
        let contents: Vec<_> = waiting.iter().map(|(_, data)| data.as_slice()).collect();
        let mut hashes = Vec::with_capacity(contents.len());
        lanes::digests(&[], &contents, &mut hashes);
        for ((name, data), hash) in waiting.iter().zip(hashes) {
            self.add(name, data.len(), hash);
        }
    }

    /// As [`crate::manifest::Manifest::to_text`] writes it. A name that needs escapes in JSON is none of an export, and is refused as such.
    fn add(&mut self, name: &str, bytes: usize, sha256: Hash) {
        let before = if self.listed == 0 { "{\"files\":{" } else { "," };
        let entry = format!("{before}\"{name}\":{{\"bytes\":{bytes},\"sha256\":\"{sha256}\"}}");
        self.manifest.update(entry);
        self.listed += 1;
    }

    /// SHA-256 of the manifest that these files have.
    pub(super) fn manifest(
        &mut self,
        origin: &str,
        size: u64,
        tenant: Option<&str>,
    ) -> Option<Hash> {
        self.list_waiting();
        let [format, origin] = [FORMAT, origin].map(|text| serde_json::to_string(text).ok());
        let (format, origin) = (format?, origin?);
        let tenant = serde_json::to_string(tenant?).ok()?;
        let mut manifest = self.manifest.clone();
        manifest.update(format!(
            "}},\"format\":{format},\"origin\":{origin},\"size\":{size},\"tenant\":{tenant}}}"
        ));
        Some(Hash(manifest.finalize().into()))
    }

    /// How much must follow the last file.
    pub(super) fn directory_bytes(&self) -> usize {
        self.directory_bytes + END_BYTES
    }

    /// SHA-256 of what must follow the last file; `None` when no archive holds so many.
    pub(super) fn directory(&self) -> Option<Hash> {
        let end = end(self.count, self.directory_bytes, self.offset)?;
        let mut directory = self.directory.clone();
        directory.update(end);
        Some(Hash(directory.finalize().into()))
    }
}
