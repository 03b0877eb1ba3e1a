//! Sealed fields: the record format of secrets at rest.

use std::fmt;

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{Place, derived::derived};

/// How much longer a sealed field is than what was sealed, in bytes: header, commitment, nonce and tag.
pub const OVERHEAD: usize = HEADER_LENGTH + TAG_LENGTH;

const FORMAT: u8 = 1;
const AES_256_GCM: u8 = 1;
const SALT_LENGTH: usize = 16;
const COMMITMENT_LENGTH: usize = 16;
const NONCE_LENGTH: usize = 12;
const TAG_LENGTH: usize = 16;
const HEADER_LENGTH: usize = 1 + 1 + 4 + SALT_LENGTH + COMMITMENT_LENGTH + NONCE_LENGTH;

/// One version of a tenant's field key. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct FieldKey {
    version: u32,
    material: Zeroizing<[u8; 32]>,
}

/// Why nothing was sealed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SealError {
    /// Longer than AES-GCM allows (64 GiB, NIST SP 800-38D §5.2.1.1).
    #[error("the plaintext is too long to be sealed")]
    TooLong,
}

/// Why a sealed field was not opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OpenError {
    /// Not a sealed field of this format.
    #[error("these bytes are not a sealed field of a known format")]
    Format,
    /// Sealed under another version of the key; read the key ring again.
    #[error("the field was sealed under version {0} of the key")]
    KeyVersion(u32),
    /// Sealed under another key.
    #[error("the field was sealed under another key")]
    Key,
    /// Changed, or moved from another place.
    #[error("the field was changed, or belongs to another place")]
    Authentication,
}

impl FieldKey {
    /// Version `version` of the key, of 32 random bytes.
    pub fn new(version: u32, material: [u8; 32]) -> Self {
        Self { version, material: Zeroizing::new(material) }
    }

    /// Its version.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Its 32 bytes, to wrap them anew.
    pub fn material(&self) -> &[u8; 32] {
        &self.material
    }
}

impl fmt::Debug for FieldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldKey(version {})", self.version)
    }
}

/// Seals `plaintext` for `place`. `salt` and `nonce` are fresh random bytes.
///
/// Shape: `format 1 | algorithm 1 | key version 4, big-endian | salt 16 | commitment 16 | nonce 12 | ciphertext | tag
/// 16`. Format 1, algorithm 1 is AES-256-GCM (NIST SP 800-38D). HKDF-SHA256 of the field key with the salt and info
/// `"proofline/1 field"` ‖ tenant gives 48 bytes: the record's own key, so that no key ever seals twice, and the
/// commitment, so that a record has one key under which it opens.
///
/// # Errors
/// [`SealError::TooLong`].
pub fn seal(
    key: &FieldKey,
    place: &Place<'_>,
    salt: [u8; SALT_LENGTH],
    nonce: [u8; NONCE_LENGTH],
    plaintext: &[u8],
) -> Result<Vec<u8>, SealError> {
    let own = RecordKey::new(key, place, &salt);
    let mut sealed = vec![FORMAT, AES_256_GCM];
    sealed.extend_from_slice(&key.version.to_be_bytes());
    sealed.extend_from_slice(&salt);
    sealed.extend_from_slice(&own.commitment);
    sealed.extend_from_slice(&nonce);
    let associated = place.associated_data(&sealed);
    let ciphertext = own
        .cipher
        .encrypt(&Nonce::from(nonce), Payload { msg: plaintext, aad: &associated })
        .map_err(|_| SealError::TooLong)?;
    sealed.extend_from_slice(&ciphertext);
    Ok(sealed)
}

/// The version of the key under which `sealed` was sealed, so that the right one can be looked up.
///
/// # Errors
/// [`OpenError::Format`].
pub fn key_version(sealed: &[u8]) -> Result<u32, OpenError> {
    Ok(Record::parse(sealed)?.key_version)
}

/// Opens what was sealed under `key` for the same `place`.
///
/// # Errors
/// [`OpenError`].
pub fn open(
    key: &FieldKey,
    place: &Place<'_>,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let record = Record::parse(sealed)?;
    if record.key_version != key.version {
        return Err(OpenError::KeyVersion(record.key_version));
    }
    let own = RecordKey::new(key, place, record.salt);
    if !bool::from(own.commitment.as_slice().ct_eq(record.commitment)) {
        return Err(OpenError::Key);
    }
    let associated = place.associated_data(record.header);
    own.cipher
        .decrypt(&Nonce::from(*record.nonce), Payload { msg: record.ciphertext, aad: &associated })
        .map(Zeroizing::new)
        .map_err(|_| OpenError::Authentication)
}

/// A sealed field, cut into its parts.
struct Record<'a> {
    header: &'a [u8],
    key_version: u32,
    salt: &'a [u8; SALT_LENGTH],
    commitment: &'a [u8; COMMITMENT_LENGTH],
    nonce: &'a [u8; NONCE_LENGTH],
    ciphertext: &'a [u8],
}

impl<'a> Record<'a> {
    fn parse(sealed: &'a [u8]) -> Result<Self, OpenError> {
        Self::cut(sealed).ok_or(OpenError::Format)
    }

    fn cut(sealed: &'a [u8]) -> Option<Self> {
        let (header, ciphertext) = sealed.split_at_checked(HEADER_LENGTH)?;
        let rest = header.strip_prefix(&[FORMAT, AES_256_GCM])?;
        let (key_version, rest) = rest.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (commitment, rest) = rest.split_first_chunk()?;
        let (nonce, _) = rest.split_first_chunk()?;
        let key_version = u32::from_be_bytes(*key_version);
        (ciphertext.len() >= TAG_LENGTH).then_some(Self {
            header,
            key_version,
            salt,
            commitment,
            nonce,
            ciphertext,
        })
    }
}

/// The key of one record, and the commitment to it.
struct RecordKey {
    cipher: Aes256Gcm,
    commitment: [u8; COMMITMENT_LENGTH],
}

impl RecordKey {
    fn new(key: &FieldKey, place: &Place<'_>, salt: &[u8; SALT_LENGTH]) -> Self {
        let info = [b"proofline/1 field".as_slice(), place.tenant.as_bytes()];
        let bytes = derived::<48>(key.material.as_slice(), Some(salt), &info);
        let (own, rest) = bytes.split_first_chunk::<32>().expect("48 bytes begin with 32");
        let (commitment, _) = rest.split_first_chunk().expect("48 bytes end with 16");
        Self { cipher: Aes256Gcm::new(own.into()), commitment: *commitment }
    }
}

#[cfg(test)]
mod tests;
