//! The manifest as it passes: it has a line for each file, so that only it grows with the log; it is not kept.

use sha2::{Digest as _, Sha256};

use crate::{
    Hash,
    bundle::MANIFEST,
    container::{self, LOCAL_BYTES},
};

/// A manifest of which a part has passed.
#[derive(Clone)]
pub(super) struct Listing {
    /// What stands before the content.
    pub(super) header: Vec<u8>,
    /// How long the content is, as the header says.
    pub(super) bytes: usize,
    left: usize,
    crc: crc32fast::Hasher,
    sha256: Sha256,
}

impl Listing {
    /// If the file that begins here is the manifest: before its content.
    pub(super) fn begin(bytes: &[u8]) -> Option<Self> {
        let (name_bytes, content) = container::lengths(bytes)?;
        let header = bytes.get(..LOCAL_BYTES + name_bytes)?;
        let is_manifest = header.get(LOCAL_BYTES..) == Some(MANIFEST.as_bytes());
        is_manifest.then(|| Self {
            header: header.to_vec(),
            bytes: content,
            left: content,
            crc: crc32fast::Hasher::new(),
            sha256: Sha256::new(),
        })
    }

    /// Takes what of `bytes` belongs to it; the rest.
    pub(super) fn take<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let (own, rest) = bytes.split_at(self.left.min(bytes.len()));
        self.left -= own.len();
        self.crc.update(own);
        self.sha256.update(own);
        rest
    }

    /// Whether all of it has passed.
    pub(super) const fn is_whole(&self) -> bool {
        self.left == 0
    }

    pub(super) fn crc(&self) -> u32 {
        self.crc.clone().finalize()
    }

    pub(super) fn sha256(&self) -> Hash {
        Hash(self.sha256.clone().finalize().into())
    }
}
