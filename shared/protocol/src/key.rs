//! Keys: their names, their public form, and signing with them.
//!
//! The algorithm belongs to the key and is never read from a message (RFC 8725 §3.1): Runners, viewers and customers
//! sign with Ed25519 (RFC 8032), the control plane with ES256 (ECDSA on P-256 with SHA-256, as `r‖s`). Either
//! signature is 64 bytes.

mod ed25519;
mod es256;
mod jwk;
mod kid;
mod public;

use domain::{Class, Fault};

pub use ed25519::Ed25519Key;
pub use es256::Es256Key;
pub use jwk::Jwk;
pub use kid::Kid;
pub use public::PublicKey;

/// The length of a signature, in bytes.
pub const SIGNATURE_LENGTH: usize = 64;

/// Whatever can sign: a private key.
pub trait Signer {
    /// The public key that verifies what this signs.
    fn public(&self) -> &PublicKey;

    /// Signs `message`.
    ///
    /// # Errors
    /// [`KeyError::Signing`]: the cryptographic library refused.
    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], KeyError>;

    /// The key's name.
    fn kid(&self) -> Kid {
        self.public().kid()
    }
}

/// Why a key was refused or did not do its work.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// Not a point on the curve, or one that would verify anything.
    #[error("the public key is not a usable point of its curve")]
    Point,
    /// This kind of key does not sign.
    #[error("a key of this kind does not sign; an Ed25519 or P-256 key is needed")]
    Kind,
    /// The key's thumbprint is another than the expected one.
    #[error("the key is not the one that was expected; its thumbprint differs")]
    Unexpected,
    /// One key for two ends.
    #[error("a key that signs one thing must not sign another; make one of its own")]
    Reused,
    /// Not a private key of the wanted kind.
    #[error("the private key cannot be used")]
    Private,
    /// The signature is not this key's over this message.
    #[error("the signature does not verify")]
    Signature,
    /// The library did not sign.
    #[error("the key could not sign")]
    Signing,
}

impl Fault for KeyError {
    fn class(&self) -> Class {
        match self {
            Self::Signing | Self::Private => Class::Internal,
            Self::Signature => Class::Unauthenticated,
            Self::Point | Self::Kind | Self::Unexpected | Self::Reused => Class::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Signature => "signature-invalid",
            Self::Unexpected => "key-unexpected",
            Self::Point | Self::Kind | Self::Reused => "validation",
            Self::Private | Self::Signing => "internal",
        }
    }
}

#[cfg(test)]
mod tests;
