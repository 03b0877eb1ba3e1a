//! The answer, which only the viewer can read.

use std::convert::Infallible;

use domain::{Class, DrilldownId, Fault};
use hpke::{
    Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _,
    aead::AesGcm256,
    kdf::HkdfSha256,
    kem::X25519HkdfSha256,
    rand_core::{TryCryptoRng, TryRng},
    single_shot_open, single_shot_seal_with_rng,
};

use super::DisclosureRequest;
use crate::{
    Base64Url, Digest,
    canonical::{self, CanonicalError},
    commitment::{CommitmentError, DISCLOSURE_MAX, Disclosure},
    strict_json::{self, JsonError},
};

/// The longest sealed answer, in bytes: the longest disclosure, an X25519 key and a GCM tag.
pub const ANSWER_MAX: usize = DISCLOSURE_MAX + ENCAPSULATED + 16;
const ENCAPSULATED: usize = 32;
const INFO: &[u8] = b"proofline-drilldown-v1\0";

type Private = <X25519HkdfSha256 as hpke::Kem>::PrivateKey;
type Public = <X25519HkdfSha256 as hpke::Kem>::PublicKey;
type Encapsulated = <X25519HkdfSha256 as hpke::Kem>::EncappedKey;

/// The viewer's key for one answer: X25519, made for one request and thrown away after it.
pub struct AnswerKey {
    private: Private,
    public: Base64Url<32>,
}

/// Why an answer was not made or is not believed.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The disclosure is longer than is carried.
    #[error("the answer is longer than {DISCLOSURE_MAX} bytes; ask for fewer paths")]
    TooLarge,
    /// The viewer's key is no usable X25519 key.
    #[error("the viewer's key cannot be sealed to")]
    Key,
    /// Not sealed to this key for this request, or changed.
    #[error("the answer cannot be opened: it was not sealed to this key for this request")]
    Sealed,
    /// It has no canonical text.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// It is not a disclosure.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It answers another question.
    #[error("the answer is not for the evidence and paths that were asked for")]
    Mismatch,
    /// It shows other values than were committed to.
    #[error(transparent)]
    Commitment(#[from] CommitmentError),
}

impl Fault for AnswerError {
    fn class(&self) -> Class {
        match self {
            Self::TooLarge => Class::TooLarge,
            Self::Key | Self::Sealed | Self::Mismatch | Self::Canonical(_) => Class::Invalid,
            Self::Json(error) => error.class(),
            Self::Commitment(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "answer-too-large",
            Self::Key | Self::Canonical(_) => "validation",
            Self::Sealed => "answer-unopenable",
            Self::Json(error) => error.code(),
            Self::Mismatch => "answer-mismatch",
            Self::Commitment(error) => error.code(),
        }
    }
}

impl AnswerKey {
    /// The key that follows from 32 fresh random bytes (`DeriveKeyPair`, RFC 9180 §7.1.3).
    pub fn from_ikm(ikm: &[u8; 32]) -> Self {
        let (private, public) = X25519HkdfSha256::derive_keypair(ikm);
        Self { private, public: Base64Url(public.to_bytes().into()) }
    }

    /// What the request carries.
    pub const fn public(&self) -> Base64Url<32> {
        self.public
    }

    /// Opens the answer `sealed` to the request named `request_sha256`.
    ///
    /// # Errors
    /// [`AnswerError::Sealed`]; [`AnswerError::Json`]: what was sealed is no disclosure. Its proofs are not checked
    /// yet: [`check_disclosure`].
    pub fn open(
        &self,
        request_sha256: &Digest,
        drilldown: DrilldownId,
        sealed: &[u8],
    ) -> Result<Disclosure, AnswerError> {
        let (encapsulated, ciphertext) =
            sealed.split_at_checked(ENCAPSULATED).ok_or(AnswerError::Sealed)?;
        let encapsulated =
            Encapsulated::from_bytes(encapsulated).map_err(|_| AnswerError::Sealed)?;
        let plaintext = single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.private,
            &encapsulated,
            &info(request_sha256),
            ciphertext,
            drilldown.to_string().as_bytes(),
        );
        Ok(strict_json::parse(&plaintext.map_err(|_| AnswerError::Sealed)?, DISCLOSURE_MAX)?)
    }
}

/// Seals `disclosure` to the viewer's key `hpke_public` as the answer to one request in one drill-down.
///
/// HPKE base mode (RFC 9180 §5.1.1): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; info =
/// "proofline-drilldown-v1\0" ‖ `request_sha256`, aad = the drill-down's identifier, plaintext = RFC 8785 bytes.
/// `ikm` is 32 fresh random bytes. Returns enc (32) ‖ ciphertext.
///
/// # Errors
/// [`AnswerError::TooLarge`], [`AnswerError::Key`], [`AnswerError::Canonical`].
pub fn seal_answer(
    hpke_public: &Base64Url<32>,
    ikm: &[u8; 32],
    request_sha256: &Digest,
    drilldown: DrilldownId,
    disclosure: &Disclosure,
) -> Result<Vec<u8>, AnswerError> {
    let plaintext = canonical::to_vec(disclosure)?;
    if plaintext.len() > DISCLOSURE_MAX {
        return Err(AnswerError::TooLarge);
    }
    let aad = drilldown.to_string();
    seal_bytes(hpke_public, ikm, &info(request_sha256), aad.as_bytes(), &plaintext)
}

fn seal_bytes(
    hpke_public: &Base64Url<32>,
    ikm: &[u8; 32],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, AnswerError> {
    let public = Public::from_bytes(&hpke_public.0).map_err(|_| AnswerError::Key)?;
    let (encapsulated, ciphertext) =
        single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &public,
            info,
            plaintext,
            aad,
            &mut Given(ikm),
        )
        .map_err(|_| AnswerError::Key)?;
    Ok([encapsulated.to_bytes().as_slice(), &ciphertext].concat())
}

fn info(request_sha256: &Digest) -> Vec<u8> {
    [INFO, &request_sha256.0].concat()
}

/// Checks that a disclosure answers `request` and shows values that were committed to under `root`, the one in the
/// run's statement.
///
/// # Errors
/// [`AnswerError::Mismatch`], [`AnswerError::Commitment`].
pub fn check_disclosure(
    disclosure: &Disclosure,
    request: &DisclosureRequest,
    root: &Digest,
) -> Result<(), AnswerError> {
    let header = &disclosure.header;
    let is_for = header.evidence == request.evidence
        && header.runner == request.runner
        && header.tenant == request.tenant;
    if !is_for || !disclosure.answers(&request.paths) {
        return Err(AnswerError::Mismatch);
    }
    Ok(disclosure.verify(root)?)
}

/// The given 32 bytes as the source of the one value that HPKE draws: the seed of its ephemeral key.
struct Given<'a>(&'a [u8; 32]);

impl TryRng for Given<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, destination: &mut [u8]) -> Result<(), Infallible> {
        for (to, from) in destination.iter_mut().zip(self.0.iter().cycle()) {
            *to = *from;
        }
        Ok(())
    }
}

impl TryCryptoRng for Given<'_> {}

#[cfg(test)]
mod tests {
    use super::{AnswerKey, seal_bytes};

    fn bytes(text: &str) -> [u8; 32] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    /// RFC 9180 test vector of mode 0, KEM 0x0020, KDF 0x0001, AEAD 0x0002 (keys and `enc`); the first ciphertext
    /// from pyhpke 0.6.5 with that key.
    #[test]
    fn the_suite_is_that_of_rfc_9180() {
        let recipient = bytes("dac33b0e9db1b59dbbea58d59a14e7b5896e9bdf98fad6891e99d1686492b9ee");
        let ephemeral = bytes("2cd7c601cefb3d42a62b04b7a9041494c06c7843818e0ce28a8f704ae7ab20f9");
        let public = AnswerKey::from_ikm(&recipient).public();
        assert_eq!(
            hex::encode(public.0),
            "430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c"
        );
        let info = b"Ode on a Grecian Urn";
        let plaintext = b"Beauty is truth, truth beauty";
        let sealed = seal_bytes(&public, &ephemeral, info, b"Count-0", plaintext).unwrap();
        let (encapsulated, ciphertext) = sealed.split_at(32);
        assert_eq!(
            hex::encode(encapsulated),
            "6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256"
        );
        assert_eq!(
            hex::encode(ciphertext),
            "e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a"
        );
    }
}
