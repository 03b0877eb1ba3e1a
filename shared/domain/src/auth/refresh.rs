//! Refresh tokens: a session's generation under a MAC; nothing of them is stored.
//!
//! Shape: `r1.` base64url(`ver`(1) ‖ `kid`(1) ‖ tenant(16) ‖ session(16) ‖ generation(4, big-endian)) `.` base64url(HMAC-SHA-256 of those 38 bytes).
//! Verified before anything is read, so a forged one costs no storage; a copy of the database or of the key alone forges none.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use sha2::Sha256;

use crate::{Class, Fault, SessionId, TenantId};

const PREFIX: &str = "r1.";
const VERSION: u8 = 1;

/// The key of the MAC, and its number in tokens.
pub struct RefreshKey {
    /// Its number.
    pub kid: u8,
    /// The key.
    pub key: SecretBox<[u8; 32]>,
}

impl RefreshKey {
    /// The key of tokens in a restore epoch: after the database was restored, no refresh token of before counts.
    #[must_use]
    pub fn in_restore_epoch(self, epoch: u64) -> Self {
        if epoch == 0 {
            return self;
        }
        let label = format!("proofline refresh tokens, restore epoch {epoch}");
        let derived = mac(&self, label.as_bytes()).finalize().into_bytes();
        Self { kid: self.kid, key: SecretBox::new(Box::new(derived.into())) }
    }
}

/// What a refresh token says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RefreshToken {
    /// Whose.
    pub tenant: TenantId,
    /// Which session.
    pub session: SessionId,
    /// Which of the session's tokens, from 0.
    pub generation: u32,
}

/// Why a refresh token gives nothing: uniform, whatever is wrong with it or with its session.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the refresh token is not valid any more; sign in again")]
pub struct RefreshError;

impl Fault for RefreshError {
    fn class(&self) -> Class {
        Class::Unauthenticated
    }

    fn code(&self) -> &'static str {
        "refresh-invalid"
    }
}

impl RefreshToken {
    /// The token's text.
    pub fn seal(&self, key: &RefreshKey) -> SecretString {
        let body = self.body(key.kid);
        let tag = mac(key, &body).finalize().into_bytes();
        format!("{PREFIX}{}.{}", URL_SAFE_NO_PAD.encode(body), URL_SAFE_NO_PAD.encode(tag)).into()
    }

    /// Reads a token that one of `keys` made.
    ///
    /// # Errors
    /// * [`RefreshError`].
    pub fn open(text: &str, keys: &[RefreshKey]) -> Result<Self, RefreshError> {
        let (body, tag) =
            text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.')).ok_or(RefreshError)?;
        let decode = |part| URL_SAFE_NO_PAD.decode(part).map_err(|_| RefreshError);
        let (body, tag) = (decode(body)?, decode(tag)?);
        let kid = body.get(1).ok_or(RefreshError)?;
        let key = keys.iter().find(|key| key.kid == *kid).ok_or(RefreshError)?;
        mac(key, &body).verify_slice(&tag).map_err(|_| RefreshError)?;
        Self::read(&body).ok_or(RefreshError)
    }

    fn body(&self, kid: u8) -> Vec<u8> {
        let (tenant, session) = (self.tenant.to_bytes(), self.session.to_bytes());
        [[VERSION, kid].as_slice(), &tenant, &session, &self.generation.to_be_bytes()].concat()
    }

    fn read(body: &[u8]) -> Option<Self> {
        let (&[VERSION, _], rest) = body.split_first_chunk::<2>()? else { return None };
        let (tenant, rest) = rest.split_first_chunk::<16>()?;
        let (session, rest) = rest.split_first_chunk::<16>()?;
        let generation = u32::from_be_bytes(rest.try_into().ok()?);
        Some(Self {
            tenant: TenantId::from_u128(u128::from_be_bytes(*tenant)),
            session: SessionId::from_u128(u128::from_be_bytes(*session)),
            generation,
        })
    }
}

fn mac(key: &RefreshKey, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.key.expose_secret())
        .expect("HMAC takes keys of any length");
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kid: u8) -> RefreshKey {
        let key = std::array::from_fn(|n| u8::try_from(n).unwrap());
        RefreshKey { kid, key: SecretBox::new(Box::new(key)) }
    }

    fn token() -> RefreshToken {
        RefreshToken {
            tenant: TenantId::from_u128(0x017F_22E2_79B0_7CC3_98C4_DC0C_0C07_398F),
            session: SessionId::from_u128(0x017F_22E2_79B0_7CC3_98C4_DC0C_0C07_3990),
            generation: 5,
        }
    }

    /// Python: `hmac.new(bytes(range(32)), body, hashlib.sha256)` over `bytes([1, 7]) + tenant + session + (5).to_bytes(4, 'big')`.
    const TEXT: &str = "r1.AQcBfyLiebB8w5jE3AwMBzmPAX8i4nmwfMOYxNwMDAc5kAAAAAU.2Jcp9_pss8J1CsgmasWh4r6zoGi0B0IKvJz24tUdrRE";

    #[test]
    fn a_token_is_the_bytes_that_its_shape_says() {
        assert_eq!(token().seal(&key(7)).expose_secret(), TEXT);
        assert_eq!(RefreshToken::open(TEXT, &[key(6), key(7)]), Ok(token()));
    }

    /// Threat T34: without the key nobody makes one.
    #[test]
    fn every_single_change_of_the_text_is_refused() {
        for place in 0..TEXT.len() {
            for bit in 0..7 {
                let mut bytes = TEXT.as_bytes().to_vec();
                bytes[place] ^= 1 << bit;
                let text = String::from_utf8(bytes).unwrap();
                assert_eq!(RefreshToken::open(&text, &[key(7)]), Err(RefreshError), "{text}");
            }
        }
    }

    /// Python: `hmac.new(hmac.new(bytes(range(32)), b"proofline refresh tokens, restore epoch 3", "sha256").digest(), body, "sha256")`.
    const AFTER_THREE_RESTORES: &str = "-hoJ6ipMMLY0cP8EMqnhd0iFOf-9zL5AEeU1toK0UDw";

    #[test]
    fn a_token_counts_in_its_own_restore_epoch_alone() {
        let at = |epoch| key(7).in_restore_epoch(epoch);
        let sealed = token().seal(&at(3));
        assert_eq!(sealed.expose_secret().rsplit_once('.').unwrap().1, AFTER_THREE_RESTORES);
        for epoch in 0..5 {
            let opened = RefreshToken::open(sealed.expose_secret(), &[at(epoch)]);
            assert_eq!(opened.is_ok(), epoch == 3, "{epoch}");
        }
        assert_eq!(RefreshToken::open(TEXT, &[at(0)]), Ok(token()));
    }

    #[test]
    fn another_key_another_number_and_another_length_are_refused() {
        let other = RefreshKey { kid: 7, key: SecretBox::new(Box::new([1; 32])) };
        let refused = |text: &str, keys: &[RefreshKey]| RefreshToken::open(text, keys).is_err();
        assert!(refused(TEXT, &[other]));
        assert!(refused(TEXT, &[key(6)]));
        assert!(refused(TEXT, &[]));
        for text in ["", "r1.", "r1..", &TEXT[..60], &format!("{TEXT}="), &format!("{TEXT}.x")] {
            assert!(refused(text, &[key(7)]), "{text}");
        }
        // A body one byte longer or of another version, with a right MAC.
        for body in [[token().body(7), vec![0]].concat(), [&[2], &token().body(7)[1..]].concat()] {
            let tag = mac(&key(7), &body).finalize().into_bytes();
            let text =
                format!("r1.{}.{}", URL_SAFE_NO_PAD.encode(&body), URL_SAFE_NO_PAD.encode(tag));
            assert!(refused(&text, &[key(7)]), "{text}");
        }
    }
}
