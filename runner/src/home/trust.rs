//! What says what a Runner may do: its trust policy, and the customer's certificate.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use protocol::{dsse::Envelope, trust_policy::TrustPolicy};

use super::{CERTIFICATE, Home, HomeError, TRUST};

impl Home {
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
}

fn unreadable(path: &Path, error: io::Error, remedy: &str) -> HomeError {
    let path = path.to_owned();
    if error.kind() == io::ErrorKind::NotFound {
        HomeError::Content { path, why: format!("there is none; {remedy}") }
    } else {
        HomeError::Io { path, error }
    }
}
