//! Private keys with names, and what they sign.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer as _, SigningKey};

use super::{NoteError, VerifierKey, check_name, check_text};

/// A private key and the name under which it signs.
pub struct Signer {
    name: String,
    key: SigningKey,
}

impl Signer {
    /// The key with this name; for checkpoints, the log's origin.
    ///
    /// # Errors
    /// [`NoteError::Name`] for a name that a signature line cannot hold.
    pub fn new(name: &str, key: SigningKey) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), key })
    }

    /// As [`new`](Self::new), with the key's seed of 32 bytes (RFC 8032).
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        Self::new(name, SigningKey::from_bytes(seed))
    }

    /// Its public half.
    pub fn verifier_key(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// The note of `text`, signed.
    ///
    /// # Errors
    /// [`NoteError::Format`] for a text that does not end in a newline or has control characters.
    pub fn sign(&self, text: &str) -> Result<String, NoteError> {
        check_text(text)?;
        let id = self.verifier_key().id();
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        let signature = STANDARD.encode([id.as_slice(), &signature].concat());
        Ok(format!("{text}\n— {} {signature}\n", self.name))
    }
}
