//! Files that hold one secret of 32 bytes, as 64 hexadecimal digits and a line end.

use std::{
    fs::{Metadata, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use protocol::Digest;
use zeroize::Zeroizing;

use super::HomeError;

/// Writes a new file that only its owner can read.
///
/// # Errors
/// [`HomeError::Exists`]: it is never overwritten. [`HomeError::Io`].
pub(crate) fn write_seed(path: &Path, seed: &[u8; 32]) -> Result<(), HomeError> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = opened.map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            HomeError::Exists(path.to_owned())
        } else {
            HomeError::Io { path: path.to_owned(), error }
        }
    })?;
    // 32 bytes in hexadecimal are written as digests are.
    let text = Zeroizing::new(format!("{}\n", Digest(*seed)));
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| HomeError::Io { path: path.to_owned(), error })
}

/// Whether nobody but the owner can get at it.
pub(crate) fn is_closed(metadata: &Metadata) -> bool {
    let open_to_others = 0o077;
    metadata.permissions().mode() & open_to_others == 0
}

/// Reads what [`write_seed`] wrote.
///
/// # Errors
/// [`HomeError::Open`]: others can read it. [`HomeError::Content`], [`HomeError::Io`].
pub(crate) fn read_seed(path: &Path) -> Result<Zeroizing<[u8; 32]>, HomeError> {
    let failed = |error| HomeError::Io { path: path.to_owned(), error };
    let mut file = OpenOptions::new().read(true).open(path).map_err(failed)?;
    if !is_closed(&file.metadata().map_err(failed)?) {
        return Err(HomeError::Open(path.to_owned()));
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(failed)?;
    let seed: Digest = text.trim().parse().map_err(|_| HomeError::Content {
        path: path.to_owned(),
        why: "it is not 64 hexadecimal digits".to_owned(),
    })?;
    Ok(Zeroizing::new(seed.0))
}
