//! Public keys that verify.

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey, UnparsedPublicKey};
use ed25519_dalek::{Signature, VerifyingKey};

use super::{Jwk, KeyError, Kid};

/// A public key that verifies signatures; its algorithm is its own.
#[derive(Clone, Eq, PartialEq)]
pub enum PublicKey {
    /// Ed25519 (RFC 8032), verified strictly: no small-order points, no second encoding.
    Ed25519(VerifyingKey),
    /// ES256: an uncompressed SEC 1 point of P-256, `04‖x‖y`.
    P256([u8; 65]),
}

impl PublicKey {
    /// The key that `jwk` describes.
    ///
    /// # Errors
    /// [`KeyError::Point`]: not on the curve, or of small order. [`KeyError::Kind`]: an X25519 key, which does not
    /// sign.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        match jwk {
            Jwk::Ed25519(x) => match VerifyingKey::from_bytes(x) {
                Ok(key) if !key.is_weak() => Ok(Self::Ed25519(key)),
                Ok(_) | Err(_) => Err(KeyError::Point),
            },
            Jwk::X25519(_) => Err(KeyError::Kind),
            Jwk::P256 { x, y } => {
                let mut point = [4; 65];
                let (_, coordinates) = point.split_at_mut(1);
                let (left, right) = coordinates.split_at_mut(32);
                left.copy_from_slice(x);
                right.copy_from_slice(y);
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                    .map_err(|_| KeyError::Point)?;
                Ok(Self::P256(point))
            }
        }
    }

    /// The key that `jwk` describes, if it is the one that is known by its thumbprint.
    ///
    /// # Errors
    /// [`KeyError::Unexpected`]: it is another key. Otherwise as [`from_jwk`](Self::from_jwk).
    pub fn pinned(jwk: &Jwk, kid: &Kid) -> Result<Self, KeyError> {
        if jwk.kid() == *kid { Self::from_jwk(jwk) } else { Err(KeyError::Unexpected) }
    }

    /// Its JWK.
    pub fn jwk(&self) -> Jwk {
        match self {
            Self::Ed25519(key) => Jwk::Ed25519(key.to_bytes()),
            Self::P256([_, coordinates @ ..]) => {
                let (mut x, mut y) = ([0; 32], [0; 32]);
                let (left, right) = coordinates.split_at(32);
                x.copy_from_slice(left);
                y.copy_from_slice(right);
                Jwk::P256 { x, y }
            }
        }
    }

    /// Its name.
    pub fn kid(&self) -> Kid {
        self.jwk().kid()
    }

    /// Whether `signature` is this key's over `message`.
    ///
    /// # Errors
    /// [`KeyError::Signature`]: it is not, or is not 64 bytes long.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        match self {
            Self::Ed25519(key) => Signature::from_slice(signature)
                .and_then(|signature| key.verify_strict(message, &signature))
                .map_err(|_| KeyError::Signature),
            Self::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(message, signature)
                .map_err(|_| KeyError::Signature),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.kid())
    }
}
