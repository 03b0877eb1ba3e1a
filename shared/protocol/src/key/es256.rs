//! ES256 signing keys (ECDSA on P-256 with SHA-256, FIPS 186-5): the control plane's.

use std::fmt;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{Jwk, KeyError, PublicKey, SIGNATURE_LENGTH, Signer};

/// An ES256 private key. It is never printed. The library picks the random `k` of each signature itself.
pub struct Es256Key {
    private: EcdsaKeyPair,
    public: PublicKey,
}

impl Es256Key {
    /// The key that 32 random bytes of wrapped key material stand for; always the same one.
    ///
    /// The scalar is SHA-256("proofline-es256-seed-v1\0" ‖ seed ‖ i) for the first i = 0, 1, … that gives a number in
    /// 1..n; each misses with a probability of 2⁻³². The seed is not the scalar itself, so that it says nothing about
    /// the key should it be used twice.
    ///
    /// # Errors
    /// [`KeyError::Private`]: 256 misses in a row.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        (0..=u8::MAX)
            .find_map(|attempt| {
                let mut hasher = Sha256::new();
                hasher.update(b"proofline-es256-seed-v1\0");
                hasher.update(seed);
                hasher.update([attempt]);
                let scalar = Zeroizing::new(<[u8; 32]>::from(hasher.finalize()));
                Self::from_scalar(&scalar).ok()
            })
            .ok_or(KeyError::Private)
    }

    /// The key of a private scalar: 32 bytes, big-endian, in 1..n.
    ///
    /// # Errors
    /// [`KeyError::Private`]: not in that range.
    pub fn from_scalar(scalar: &[u8; 32]) -> Result<Self, KeyError> {
        // RFC 5915 ECPrivateKey { version 1, privateKey, parameters prime256v1 }; the library computes the public key.
        const HEAD: [u8; 7] = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
        const CURVE: [u8; 12] =
            [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
        let mut der = Zeroizing::new(Vec::with_capacity(HEAD.len() + scalar.len() + CURVE.len()));
        der.extend_from_slice(&HEAD);
        der.extend_from_slice(scalar);
        der.extend_from_slice(&CURVE);
        let private = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der);
        Self::new(private.map_err(|_| KeyError::Private)?)
    }

    /// The key of a PKCS #8 document (RFC 5208), as OpenSSL writes it.
    ///
    /// # Errors
    /// [`KeyError::Private`]: not a P-256 private key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let private = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der);
        Self::new(private.map_err(|_| KeyError::Private)?)
    }

    fn new(private: EcdsaKeyPair) -> Result<Self, KeyError> {
        let (mut x, mut y) = ([0; 32], [0; 32]);
        let point = private.public_key().as_ref();
        let (_, coordinates) = point.split_at_checked(1).ok_or(KeyError::Private)?;
        let (left, right) = coordinates.split_at_checked(32).ok_or(KeyError::Private)?;
        x.copy_from_slice(left);
        if right.len() != y.len() {
            return Err(KeyError::Private);
        }
        y.copy_from_slice(right);
        let public = PublicKey::from_jwk(&Jwk::P256 { x, y })?;
        Ok(Self { private, public })
    }
}

impl Signer for Es256Key {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], KeyError> {
        let signature =
            self.private.sign(&SystemRandom::new(), message).map_err(|_| KeyError::Signing)?;
        signature.as_ref().try_into().map_err(|_| KeyError::Signing)
    }
}

impl fmt::Debug for Es256Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Es256Key({})", self.public.kid())
    }
}
