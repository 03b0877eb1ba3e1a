//! Wrapping keys: whatever holds them never gives them away.

use async_trait::async_trait;
use secrecy::SecretSlice;

use crate::KeyPurpose;

/// Why a key did not do its work.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// The identity does not hold this key.
    #[error("{0} may not use this key")]
    Denied(String),
    /// The wrapped bytes are not this key's, or were changed.
    #[error("the wrapped key cannot be opened")]
    Invalid,
    /// No answer.
    #[error("the key store did not answer: {0}")]
    Unavailable(String),
}

/// Wraps and unwraps key material; one wrapping key for each [`KeyPurpose`], held by one identity.
#[async_trait]
pub trait Keys: Send + Sync {
    /// Wraps 32 bytes of key material.
    async fn wrap(&self, purpose: KeyPurpose, material: &[u8; 32]) -> Result<Vec<u8>, KeyError>;

    /// Unwraps what [`wrap`](Self::wrap) gave for the same purpose.
    async fn unwrap(
        &self,
        purpose: KeyPurpose,
        wrapped: &[u8],
    ) -> Result<SecretSlice<u8>, KeyError>;
}
