//! Keys derived from the root key: one for each purpose, never stored.
//!
//! `HKDF-SHA-256(root key, salt "proofline/local/wrapping-keys/1", info = name of the purpose)` (RFC 5869) gives the key of AES-256
//! key wrap (RFC 3394): 32 bytes of material become 40. Kept keys, which sign, have a salt of their own.

mod kept;
mod own;

use std::sync::Arc;

use aes_kw::{KeyInit as _, KwAes256};
use async_trait::async_trait;
use hkdf::Hkdf;
use ports::{Identity, KeptKey, KeyError, KeyPurpose, Keys, OwnKey, StoreSignature, rights};
use secrecy::SecretSlice;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{root_key::RootKey, store::Parts};

const SALT: &[u8] = b"proofline/local/wrapping-keys/1";
const WRAPPED_BYTES: usize = 40;

/// The keys that one identity holds.
pub(crate) struct LocalKeys {
    pub(crate) parts: Arc<Parts>,
    pub(crate) identity: Identity,
}

#[async_trait]
impl Keys for LocalKeys {
    async fn wrap(&self, purpose: KeyPurpose, material: &[u8; 32]) -> Result<Vec<u8>, KeyError> {
        rights::wrapping_key(self.identity, purpose)?;
        wrap(&self.parts.root_key, purpose, material)
    }

    async fn unwrap(
        &self,
        purpose: KeyPurpose,
        wrapped: &[u8],
    ) -> Result<SecretSlice<u8>, KeyError> {
        rights::wrapping_key(self.identity, purpose)?;
        unwrap(&self.parts.root_key, purpose, wrapped)
    }

    /// Neither the root key nor a key file has versions.
    async fn is_current(
        &self,
        purpose: KeyPurpose,
        _own: Option<OwnKey<'_>>,
        _wrapped: &[u8],
    ) -> Result<bool, KeyError> {
        rights::wrapping_key(self.identity, purpose).map(|()| true)
    }

    async fn wrap_by(
        &self,
        purpose: KeyPurpose,
        own: OwnKey<'_>,
        material: &[u8; 32],
    ) -> Result<Vec<u8>, KeyError> {
        rights::wrapping_key(self.identity, purpose)?;
        wrap(&own::read(&self.parts.own_keys, own)?, purpose, material)
    }

    async fn unwrap_by(
        &self,
        purpose: KeyPurpose,
        own: OwnKey<'_>,
        wrapped: &[u8],
    ) -> Result<SecretSlice<u8>, KeyError> {
        rights::wrapping_key(self.identity, purpose)?;
        unwrap(&own::read(&self.parts.own_keys, own)?, purpose, wrapped)
    }

    async fn sign(
        &self,
        purpose: KeyPurpose,
        digest: &[u8; 32],
    ) -> Result<StoreSignature, KeyError> {
        rights::kept_key(self.identity, purpose)?;
        kept::sign(&self.parts.root_key, purpose, digest)
    }

    async fn public(&self, purpose: KeyPurpose) -> Result<KeptKey, KeyError> {
        rights::kept_key(self.identity, purpose)?;
        kept::public(&self.parts.root_key, purpose)
    }
}

fn wrap(root: &RootKey, purpose: KeyPurpose, material: &[u8; 32]) -> Result<Vec<u8>, KeyError> {
    let mut wrapped = vec![0; WRAPPED_BYTES];
    wrapping_key(root, purpose)
        .wrap_key(material, &mut wrapped)
        .map_err(|error| KeyError::Unavailable(error.to_string()))?;
    Ok(wrapped)
}

fn unwrap(
    root: &RootKey,
    purpose: KeyPurpose,
    wrapped: &[u8],
) -> Result<SecretSlice<u8>, KeyError> {
    if wrapped.len() != WRAPPED_BYTES {
        return Err(KeyError::Invalid);
    }
    let mut material = Zeroizing::new([0; 32]);
    wrapping_key(root, purpose)
        .unwrap_key(wrapped, &mut *material)
        .map_err(|_| KeyError::Invalid)?;
    Ok(SecretSlice::from(material.to_vec()))
}

fn wrapping_key(root: &RootKey, purpose: KeyPurpose) -> KwAes256 {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(SALT), &**root)
        .expand(purpose.name().as_bytes(), &mut *key)
        .expect("HKDF-SHA-256 gives up to 8,160 bytes");
    KwAes256::new(&(*key).into())
}
