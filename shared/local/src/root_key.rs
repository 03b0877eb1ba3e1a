//! The root key: 32 random bytes in a file that this user alone can read.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use ports::Randomness;
use zeroize::Zeroizing;

use crate::{OpenError, files};

/// What every wrapping key of this machine is derived from.
pub(crate) type RootKey = Zeroizing<[u8; 32]>;

/// Reads the root key; makes it if there is none.
///
/// # Errors
/// * [`OpenError::Exposed`]: the group or others may read or write it (as `ssh` refuses such a private key).
/// * [`OpenError::RootKey`]: it is not a plain file of 32 bytes; it is never replaced, since that would lose every wrapped key.
pub(crate) fn open(path: &Path, randomness: &dyn Randomness) -> Result<RootKey, OpenError> {
    let folder = |source| OpenError::Folder { path: path.to_owned(), source };
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = Zeroizing::new(randomness.bytes::<32>());
            // `false`: another process was first, and its key is the one to read.
            files::create(path, &*key, randomness).map_err(folder)?;
            fs::symlink_metadata(path).map_err(folder)?
        }
        metadata => metadata.map_err(folder)?,
    };
    if !metadata.is_file() || metadata.size() != 32 {
        return Err(OpenError::RootKey(path.to_owned()));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(OpenError::Exposed { path: path.to_owned(), mode, wanted: 0o600 });
    }
    let bytes = Zeroizing::new(fs::read(path).map_err(folder)?);
    let key = bytes.as_slice().try_into().map_err(|_| OpenError::RootKey(path.to_owned()))?;
    Ok(Zeroizing::new(key))
}
