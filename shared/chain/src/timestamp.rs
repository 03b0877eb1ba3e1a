//! Time stamps (RFC 3161): an authority's signed word that it saw some bytes, by their digest, at a time.
//!
//! What is kept is the answer of the authority as it came, which OpenSSL verifies by itself:
//!
//! ```sh
//! openssl ts -verify -in timestamp.tsr -data head -CAfile authority-root.pem
//! ```
//!
//! Here a stamp counts when the key that a policy pins signed it: the authority's own, not that of whoever certified it. Chains of certificates
//! and their revocation are for tools that know about them.

mod authority;
mod der;

pub use authority::AuthorityKey;
use authority::HashName;
use der::{CONTEXT_0, Der, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, SET};

use crate::Hash;

/// The media type of a request.
pub const QUERY_TYPE: &str = "application/timestamp-query";
/// The media type of an answer.
pub const REPLY_TYPE: &str = "application/timestamp-reply";
/// The longest answer that is looked at; one with four certificates has 8 kB.
pub const REPLY_BYTES_MAX: usize = 64 << 10;

/// Object identifiers, as DER has them.
mod oid {
    /// `id-sha256`.
    pub(super) const SHA_256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
    /// `id-sha384`.
    pub(super) const SHA_384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02";
    /// `id-sha512`.
    pub(super) const SHA_512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";
    /// `rsaEncryption`.
    pub(super) const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
    /// `id-ecPublicKey`.
    pub(super) const EC: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
    /// `prime256v1`.
    pub(super) const P_256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
    /// `id-signedData`.
    pub(super) const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
    /// `id-ct-TSTInfo`.
    pub(super) const TST_INFO: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04";
    /// `id-contentType`.
    pub(super) const CONTENT_TYPE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03";
    /// `id-messageDigest`.
    pub(super) const MESSAGE_DIGEST: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04";
}

/// Why a time stamp does not count.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TimestampError {
    /// Not a public key that we verify with.
    #[error(
        "not the base64 of a public key (SubjectPublicKeyInfo): RSA of 2048 to 4096 bits, or P-256"
    )]
    Key,
    /// The bytes are no answer of an authority, or one of another form.
    #[error("not an answer of a time stamp authority (RFC 3161)")]
    Form,
    /// The authority did not stamp.
    #[error("the authority refused to stamp")]
    Refused,
    /// It is about something else.
    #[error("the time stamp is about other bytes")]
    Digest,
    /// None of the pinned keys signed it.
    #[error("none of the pinned keys signed the time stamp")]
    Signature,
}

/// An answer that was read; nothing about it is known to be true before [`verify`](Self::verify).
#[derive(Clone, Debug)]
pub struct Timestamp<'a> {
    /// What is signed: the bytes of what is said.
    info: &'a [u8],
    said: Said<'a>,
    signers: Vec<SignerInfo<'a>>,
}

/// What an authority says.
#[derive(Clone, Debug)]
struct Said<'a> {
    digest: &'a [u8],
    time: String,
    nonce: Option<&'a [u8]>,
}

#[derive(Clone, Debug)]
struct SignerInfo<'a> {
    hash: HashName,
    /// What is signed: the attributes, from the first byte of their content.
    attributes: &'a [u8],
    signature: &'a [u8],
}

/// The request for a stamp of bytes with this digest. An answer must repeat `nonce`, so that it is no older one.
pub fn request(digest: &Hash, nonce: [u8; 8]) -> Vec<u8> {
    let algorithm = element(SEQUENCE, &[&element(OID, &[oid::SHA_256]), b"\x05\x00"]);
    let imprint = element(SEQUENCE, &[&algorithm, &element(OCTET_STRING, &[&digest.0])]);
    let (version, with_certificate) = (b"\x02\x01\x01", b"\x01\x01\xff");
    element(
        SEQUENCE,
        &[version, &imprint, &element(INTEGER, &[&positive(nonce)]), with_certificate],
    )
}

/// A positive integer of eight bytes in its shortest form.
const fn positive(mut nonce: [u8; 8]) -> [u8; 8] {
    let [first, ..] = &mut nonce;
    *first = *first & 0x3f | 0x40;
    nonce
}

/// An element of DER.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let bytes = content.len().to_be_bytes();
    let length: Vec<_> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    let count = u8::try_from(length.len()).unwrap_or_default();
    let head = match (length.as_slice(), content.len()) {
        ([], _) => vec![tag, 0],
        ([short], 0..0x80) => vec![tag, *short],
        (length, _) => [&[tag, 0x80 | count], length].concat(),
    };
    [head, content].concat()
}

impl<'a> Timestamp<'a> {
    /// Reads the answer of an authority.
    ///
    /// # Errors
    /// * [`TimestampError::Refused`], [`TimestampError::Form`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, TimestampError> {
        if bytes.len() > REPLY_BYTES_MAX {
            return Err(TimestampError::Form);
        }
        let mut outer = Der(bytes);
        let mut response = outer.enter(SEQUENCE).ok_or(TimestampError::Form)?;
        let status = response.enter(SEQUENCE).and_then(|mut info| info.take(INTEGER));
        // 0 is granted, 1 granted with modifications.
        if !matches!(status.ok_or(TimestampError::Form)?, [0 | 1]) {
            return Err(TimestampError::Refused);
        }
        let is_all = outer.0.is_empty();
        let read = token(response).filter(|_| is_all);
        read.ok_or(TimestampError::Form)
    }

    /// When the authority says that it stamped, to the second: `2026-11-21T00:00:00Z`.
    pub fn time(&self) -> &str {
        &self.said.time
    }

    /// Whether it answers the request with this nonce.
    pub fn answers(&self, nonce: [u8; 8]) -> bool {
        self.said.nonce == Some(positive(nonce).as_slice())
    }

    /// Whether it is about `bytes`.
    ///
    /// # Errors
    /// * [`TimestampError::Digest`].
    pub fn covers(&self, bytes: &[u8]) -> Result<(), TimestampError> {
        if self.said.digest == Hash::of(bytes).0 { Ok(()) } else { Err(TimestampError::Digest) }
    }

    /// The first of `keys` that signed it.
    ///
    /// # Errors
    /// * [`TimestampError::Signature`].
    pub fn verify<'k>(&self, keys: &'k [AuthorityKey]) -> Result<&'k AuthorityKey, TimestampError> {
        let signed =
            |key: &&AuthorityKey| self.signers.iter().any(|signer| signer.is_by(key, self.info));
        keys.iter().find(signed).ok_or(TimestampError::Signature)
    }
}

impl SignerInfo<'_> {
    fn is_by(&self, key: &AuthorityKey, info: &[u8]) -> bool {
        let of = |name: &[u8]| attribute(self.attributes, name);
        let is_about = of(oid::CONTENT_TYPE) == Some((OID, oid::TST_INFO))
            && of(oid::MESSAGE_DIGEST) == Some((OCTET_STRING, self.hash.digest(info).as_slice()));
        // They are tagged [0] where they stand, and signed as the SET that they are (RFC 5652 §5.4).
        let signed = element(SET, &[self.attributes]);
        is_about && key.signed(self.hash, &self.hash.digest(&signed), self.signature)
    }
}

/// The token in an answer: `ContentInfo` of `SignedData` of `TSTInfo` (RFC 5652 §3, §5.1).
fn token(mut response: Der<'_>) -> Option<Timestamp<'_>> {
    let mut content = response.enter(SEQUENCE)?;
    if content.take(OID)? != oid::SIGNED_DATA {
        return None;
    }
    let mut data = content.enter(CONTEXT_0)?.enter(SEQUENCE)?;
    data.take(INTEGER)?;
    data.take(SET)?;
    let mut inside = data.enter(SEQUENCE)?;
    if inside.take(OID)? != oid::TST_INFO {
        return None;
    }
    let info = inside.enter(CONTEXT_0)?.take(OCTET_STRING)?;
    // Certificates and revocations are not looked at.
    data.optional(CONTEXT_0);
    data.optional(CONTEXT_0 + 1);
    let signers = data.enter(SET)?.all().map(|signer| signer_info(Der(signer.content)));
    let signers = signers.collect::<Option<Vec<_>>>()?;
    Some(Timestamp { info, said: said(Der(info).enter(SEQUENCE)?)?, signers })
}

/// `SignerInfo` (RFC 5652 §5.3).
fn signer_info(mut info: Der<'_>) -> Option<SignerInfo<'_>> {
    info.take(INTEGER)?;
    // By whom, which the signature shows better.
    info.next()?;
    let hash = HashName::of(info.enter(SEQUENCE)?.take(OID)?)?;
    let attributes = info.optional(CONTEXT_0)?.content;
    info.enter(SEQUENCE)?;
    let signature = info.take(OCTET_STRING)?;
    Some(SignerInfo { hash, attributes, signature })
}

/// `TSTInfo` (RFC 3161 §2.4.2): digest, time, nonce.
fn said(mut info: Der<'_>) -> Option<Said<'_>> {
    if info.take(INTEGER)? != [1] {
        return None;
    }
    info.take(OID)?;
    let mut imprint = info.enter(SEQUENCE)?;
    if imprint.enter(SEQUENCE)?.take(OID)? != oid::SHA_256 {
        return None;
    }
    let digest = imprint.take(OCTET_STRING)?;
    info.take(INTEGER)?;
    let time = date_time(info.take(GENERALIZED_TIME)?)?;
    // Accuracy, which we do not use, is a sequence; ordering a boolean.
    info.optional(SEQUENCE);
    info.optional(0x01);
    let nonce = info.optional(INTEGER).map(|nonce| nonce.content);
    Some(Said { digest, time, nonce })
}

/// `20261121000000Z`, with or without a fraction, as `2026-11-21T00:00:00Z`.
fn date_time(text: &[u8]) -> Option<String> {
    let text = str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let part = |range| whole.get(range);
    let [year, month, day] = [part(0..4)?, part(4..6)?, part(6..8)?];
    let [hour, minute, second] = [part(8..10)?, part(10..12)?, part(12..14)?];
    Some(format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

/// The one value of the attribute `name`, with its tag; `None` when it is not there or there twice.
fn attribute<'a>(attributes: &'a [u8], name: &[u8]) -> Option<(u8, &'a [u8])> {
    let mut found = Der(attributes).all().filter_map(|attribute| {
        let mut attribute = Der(attribute.content);
        let is_it = attribute.take(OID)? == name;
        let mut values = attribute.enter(SET)?;
        let value = values.next().filter(|_| is_it && values.0.is_empty())?;
        Some((value.tag, value.content))
    });
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
pub(crate) mod tests;
