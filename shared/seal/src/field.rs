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
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place {
        tenant: "ten_01fwhe4ydgfk1shh6w1g60eecf",
        container: "access",
        record: "usr_01fwhe4ydgfk1shh6w1g60eecf",
        field: "mfa.secret",
    };
    const SECRET: &[u8] = b"JBSWY3DPEHPK3PXP";

    fn key() -> FieldKey {
        FieldKey::new(7, std::array::from_fn(|i| u8::try_from(i).unwrap()))
    }

    fn sealed() -> Vec<u8> {
        let salt = std::array::from_fn(|i| 0xa0 + u8::try_from(i).unwrap());
        let nonce = std::array::from_fn(|i| 0xc0 + u8::try_from(i).unwrap());
        seal(&key(), &PLACE, salt, nonce, SECRET).unwrap()
    }

    /// Computed with Python cryptography 50.0.2 (`HKDF`, `AESGCM`) from the description at [`seal`] and [`Place`].
    #[test]
    fn a_sealed_field_has_the_bytes_that_another_implementation_computes() {
        let expected = "010100000007a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\
                        d782245bb716b7561bf11153ba801f42c0c1c2c3c4c5c6c7c8c9cacb\
                        2a0f1fd4d01292f710d890ca40b374e6805bdfbe441570afdbaacdc6d2e93272";
        assert_eq!(hex::encode(sealed()), expected);
        assert_eq!(sealed().len(), SECRET.len() + OVERHEAD);
        assert_eq!(open(&key(), &PLACE, &sealed()).unwrap().as_slice(), SECRET);
        assert_eq!(key_version(&sealed()), Ok(7));
    }

    /// `McGrew` and Viega, "The Galois/Counter Mode of Operation", test case 16; checked with Python cryptography
    /// 50.0.2.
    #[test]
    fn the_cipher_is_aes_256_gcm() {
        let bytes = |text: &str| hex::decode(text).unwrap();
        let key: [u8; 32] =
            bytes(&"feffe9928665731c6d6a8f9467308308".repeat(2)).try_into().unwrap();
        let nonce: [u8; 12] = bytes("cafebabefacedbaddecaf888").try_into().unwrap();
        let plaintext = bytes(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
             1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        );
        let associated = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let payload = Payload { msg: &plaintext, aad: &associated };
        let ciphertext = Aes256Gcm::new(&key.into()).encrypt(&Nonce::from(nonce), payload).unwrap();
        let expected = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                        8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece\
                        0f4e1768cddf8853bb2d551b";
        assert_eq!(hex::encode(ciphertext), expected);
    }

    #[test]
    fn a_field_opens_at_its_own_place_only() {
        let elsewhere = [
            Place { tenant: "ten_01fwhe4ydgfk1shh6w1g60eecg", ..PLACE },
            Place { container: "connectors", ..PLACE },
            Place { record: "usr_01fwhe4ydgfk1shh6w1g60eecg", ..PLACE },
            Place { field: "mfa.secret2", ..PLACE },
            Place { record: "usr_01fwhe4ydgfk1shh6w1g60eecfm", field: "fa.secret", ..PLACE },
        ];
        for place in elsewhere {
            let refused = open(&key(), &place, &sealed()).unwrap_err();
            let tenant_differs = place.tenant != PLACE.tenant;
            let expected = if tenant_differs { OpenError::Key } else { OpenError::Authentication };
            assert_eq!(refused, expected, "{place:?}");
        }
    }

    #[test]
    fn every_flipped_bit_is_found() {
        for bit in 0..sealed().len() * 8 {
            let mut changed = sealed();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&key(), &PLACE, &changed).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn every_truncation_and_every_extension_is_found() {
        for length in 0..sealed().len() {
            assert!(open(&key(), &PLACE, &sealed()[..length]).is_err(), "length {length}");
        }
        assert!(open(&key(), &PLACE, &[sealed().as_slice(), &[0]].concat()).is_err());
        assert_eq!(key_version(&sealed()[..OVERHEAD - 1]), Err(OpenError::Format));
        assert_eq!(key_version(&sealed()[..OVERHEAD]), Ok(7));
    }

    #[test]
    fn another_format_another_version_and_another_key_are_told_apart() {
        let mut other = sealed();
        other[0] = 2;
        assert_eq!(open(&key(), &PLACE, &other), Err(OpenError::Format));
        other = sealed();
        other[1] = 2;
        assert_eq!(open(&key(), &PLACE, &other), Err(OpenError::Format));
        let newer = FieldKey::new(8, *key().material);
        assert_eq!(open(&newer, &PLACE, &sealed()), Err(OpenError::KeyVersion(7)));
        let foreign = FieldKey::new(7, [9; 32]);
        assert_eq!(open(&foreign, &PLACE, &sealed()), Err(OpenError::Key));
    }

    #[test]
    fn an_empty_field_can_be_sealed_and_keys_are_not_printed() {
        let empty = seal(&key(), &PLACE, [1; 16], [2; 12], b"").unwrap();
        assert_eq!(empty.len(), OVERHEAD);
        assert_eq!(open(&key(), &PLACE, &empty).unwrap().as_slice(), b"");
        assert_eq!(format!("{:?}", key()), "FieldKey(version 7)");
    }
}
