//! The Runner's directory: its keys, its trust policy, its certificate, its vault. Closed to everybody else.

mod secret_file;

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use domain::{Class, Fault};
use ports::Randomness;
use protocol::{
    dsse::Envelope,
    key::Ed25519Key,
    trust_policy::{TrustPolicy, TrustPolicyError},
};
use seal::WrappingKey;

use crate::vault::{Vault, VaultError};

pub(crate) use secret_file::{read_seed, write_seed};

const SIGNING_SEED: &str = "signing.seed";
const VAULT_KEY: &str = "vault.key";
const VAULT: &str = "vault.sqlite";
const TRUST: &str = "trust.toml";
const CERTIFICATE: &str = "certificate.dsse";

/// The Runner's directory.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    dir: PathBuf,
}

/// Why the directory, or something in it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HomeError {
    /// There is none.
    #[error("{0} is not a Runner's directory: make one with 'init --home'")]
    Missing(PathBuf),
    /// There is one already.
    #[error("{0} exists already; nothing was changed")]
    Exists(PathBuf),
    /// Others can get at it.
    #[error("{0} is open to other users: make it 0700, files in it 0600")]
    Open(PathBuf),
    /// It cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It does not hold what it should.
    #[error("{path} cannot be used: {why}")]
    Content {
        /// What.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The trust policy contradicts itself.
    #[error(transparent)]
    Trust(#[from] TrustPolicyError),
    /// The vault does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Fault for HomeError {
    fn class(&self) -> Class {
        match self {
            Self::Missing(_) => Class::NotFound,
            Self::Exists(_) | Self::Open(_) => Class::Conflict,
            Self::Content { .. } => Class::Invalid,
            Self::Io { .. } => Class::Internal,
            Self::Trust(error) => error.class(),
            Self::Vault(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "home-missing",
            Self::Exists(_) => "home-exists",
            Self::Open(_) => "home-open",
            Self::Content { .. } => "home-invalid",
            Self::Io { .. } => "home-unavailable",
            Self::Trust(error) => error.code(),
            Self::Vault(error) => error.code(),
        }
    }
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

    /// The trust policy, as it is: it may still lack signers.
    ///
    /// # Errors
    /// [`HomeError`].
    pub(crate) fn draft_trust(&self) -> Result<TrustPolicy, HomeError> {
        let path = self.path(TRUST);
        let text = fs::read_to_string(&path)
            .map_err(|error| unreadable(&path, error, "write it, or use 'trust init'"))?;
        let parsed: Result<TrustPolicy, _> = toml::from_str(&text);
        parsed.map_err(|error| HomeError::Content { path, why: error.to_string() })
    }

    /// The trust policy, checked.
    ///
    /// # Errors
    /// [`HomeError`].
    pub(crate) fn trust(&self) -> Result<TrustPolicy, HomeError> {
        let policy = self.draft_trust()?;
        policy.check()?;
        Ok(policy)
    }

    /// Whether there is a trust policy.
    pub(crate) fn has_trust(&self) -> bool {
        self.path(TRUST).exists()
    }

    /// Writes the trust policy.
    ///
    /// # Errors
    /// [`HomeError`].
    pub(crate) fn save_trust(&self, policy: &TrustPolicy) -> Result<(), HomeError> {
        let path = self.path(TRUST);
        let text = toml::to_string_pretty(policy)
            .map_err(|error| HomeError::Content { path: path.clone(), why: error.to_string() })?;
        self.replace(&path, text.as_bytes())
    }

    /// The customer's certificate for this Runner's key.
    ///
    /// # Errors
    /// [`HomeError`].
    pub(crate) fn certificate(&self) -> Result<Envelope, HomeError> {
        let path = self.path(CERTIFICATE);
        let bytes = fs::read(&path).map_err(|error| {
            unreadable(&path, error, "let the customer's authority make it with 'certify'")
        })?;
        Envelope::from_json(&bytes)
            .map_err(|error| HomeError::Content { path, why: error.to_string() })
    }

    /// Keeps the customer's certificate.
    ///
    /// # Errors
    /// [`HomeError`].
    pub(crate) fn save_certificate(&self, certificate: &[u8]) -> Result<PathBuf, HomeError> {
        let path = self.path(CERTIFICATE);
        self.replace(&path, certificate)?;
        Ok(path)
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

fn unreadable(path: &Path, error: io::Error, remedy: &str) -> HomeError {
    let path = path.to_owned();
    if error.kind() == io::ErrorKind::NotFound {
        HomeError::Content { path, why: format!("there is none; {remedy}") }
    } else {
        HomeError::Io { path, error }
    }
}

#[cfg(test)]
mod tests {
    use protocol::key::Signer as _;

    use super::*;
    use crate::vault::tests::Counting;

    #[test]
    fn a_home_is_closed_to_others_and_its_keys_stay_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("home");
        let home = Home::create(&path, &*Counting::new()).unwrap();
        let mode = |name: &str| fs::metadata(path.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(""), mode(SIGNING_SEED), mode(VAULT_KEY)), (0o700, 0o600, 0o600));
        let kid = home.signing_key().unwrap().kid();
        assert_eq!(Home::open(&path).unwrap().signing_key().unwrap().kid(), kid);
        assert!(matches!(Home::create(&path, &*Counting::new()), Err(HomeError::Exists(_))));
    }

    #[test]
    fn a_home_or_a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("home");
        let home = Home::create(&path, &*Counting::new()).unwrap();
        let open = |name: &str, mode| {
            fs::set_permissions(path.join(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        open(SIGNING_SEED, 0o640);
        assert!(matches!(home.signing_key(), Err(HomeError::Open(_))));
        open("", 0o750);
        assert!(matches!(Home::open(&path), Err(HomeError::Open(_))));
    }
}
