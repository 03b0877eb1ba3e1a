//! The Runner's directory: its keys, its trust policy, its certificate, its vault. Closed to everybody else.

mod error;
mod secret_file;
mod trust;

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use ports::Randomness;
use protocol::key::Ed25519Key;
use seal::WrappingKey;
use zeroize::Zeroizing;

use crate::{vault::Vault, witness::Alarm};

pub(crate) use error::HomeError;
pub(crate) use secret_file::{read_seed, write_seed};

const SIGNING_SEED: &str = "signing.seed";
const WITNESS_SEED: &str = "witness.seed";
const VAULT_KEY: &str = "vault.key";
const VAULT: &str = "vault.sqlite";
const TRUST: &str = "trust.toml";
const CERTIFICATE: &str = "certificate.dsse";
const ALARMS: &str = "alarms";
const TURN: &str = "obeying.lock";

/// The Runner's directory.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    dir: PathBuf,
}

impl Home {
    /// Makes the directory `dir` with fresh keys.
    ///
    /// # Errors
    /// [`HomeError::Exists`]: it holds a Runner's keys already.
    pub(crate) fn create(dir: &Path, randomness: &dyn Randomness) -> Result<Self, HomeError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.map_err(|error| HomeError::Io { path: dir.to_owned(), error })?;
        let home = Self { dir: dir.to_owned() };
        home.check_closed()?;
        write_seed(&home.path(SIGNING_SEED), &randomness.bytes())?;
        write_seed(&home.path(WITNESS_SEED), &randomness.bytes())?;
        write_seed(&home.path(VAULT_KEY), &randomness.bytes())?;
        Ok(home)
    }

    /// The directory that [`create`](Self::create) made.
    ///
    /// # Errors
    /// [`HomeError::Missing`], [`HomeError::Open`].
    pub(crate) fn open(dir: &Path) -> Result<Self, HomeError> {
        let home = Self { dir: dir.to_owned() };
        if !home.path(SIGNING_SEED).exists() {
            return Err(HomeError::Missing(dir.to_owned()));
        }
        home.check_closed()?;
        Ok(home)
    }

    fn check_closed(&self) -> Result<(), HomeError> {
        let metadata = fs::metadata(&self.dir)
            .map_err(|error| HomeError::Io { path: self.dir.clone(), error })?;
        if secret_file::is_closed(&metadata) {
            Ok(())
        } else {
            Err(HomeError::Open(self.dir.clone()))
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Where it is.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The key that signs the Runner's statements and requests.
    ///
    /// # Errors
    /// [`HomeError`].
    pub(crate) fn signing_key(&self) -> Result<Ed25519Key, HomeError> {
        Ok(Ed25519Key::from_seed(&*read_seed(&self.path(SIGNING_SEED))?))
    }

    /// The seed of the key that cosigns the audit log; none in a directory that was made before there were witnesses.
    ///
    /// # Errors
    /// [`HomeError`].
    pub(crate) fn witness_seed(&self) -> Result<Option<Zeroizing<[u8; 32]>>, HomeError> {
        let path = self.path(WITNESS_SEED);
        if path.exists() { read_seed(&path).map(Some) } else { Ok(None) }
    }

    /// The same, made if there is none.
    ///
    /// # Errors
    /// [`HomeError`].
    pub(crate) fn made_witness_seed(
        &self,
        randomness: &dyn Randomness,
    ) -> Result<Zeroizing<[u8; 32]>, HomeError> {
        if let Some(seed) = self.witness_seed()? {
            return Ok(seed);
        }
        let path = self.path(WITNESS_SEED);
        write_seed(&path, &randomness.bytes())?;
        read_seed(&path)
    }

    /// Keeps the evidence of an alarm in a file of its own, for whoever has to look into it. Returns where.
    ///
    /// # Errors
    /// [`HomeError`].
    pub(crate) fn keep_alarm(&self, alarm: &Alarm) -> Result<PathBuf, HomeError> {
        let dir = self.path(ALARMS);
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir);
        made.map_err(|error| HomeError::Io { path: dir.clone(), error })?;
        let path = dir.join(alarm.file());
        let text = serde_json::to_vec_pretty(alarm)
            .map_err(|error| HomeError::Content { path: path.clone(), why: error.to_string() })?;
        if fs::read(&path).is_ok_and(|kept| kept == text) {
            return Ok(path);
        }
        self.replace(&path, &text)?;
        Ok(path)
    }

    /// The vault.
    ///
    /// # Errors
    /// [`HomeError`].
    pub(crate) fn vault(&self, randomness: Arc<dyn Randomness>) -> Result<Vault, HomeError> {
        let key = WrappingKey::new(*read_seed(&self.path(VAULT_KEY))?);
        let path = self.path(VAULT);
        let vault = Vault::open(&path, key, randomness)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))
            .map_err(|error| HomeError::Io { path, error })?;
        Ok(vault)
    }

    /// The right to obey commands, as long as what is returned lives; none while another process has it. The system gives it back however that one
    /// ends.
    ///
    /// # Errors
    /// [`HomeError::Io`].
    pub(crate) fn take_turn(&self) -> Result<Option<File>, HomeError> {
        let path = self.path(TURN);
        let failed = |error| HomeError::Io { path: path.clone(), error };
        let open = File::options().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = open.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Writes all of a file or nothing.
    fn replace(&self, path: &Path, content: &[u8]) -> Result<(), HomeError> {
        let written = tempfile::NamedTempFile::new_in(&self.dir).and_then(|mut file| {
            io::Write::write_all(&mut file, content)?;
            file.as_file().sync_all()?;
            file.persist(path).map(drop).map_err(|error| error.error)
        });
        written.map_err(|error| HomeError::Io { path: path.to_owned(), error })
    }
}

#[cfg(test)]
mod tests;
