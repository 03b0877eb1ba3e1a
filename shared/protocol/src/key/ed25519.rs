//! Ed25519 signing keys (RFC 8032): Runners, viewers, and the customer's own keys.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};

use super::{KeyError, PublicKey, SIGNATURE_LENGTH, Signer};

/// An Ed25519 private key. Its bytes are wiped when it is dropped, and never printed.
#[derive(Clone)]
pub struct Ed25519Key {
    private: SigningKey,
    public: PublicKey,
}

impl Ed25519Key {
    /// The key of a secret seed of 32 random bytes (RFC 8032 §5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let private = SigningKey::from_bytes(seed);
        let public = PublicKey::Ed25519(private.verifying_key());
        Self { private, public }
    }

    /// Signs `message`; this algorithm cannot fail and needs no randomness.
    pub fn sign_bytes(&self, message: &[u8]) -> [u8; SIGNATURE_LENGTH] {
        self.private.sign(message).to_bytes()
    }
}

impl Signer for Ed25519Key {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], KeyError> {
        Ok(self.sign_bytes(message))
    }
}

impl fmt::Debug for Ed25519Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ed25519Key({})", self.public.kid())
    }
}
