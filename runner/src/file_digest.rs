//! The digest of a file, read in pieces.

use std::{fs, io, io::Read as _, path::Path};

use protocol::Digest;
use sha2::{Digest as _, Sha256};

/// SHA-256 of the file at `path`, however long it is.
///
/// # Errors
/// It cannot be opened or read.
pub(crate) fn file_digest(path: &Path) -> io::Result<Digest> {
    let mut file = fs::File::open(path)?;
    let (mut hasher, mut chunk) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        let length = file.read(&mut chunk)?;
        let Some(read) = chunk.get(..length).filter(|read| !read.is_empty()) else { break };
        hasher.update(read);
    }
    Ok(Digest(hasher.finalize().into()))
}
