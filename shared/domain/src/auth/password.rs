//! Passwords as they are kept: bcrypt over a peppered HMAC, so that a stolen database alone cracks nothing.
//!
//! `hash = bcrypt(cost 12, salt, base64(HMAC-SHA-384(pepper, NFC(password))))`. The base64 is 64 characters: under bcrypt's limit of
//! 72 bytes and without NUL, so that neither truncation nor an early end can make two passwords equal (OWASP, Password Storage).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha384;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::{NewPassword, PasswordError};
use crate::{Class, Fault};

/// Code points of a password at most, after NFC: long enough for any passphrase, short enough to be no burden.
pub(super) const PASSWORD_CHARS_MAX: usize = 128;
/// 2¹² rounds: 241 ms of CPU on the machine of the design.
const COST: u32 = 12;
/// How [`PasswordRecord::hash`] is made.
const ALG: &str = "bcrypt12/hmac-sha384/v1";
/// How it was made once, with lower costs: still compared, and made anew when the password is shown next.
const FORMER: [&str; 2] = ["bcrypt11/hmac-sha384/v1", "bcrypt10/hmac-sha384/v1"];
/// The hash of 48 random bytes that were thrown away: unknown users cost the same work as known ones.
const DUMMY: &str = "$2b$12$KuVfGqJ2A0hKA/t5EGLZiespn/DV8u3hCCMcTaUt9jSgf3JN0zIf6";

/// A password as it was typed, in NFC; never shown.
///
/// No trimming and no case folding: a space at the end is part of it.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

impl Password {
    /// Takes what was typed.
    ///
    /// # Errors
    /// * [`PasswordError::TooLong`]: over 128 code points; refused before any work is spent on it.
    pub fn typed(text: &str) -> Result<Self, PasswordError> {
        let mut normal = Zeroizing::new(String::with_capacity(text.len().saturating_mul(3)));
        normal.extend(text.nfc());
        if normal.chars().count() > PASSWORD_CHARS_MAX {
            return Err(PasswordError::TooLong);
        }
        Ok(Self(SecretString::from(normal.as_str())))
    }

    pub(super) fn text(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The key that peppers passwords; kept apart from the database.
pub struct Pepper {
    /// Its name in records: `pp-1`.
    pub id: String,
    /// The key.
    pub key: SecretBox<[u8; 32]>,
}

/// A password as it is kept.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordRecord {
    /// How `hash` was made: `bcrypt12/hmac-sha384/v1`.
    alg: String,
    /// The pepper's name.
    pepper: String,
    /// The modular crypt format: `$2b$12$…`.
    hash: String,
}

/// Why a record cannot be compared with a password: our own data is wrong.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a password record of algorithm {alg:?} with pepper {pepper:?} cannot be read")]
pub struct RecordError {
    alg: String,
    pepper: String,
}

impl Fault for RecordError {
    fn class(&self) -> Class {
        Class::Internal
    }

    fn code(&self) -> &'static str {
        "internal"
    }
}

impl PasswordRecord {
    /// Hashes a password that the policy allowed. `salt` is 16 random bytes. Takes a quarter of a second of CPU.
    pub fn make(pepper: &Pepper, password: &NewPassword, salt: [u8; 16]) -> Self {
        Self::hashed(pepper, password.as_ref(), salt)
    }

    /// Hashes the password of a record that is not current, as new ones are hashed; the policy allowed it when it was chosen.
    pub fn remake(pepper: &Pepper, password: &Password, salt: [u8; 16]) -> Self {
        Self::hashed(pepper, password, salt)
    }

    fn hashed(pepper: &Pepper, password: &Password, salt: [u8; 16]) -> Self {
        let input = peppered(pepper, password.text());
        let hashed = bcrypt::non_truncating_hash_with_salt(input.as_bytes(), COST, salt);
        let hash =
            hashed.expect("64 bytes and cost 12 are within the limits of bcrypt").to_string();
        Self { alg: ALG.to_owned(), pepper: pepper.id.clone(), hash }
    }

    /// Whether this version knows how it was made.
    fn is_known(&self) -> bool {
        self.alg == ALG || FORMER.contains(&&*self.alg)
    }

    /// The name of the pepper that it was made with.
    pub fn pepper(&self) -> &str {
        &self.pepper
    }

    /// Whether it is made as new ones are: with this pepper, and today's algorithm and cost.
    pub fn is_current(&self, pepper: &Pepper) -> bool {
        self.alg == ALG && self.pepper == pepper.id
    }

    /// Whether `password` is the one of `record`; without a record, false after the same work.
    ///
    /// # Errors
    /// * [`RecordError`]: made with another algorithm or pepper than ours.
    pub fn verify(
        pepper: &Pepper,
        password: &Password,
        record: Option<&Self>,
    ) -> Result<bool, RecordError> {
        let compare = |input: &[u8], hash: &str| bcrypt::non_truncating_verify(input, hash);
        Self::verify_by(compare, pepper, password, record)
    }

    /// One call of `compare`, whether there is a record or not.
    fn verify_by(
        compare: impl FnOnce(&[u8], &str) -> Result<bool, bcrypt::BcryptError>,
        pepper: &Pepper,
        password: &Password,
        record: Option<&Self>,
    ) -> Result<bool, RecordError> {
        let refused =
            |record: &Self| RecordError { alg: record.alg.clone(), pepper: record.pepper.clone() };
        if let Some(record) =
            record.filter(|record| !record.is_known() || record.pepper != pepper.id)
        {
            return Err(refused(record));
        }
        let hash = record.map_or(DUMMY, |record| &record.hash);
        let right = compare(peppered(pepper, password.text()).as_bytes(), hash);
        match (right, record) {
            (Ok(right), Some(_)) => Ok(right),
            (Err(_), Some(record)) => Err(refused(record)),
            (_, None) => Ok(false),
        }
    }
}

/// What bcrypt is given: 64 characters of base64, whatever `text` is.
pub(super) fn peppered(pepper: &Pepper, text: &str) -> Zeroizing<String> {
    let mut mac = Hmac::<Sha384>::new_from_slice(pepper.key.expose_secret())
        .expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    Zeroizing::new(STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests;
