//! The session that is kept on this machine between commands: one file, readable by its owner alone.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// What is kept. The tokens in it are as good as a signed-in device.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct KeptSession {
    /// The control plane.
    pub(crate) url: String,
    /// Which session of it.
    pub(crate) session: String,
    /// Sent as bearer token.
    pub(crate) access_token: String,
    /// When the access token is over, in seconds since 1970.
    pub(crate) access_until: i64,
    /// Good for one refresh.
    pub(crate) refresh_token: String,
}

/// The file of a session, held by this process alone until it is dropped.
pub(crate) struct SessionFile {
    path: PathBuf,
    // Held, not read: the lock is gone with it.
    _lock: File,
}

impl SessionFile {
    /// Takes the file; waits while another command has it, so that no refresh token is used twice.
    pub(crate) fn take(path: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::file(path, error);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| Failure::file(folder, error))?;
        }
        let lock = path.with_extension("lock");
        let mut options = OpenOptions::new();
        let lock = options.write(true).create(true).truncate(false).mode(0o600).open(lock);
        let lock = lock.map_err(failed)?;
        lock.lock().map_err(failed)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The session, if there is one.
    pub(crate) fn read(&self) -> Result<Option<KeptSession>, Failure> {
        let failed = |error| Failure::file(&self.path, error);
        let metadata = match fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if metadata.permissions().mode() & 0o077 != 0 {
            let why = "others can read it, so its tokens may be known; run `proofline logout`, then sign in again";
            return Err(Failure::file(&self.path, why));
        }
        let text = fs::read_to_string(&self.path).map_err(failed)?;
        let other =
            |_| Failure::file(&self.path, "it holds no session; remove it and sign in again");
        serde_json::from_str(&text).map(Some).map_err(other)
    }

    /// Makes the file its owner's alone again, if there is one: a session whose tokens others may know is ended with those tokens.
    pub(crate) fn reclaim(&self) -> Result<(), Failure> {
        match fs::set_permissions(&self.path, fs::Permissions::from_mode(0o600)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::file(&self.path, error))
            }
            _ => Ok(()),
        }
    }

    /// Replaces the session: the old or the new one is there, whenever the machine stops.
    pub(crate) fn write(&self, session: &KeptSession) -> Result<(), Failure> {
        let failed = |error| Failure::file(&self.path, error);
        let text = serde_json::to_vec_pretty(session).map_err(|error| failed(error.into()))?;
        let fresh = self.path.with_extension("new");
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)
            .map_err(failed)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&fresh, &self.path).map_err(failed)
    }

    /// Forgets the session.
    pub(crate) fn remove(&self) -> Result<(), Failure> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::file(&self.path, error))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(access: &str) -> KeptSession {
        let text = |text: &str| text.to_owned();
        KeptSession {
            url: text("http://127.0.0.1:1"),
            session: text("s"),
            access_token: text(access),
            access_until: 7,
            refresh_token: text("r"),
        }
    }

    #[test]
    fn a_session_is_kept_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/session.json");
        let file = SessionFile::take(&path).unwrap();
        assert!(file.read().unwrap().is_none());
        file.write(&session("one")).unwrap();
        file.write(&session("two")).unwrap();
        assert_eq!(file.read().unwrap().unwrap().access_token, "two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(file.read().is_err(), "a file that others can read is refused");
        file.reclaim().unwrap();
        assert_eq!(file.read().unwrap().unwrap().access_token, "two", "so that it can be ended");
        file.remove().unwrap();
        file.remove().unwrap();
        file.reclaim().unwrap();
        assert!(file.read().unwrap().is_none());
    }

    #[test]
    fn a_file_that_holds_something_else_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.json");
        let file = SessionFile::take(&path).unwrap();
        file.write(&session("one")).unwrap();
        fs::write(&path, "{}").unwrap();
        assert!(file.read().is_err_and(|error| error.to_string().contains("session.json")));
    }

    #[test]
    fn a_second_command_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.json");
        let held = SessionFile::take(&path).unwrap();
        let other = OpenOptions::new().write(true).open(path.with_extension("lock")).unwrap();
        assert!(other.try_lock().is_err());
        drop(held);
        assert!(other.try_lock().is_ok());
    }
}
