//! The answer, which only the viewer can read.

use domain::{Class, DrilldownId, Fault};
use seal::{HYBRID_OVERHEAD, HybridKey, seal_to};

use super::DisclosureRequest;
use crate::{
    Base64Url, Digest,
    canonical::{self, CanonicalError},
    commitment::{CommitmentError, DISCLOSURE_MAX, Disclosure},
    strict_json::{self, JsonError},
};

/// The longest sealed answer, in bytes: the longest disclosure, an X25519 key and a GCM tag.
pub const ANSWER_MAX: usize = DISCLOSURE_MAX + HYBRID_OVERHEAD;
const INFO: &[u8] = b"proofline-drilldown-v1\0";

/// The viewer's key for one answer: X25519, made for one request and thrown away after it.
pub struct AnswerKey(HybridKey);

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
        Self(HybridKey::from_ikm(ikm))
    }

    /// What the request carries.
    pub const fn public(&self) -> Base64Url<32> {
        Base64Url(self.0.public())
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
        let plaintext =
            self.0.open(&info(request_sha256), drilldown.to_string().as_bytes(), sealed);
        Ok(strict_json::parse(&plaintext.map_err(|_| AnswerError::Sealed)?, DISCLOSURE_MAX)?)
    }
}

/// Seals `disclosure` to the viewer's key `hpke_public` as the answer to one request in one drill-down.
///
/// HPKE base mode (RFC 9180 §5.1.1): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM ([`seal_to`]); info =
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
    let (info, aad) = (info(request_sha256), drilldown.to_string());
    let sealed = seal_to(&hpke_public.0, ikm, (&info, aad.as_bytes()), &plaintext);
    sealed.map_err(|_| AnswerError::Key)
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
