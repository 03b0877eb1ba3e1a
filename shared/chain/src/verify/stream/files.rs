//! The files of an export as they pass: the one encoding of each, and what the manifest and the directory must say of them.

use std::mem;

use sha2::{Digest as _, Sha256};

use super::{container as damaged, listing::Listing};
use crate::{
    Hash,
    bundle::{MANIFEST, MANIFEST_SIGNATURE},
    container::{Entry, end},
    lanes,
    manifest::FORMAT,
    report::Finding,
};

/// What is known of the files that have passed.
#[derive(Clone, Default)]
pub(super) struct Files {
    count: usize,
    last: String,
    /// Where the next file begins.
    offset: u64,
    directory: Sha256,
    directory_bytes: u64,
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
        self.enter(Entry::new(name, data, self.offset), name, data.len(), bytes)
    }

    /// Passes the manifest.
    pub(super) fn pass_listing(&mut self, listing: &Listing) -> Result<(), Finding> {
        let entry = Entry::known(MANIFEST, listing.bytes, listing.crc(), self.offset);
        self.enter(entry, MANIFEST, listing.bytes, &listing.header)
    }

    fn enter(
        &mut self,
        entry: Option<Entry<'_>>,
        name: &str,
        data_bytes: usize,
        bytes: &[u8],
    ) -> Result<(), Finding> {
        let entry = entry.ok_or_else(|| damaged("a file of less than 4 GiB"))?;
        let header = entry.local_header();
        if !bytes.starts_with(&header) || (self.count > 0 && name <= self.last.as_str()) {
            return Err(damaged("the canonical encoding of a file"));
        }
        let central = entry.central_header();
        self.directory.update(&central);
        self.directory_bytes += central.len() as u64;
        self.offset += (header.len() + data_bytes) as u64;
        self.count += 1;
        name.clone_into(&mut self.last);
        Ok(())
    }

    /// Lists the file in the manifest if that is where it belongs; if `sum`, its SHA-256, is not known yet, it may wait for the next ones.
    pub(super) fn list(&mut self, name: &str, data: &[u8], sum: Option<Hash>) {
        if name == MANIFEST || name == MANIFEST_SIGNATURE {
            return;
        }
        if let Some(sum) = sum {
            self.list_waiting();
            return self.add(name, data.len(), sum);
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
        lanes::digests(None, &contents, &mut hashes);
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
    pub(super) fn directory_bytes(&self) -> u64 {
        self.directory_bytes + self.end().len() as u64
    }

    /// SHA-256 of what must follow the last file.
    pub(super) fn directory(&self) -> Hash {
        let mut directory = self.directory.clone();
        directory.update(self.end());
        Hash(directory.finalize().into())
    }

    fn end(&self) -> Vec<u8> {
        end(self.count as u64, self.directory_bytes, self.offset)
    }
}
