//! Keys that their store never gives away: those that wrap our own, and those that sign where they are.

use async_trait::async_trait;
use domain::{CustomerKey, TenantId};
use secrecy::SecretSlice;

use crate::KeyPurpose;

/// Why a key did not do its work.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// The identity does not hold this key.
    #[error("{0} may not use this key")]
    Denied(String),
    /// The customer whose key it is does not let us use it.
    #[error("the customer's own key cannot be used: {0}")]
    Withheld(String),
    /// A kept key neither wraps nor unwraps, and only a kept key signs.
    #[error("the key {0} is not made for this")]
    Unfit(&'static str),
    /// The wrapped bytes are not this key's, or were changed.
    #[error("the wrapped key cannot be opened")]
    Invalid,
    /// No answer.
    #[error("the key store did not answer: {0}")]
    Unavailable(String),
}

/// What a kept key signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoreSignature {
    /// ECDSA on P-256 as `r‖s`, the form of ES256 (RFC 7518 §3.4).
    pub signature: [u8; 64],
    /// The version of the key that signed; its public half verifies.
    pub version: String,
}

/// The public half of a kept key: a point of P-256.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeptKey {
    /// The x coordinate, big-endian.
    pub x: [u8; 32],
    /// The y coordinate, big-endian.
    pub y: [u8; 32],
    /// Which version of the key this is. A rotated key signs under a new version; what an old one signed is verified with what was
    /// published of it then.
    pub version: String,
}

/// A key of a customer's own, in the place of ours over the keys of their tenant. It is used with the rights of the same identity, and only as
/// long as the customer lets that.
#[derive(Clone, Copy, Debug)]
pub struct OwnKey<'a> {
    /// Whose keys it wraps.
    pub tenant: TenantId,
    /// Where it is.
    pub key: &'a CustomerKey,
}

/// The keys of one identity. There is one key for each [`KeyPurpose`], and one identity holds it; see [`KeyPurpose::is_kept`].
#[async_trait]
pub trait Keys: Send + Sync {
    /// Wraps 32 bytes of key material.
    ///
    /// # Errors
    /// * [`KeyError::Denied`], [`KeyError::Unfit`], [`KeyError::Unavailable`].
    async fn wrap(&self, purpose: KeyPurpose, material: &[u8; 32]) -> Result<Vec<u8>, KeyError>;

    /// Unwraps what [`wrap`](Self::wrap) gave for the same purpose, before or after the wrapping key was rotated.
    ///
    /// # Errors
    /// * [`KeyError`]'s variants.
    async fn unwrap(
        &self,
        purpose: KeyPurpose,
        wrapped: &[u8],
    ) -> Result<SecretSlice<u8>, KeyError>;

    /// Whether the key's current version wrapped this: what an earlier one did opens as well, until that version is gone. `own` is the key
    /// when it is a customer's.
    ///
    /// # Errors
    /// * [`KeyError`]'s variants.
    async fn is_current(
        &self,
        purpose: KeyPurpose,
        own: Option<OwnKey<'_>>,
        wrapped: &[u8],
    ) -> Result<bool, KeyError>;

    /// Wraps 32 bytes of key material of `purpose` by a customer's own key.
    ///
    /// # Errors
    /// * [`KeyError`]'s variants; [`KeyError::Withheld`] when the customer does not let us use it.
    async fn wrap_by(
        &self,
        purpose: KeyPurpose,
        own: OwnKey<'_>,
        material: &[u8; 32],
    ) -> Result<Vec<u8>, KeyError>;

    /// Unwraps what [`wrap_by`](Self::wrap_by) gave for the same purpose, tenant and key.
    ///
    /// # Errors
    /// * [`KeyError`]'s variants; [`KeyError::Withheld`] when the customer does not let us use it any more.
    async fn unwrap_by(
        &self,
        purpose: KeyPurpose,
        own: OwnKey<'_>,
        wrapped: &[u8],
    ) -> Result<SecretSlice<u8>, KeyError>;

    /// Signs a SHA-256 digest with the current version of a kept key.
    ///
    /// # Errors
    /// * [`KeyError::Denied`], [`KeyError::Unfit`], [`KeyError::Unavailable`].
    async fn sign(
        &self,
        purpose: KeyPurpose,
        digest: &[u8; 32],
    ) -> Result<StoreSignature, KeyError>;

    /// The public half of the current version of a kept key, for its holder to publish.
    ///
    /// # Errors
    /// * [`KeyError::Denied`], [`KeyError::Unfit`], [`KeyError::Unavailable`].
    async fn public(&self, purpose: KeyPurpose) -> Result<KeptKey, KeyError>;
}
