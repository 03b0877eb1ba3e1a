//! One host for one folder.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
};

use super::ServeError;

/// Held as long as the host lives; the system gives it back however the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of `data`.
    pub(crate) fn take(data: &Path) -> Result<Self, ServeError> {
        let path = data.join("serve.lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| ServeError::File(path.clone(), error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(ServeError::Locked(data.to_owned())),
            Err(TryLockError::Error(error)) => Err(ServeError::File(path, error)),
        }
    }
}
