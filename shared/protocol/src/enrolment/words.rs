//! Six words that two people, or one person and two screens, can compare.

use domain::{EnrolmentId, RunnerId, TenantId};
use serde::{Deserialize, Serialize};

use crate::{Digest, Nonce, canonical, canonical::CanonicalError, key::Kid};

const DOMAIN: &[u8] = b"proofline-words-v1\0";
const BITS_PER_WORD: u32 = 11;

/// How many words there are: 2¹¹.
pub const WORDS: u16 = 2048;

/// Everything that was said in an enrolment. Whoever stands in between and changes any of it changes the words.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// The SHA-256 of the token's secret.
    pub token_secret_sha256: Digest,
    /// The tenant.
    pub tenant: TenantId,
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// What the Runner is called.
    pub runner: RunnerId,
    /// The Runner's key.
    pub sign_kid: Kid,
    /// The SHA-256 of the payload bytes of the Runner's certificate.
    pub certificate_sha256: Digest,
    /// The control plane's root key.
    pub root_kid: Kid,
    /// The Runner's nonce.
    pub nonce: Nonce,
}

impl Transcript {
    /// The six words: the first 66 bits of SHA-256("proofline-words-v1\0" ‖ RFC 8785 bytes of the transcript), 11
    /// bits each.
    ///
    /// # Errors
    /// [`CanonicalError`]: never; every field is text.
    pub fn words(&self) -> Result<[String; 6], CanonicalError> {
        let Digest(digest) = Digest::of_parts(&[DOMAIN, &canonical::to_vec(self)?]);
        let first: [u8; 16] = std::array::from_fn(|i| digest.get(i).copied().unwrap_or(0));
        let bits = u128::from_be_bytes(first);
        Ok(std::array::from_fn(|i| {
            let place = u32::try_from(i).unwrap_or(0);
            let shifted = bits >> (u128::BITS - BITS_PER_WORD * (place + 1));
            word(u16::try_from(shifted & 0x7ff).unwrap_or(0))
        }))
    }
}

/// Word number `index` modulo 2048: consonant, vowel, consonant, vowel. All differ, and none is longer to say than
/// another.
///
/// From the most significant bit on: 4 bits for the first consonant, 2 for the vowel, 4 for the second consonant, 1
/// for the last vowel. The two consonant lists differ so as to leave out words that one would not like to read aloud.
pub fn word(index: u16) -> String {
    const FIRST: &[u8; 16] = b"bdfgjklmnrstvwyz";
    const VOWEL: &[u8; 4] = b"aiou";
    const SECOND: &[u8; 16] = b"bdfhjlmnprstvwyz";
    const LAST: &[u8; 2] = b"ao";
    let letters = [
        pick(FIRST, index >> 7),
        pick(VOWEL, index >> 5),
        pick(SECOND, index >> 1),
        pick(LAST, index),
    ];
    letters.into_iter().collect()
}

fn pick(letters: &[u8], bits: u16) -> char {
    letters
        .iter()
        .cycle()
        .nth(usize::from(bits) % letters.len())
        .map_or('?', |letter| char::from(*letter))
}
