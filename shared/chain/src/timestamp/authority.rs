//! The key of an authority, and whether it signed.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto_bigint::{
    Odd, U4096, Uint,
    modular::{FixedMontyForm, FixedMontyParams},
};
use p256::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::{
    TimestampError,
    der::{BIT_STRING, Der, INTEGER, OID, SEQUENCE},
    oid,
};

/// Bits of an RSA key: below, nobody should sign any more; above, ours are not wide enough.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
const RSA_BYTES_MAX: usize = 512;

/// The public key of a time stamp authority: RSA of 2048 to 4096 bits, or ECDSA on P-256.
///
/// Written as the base64 of its `SubjectPublicKeyInfo`, which is how it stands in the authority's certificate:
/// `openssl x509 -in authority.pem -noout -pubkey | openssl pkey -pubin -outform DER | base64 -w0`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthorityKey {
    der: Vec<u8>,
    key: Key,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Key {
    Rsa { modulus: Vec<u8>, exponent: u64 },
    P256(VerifyingKey),
}

/// A hash function that an authority may sign with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum HashName {
    Sha256,
    Sha384,
    Sha512,
}

impl HashName {
    pub(super) fn of(object: &[u8]) -> Option<Self> {
        [(oid::SHA_256, Self::Sha256), (oid::SHA_384, Self::Sha384), (oid::SHA_512, Self::Sha512)]
            .into_iter()
            .find(|(known, _)| *known == object)
            .map(|(_, name)| name)
    }

    pub(super) fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    /// What stands before the digest in a signature of PKCS #1 v1.5 (RFC 8017 §9.2, note 1).
    const fn digest_info(self) -> &'static [u8] {
        match self {
            Self::Sha256 => {
                b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
            }
            Self::Sha384 => {
                b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30"
            }
            Self::Sha512 => {
                b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40"
            }
        }
    }
}

impl AuthorityKey {
    fn parse(der: &[u8]) -> Option<Key> {
        let mut outer = Der(der);
        let mut info = outer.enter(SEQUENCE).filter(|_| outer.0.is_empty())?;
        let mut algorithm = info.enter(SEQUENCE)?;
        let (unused, bits) = info.take(BIT_STRING)?.split_first()?;
        if *unused != 0 || !info.0.is_empty() {
            return None;
        }
        match algorithm.take(OID)? {
            oid::RSA => rsa(bits),
            oid::EC if algorithm.take(OID)? == oid::P_256 => {
                VerifyingKey::from_sec1_bytes(bits).ok().map(Key::P256)
            }
            _ => None,
        }
    }

    /// Whether this key made `signature` over bytes with the digest `digest`.
    pub(super) fn signed(&self, hash: HashName, digest: &[u8], signature: &[u8]) -> bool {
        match &self.key {
            Key::Rsa { modulus, exponent } => encoded(modulus, *exponent, signature)
                .is_some_and(|encoded| encoded == padded(hash, digest, modulus.len())),
            Key::P256(key) => Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok()),
        }
    }
}

fn rsa(bits: &[u8]) -> Option<Key> {
    let mut key = Der(bits).enter(SEQUENCE)?;
    let modulus = key.take(INTEGER)?;
    let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus).to_vec();
    let exponent = key.take(INTEGER)?;
    let exponent = exponent.strip_prefix(&[0]).unwrap_or(exponent);
    let is_short = exponent.len() <= 4 && !exponent.is_empty();
    let exponent = exponent.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let leading = modulus.first()?.leading_zeros() as usize;
    let bits = modulus.len() * 8 - leading;
    let is_odd = modulus.last()? & 1 == 1 && exponent & 1 == 1;
    let fits = RSA_BITS.contains(&bits) && is_short && is_odd && exponent > 2;
    fits.then_some(Key::Rsa { modulus, exponent })
}

/// The message that an RSA signature encodes: `signature^exponent mod modulus` (RFC 8017 §5.2.2). Everything in it is public.
fn encoded(modulus: &[u8], exponent: u64, signature: &[u8]) -> Option<Vec<u8>> {
    if signature.len() != modulus.len() {
        return None;
    }
    let (number, base) = (wide(modulus)?, wide(signature)?);
    if base >= number {
        return None;
    }
    let params = FixedMontyParams::new_vartime(Odd::new(number).into_option()?);
    let power = FixedMontyForm::new(&base, &params).pow_vartime(&Uint::<1>::from_u64(exponent));
    let bytes = power.retrieve().to_be_bytes();
    bytes.as_ref().get(RSA_BYTES_MAX - modulus.len()..).map(<[u8]>::to_vec)
}

fn wide(bytes: &[u8]) -> Option<U4096> {
    let mut wide = [0; RSA_BYTES_MAX];
    wide.get_mut(RSA_BYTES_MAX.checked_sub(bytes.len())?..)?.copy_from_slice(bytes);
    Some(U4096::from_be_slice(&wide))
}

/// EMSA-PKCS1-v1_5 (RFC 8017 §9.2).
fn padded(hash: HashName, digest: &[u8], bytes: usize) -> Vec<u8> {
    let info = hash.digest_info();
    let padding = bytes.saturating_sub(3 + info.len() + digest.len());
    [&[0, 1], vec![0xff; padding].as_slice(), &[0], info, digest].concat()
}

impl fmt::Display for AuthorityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(&self.der))
    }
}

impl FromStr for AuthorityKey {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let der = STANDARD.decode(text).map_err(|_| TimestampError::Key)?;
        let key = Self::parse(&der).ok_or(TimestampError::Key)?;
        Ok(Self { der, key })
    }
}
