//! The root key: 32 random bytes in a file that this user alone can read, in the clear or under a passphrase.
//!
//! The file is `root.key`: exactly 32 bytes, or the text of [`Protected`]. It changes from one form to the other by one rename, so that whoever is
//! killed leaves one of the two whole; the key in it is the same, so that nothing that it wraps changes.

mod protected;

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use ports::Randomness;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::{OpenError, files};

pub use protected::PASSPHRASE_CHARS_MIN;
use protected::{PROTECTED_BYTES_MAX, Protected};

/// What every wrapping key of this machine is derived from.
pub(crate) type RootKey = Zeroizing<[u8; 32]>;

const BYTES: u64 = 32;

/// Where the root key of the store in `dir` is.
pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join("root.key")
}

/// Reads the root key; makes it if there is none: under `passphrase`, or in the clear without one.
///
/// # Errors
/// * [`OpenError::Exposed`]: the group or others may read or write it (as `ssh` refuses such a private key).
/// * [`OpenError::RootKey`]: it is neither; it is never replaced, since that would lose every wrapped key.
/// * [`OpenError::PassphraseMissing`], [`OpenError::Passphrase`], [`OpenError::PassphraseShort`], [`OpenError::Unprotected`].
pub(crate) fn open(
    path: &Path,
    passphrase: Option<&SecretString>,
    randomness: &dyn Randomness,
) -> Result<RootKey, OpenError> {
    let folder = |source| OpenError::Folder { path: path.to_owned(), source };
    if !path.try_exists().map_err(folder)? {
        let key = Zeroizing::new(randomness.bytes::<32>());
        // `false`: another process was first, and its key is the one to read.
        files::create(path, &stored(&key, passphrase, randomness)?, randomness).map_err(folder)?;
    }
    let bytes = read(path)?;
    match (<[u8; 32]>::try_from(bytes.as_slice()), passphrase) {
        (Ok(key), None) => Ok(Zeroizing::new(key)),
        // Whoever said a passphrase believes that the key is under it.
        (Ok(_), Some(_)) => Err(OpenError::Unprotected(path.to_owned())),
        (Err(_), passphrase) => protected(path, &bytes)?.open(path, passphrase),
    }
}

/// Whether the root key of the store in `dir` is under a passphrase; `false` when there is none yet.
///
/// # Errors
/// As [`Store::open`](crate::Store::open), of its root key.
pub fn is_root_key_protected(dir: &Path) -> Result<bool, OpenError> {
    let path = path(dir);
    let exists = path.try_exists();
    if !exists.map_err(|source| OpenError::Folder { path: path.clone(), source })? {
        return Ok(false);
    }
    let bytes = read(&path)?;
    if u64::try_from(bytes.len()) == Ok(BYTES) {
        return Ok(false);
    }
    protected(&path, &bytes).map(|_| true)
}

/// Puts the root key of the store in `dir` under another passphrase, or in the clear with none. The key stays the same, and so does everything
/// that is stored. Whoever is killed leaves the file as it was or as it is to be. Processes that have the store open go on.
///
/// # Errors
/// As [`Store::open`](crate::Store::open), of its root key; [`OpenError::RootKey`] when there is none.
pub fn protect_root_key(
    dir: &Path,
    current: Option<&SecretString>,
    next: Option<&SecretString>,
    randomness: &dyn Randomness,
) -> Result<(), OpenError> {
    let path = path(dir);
    let folder = |source| OpenError::Folder { path: path.clone(), source };
    if !path.try_exists().map_err(folder)? {
        return Err(OpenError::RootKey(path));
    }
    let key = open(&path, current, randomness)?;
    let bytes = stored(&key, next, randomness)?;
    files::replace(&path, &bytes, randomness).map_err(folder)?;
    let again = open(&path, next, randomness)?;
    if *again == *key { Ok(()) } else { Err(OpenError::RootKey(path)) }
}

/// What the file holds.
fn stored(
    key: &RootKey,
    passphrase: Option<&SecretString>,
    randomness: &dyn Randomness,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    match passphrase {
        None => Ok(Zeroizing::new(key.to_vec())),
        Some(passphrase) => {
            let protected = Protected::new(key, passphrase, randomness.bytes())?;
            Ok(Zeroizing::new(protected.to_text().into_bytes()))
        }
    }
}

/// The file, if nobody else may read it and it can be a root key.
fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let folder = |source: io::Error| OpenError::Folder { path: path.to_owned(), source };
    let metadata = fs::symlink_metadata(path).map_err(folder)?;
    if !metadata.is_file() || metadata.size() < BYTES || metadata.size() > PROTECTED_BYTES_MAX {
        return Err(OpenError::RootKey(path.to_owned()));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(OpenError::Exposed { path: path.to_owned(), mode, wanted: 0o600 });
    }
    Ok(Zeroizing::new(fs::read(path).map_err(folder)?))
}

fn protected(path: &Path, bytes: &[u8]) -> Result<Protected, OpenError> {
    Protected::parse(bytes).ok_or_else(|| OpenError::RootKey(path.to_owned()))
}
