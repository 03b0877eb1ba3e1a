//! Customers' own keys on this machine: `customer-keys/<tenant>/<name>.key`, 32 random bytes that this user alone may read.
//!
//! Whoever holds the key puts the file there, and takes it away: it is read each time it is used, and never kept. It serves the tenant in whose
//! folder it lies and no other.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use ports::{KeyError, OwnKey};
use zeroize::Zeroizing;

use crate::root_key::RootKey;

/// Reads the key of a tenant.
///
/// # Errors
/// * [`KeyError::Withheld`]: it is not there, or others could read it.
/// * [`KeyError::Unfit`]: it is in a vault, which this backend does not reach, or not 32 bytes.
pub(super) fn read(folder: &Path, own: OwnKey<'_>) -> Result<RootKey, KeyError> {
    if !own.key.is_local() {
        return Err(KeyError::Unfit("in a vault"));
    }
    let path = folder.join(own.tenant.to_string()).join(format!("{}.key", own.key.name()));
    let withheld = |why: &str| KeyError::Withheld(format!("{}: {why}", path.display()));
    let metadata = match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(withheld("it is not there"));
        }
        metadata => metadata.map_err(|error| KeyError::Unavailable(error.to_string()))?,
    };
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(withheld("others may read it; run `chmod 600`"));
    }
    if !metadata.is_file() || metadata.size() != 32 {
        return Err(KeyError::Unfit("in a file that is not 32 bytes long"));
    }
    let bytes = fs::read(&path).map(Zeroizing::new);
    let bytes = bytes.map_err(|error| KeyError::Unavailable(error.to_string()))?;
    let key = bytes.as_slice().try_into();
    key.map(Zeroizing::new).map_err(|_| KeyError::Unfit("in a file that is not 32 bytes long"))
}
