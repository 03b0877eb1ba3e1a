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
/// How [`PasswordRecord::hash`] was made.
const ALG: &str = "bcrypt12/hmac-sha384/v1";
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
        let hashed = bcrypt::non_truncating_hash_with_salt(
            peppered(pepper, password.as_ref()).as_bytes(),
            COST,
            salt,
        );
        let hash =
            hashed.expect("64 bytes and cost 12 are within the limits of bcrypt").to_string();
        Self { alg: ALG.to_owned(), pepper: pepper.id.clone(), hash }
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
        let refused =
            |record: &Self| RecordError { alg: record.alg.clone(), pepper: record.pepper.clone() };
        if let Some(record) =
            record.filter(|record| record.alg != ALG || record.pepper != pepper.id)
        {
            return Err(refused(record));
        }
        let hash = record.map_or(DUMMY, |record| &record.hash);
        let right = bcrypt::non_truncating_verify(peppered(pepper, password).as_bytes(), hash);
        match (right, record) {
            (Ok(right), Some(_)) => Ok(right),
            (Err(_), Some(record)) => Err(refused(record)),
            (_, None) => Ok(false),
        }
    }
}

fn peppered(pepper: &Pepper, password: &Password) -> Zeroizing<String> {
    let mut mac = Hmac::<Sha384>::new_from_slice(pepper.key.expose_secret())
        .expect("HMAC takes keys of any length");
    mac.update(password.text().as_bytes());
    Zeroizing::new(STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pepper() -> Pepper {
        let key = std::array::from_fn(|n| u8::try_from(n).unwrap());
        Pepper { id: "pp-1".into(), key: SecretBox::new(Box::new(key)) }
    }

    fn typed(text: &str) -> Password {
        Password::typed(text).unwrap()
    }

    fn record(text: &str) -> PasswordRecord {
        let salt = std::array::from_fn(|n| u8::try_from(n + 16).unwrap());
        PasswordRecord::make(&pepper(), &NewPassword::choose(typed(text), &[]).unwrap(), salt)
    }

    fn accepts(record: &PasswordRecord, text: &str) -> bool {
        PasswordRecord::verify(&pepper(), &typed(text), Some(record)).unwrap()
    }

    /// The table of Openwall's `crypt_blowfish`, in `wrapper.c`, and the same through libxcrypt (Perl's `crypt`).
    #[test]
    fn bcrypt_gives_the_hashes_of_openwall() {
        for (password, hash) in [
            ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
            ("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
            ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
        ] {
            assert!(bcrypt::non_truncating_verify(password, hash).unwrap(), "{password}");
            assert!(!bcrypt::non_truncating_verify("U*u", hash).unwrap(), "{password}");
        }
    }

    /// RFC 4231 §4.2 and §4.3: test cases 1 and 2 of HMAC-SHA-384.
    #[test]
    fn hmac_sha_384_gives_the_macs_of_rfc_4231() {
        let mac = |key: &[u8], data: &[u8]| {
            let mut mac = Hmac::<Sha384>::new_from_slice(key).unwrap();
            mac.update(data);
            hex::encode(mac.finalize().into_bytes())
        };
        assert_eq!(
            mac(&[0x0b; 20], b"Hi There"),
            "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6"
        );
        assert_eq!(
            mac(b"Jefe", b"what do ya want for nothing?"),
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"
        );
    }

    /// Python with libxcrypt: `crypt.crypt(b64encode(hmac.new(bytes(range(32)), NFC(password), 'sha384').digest()), '$2b$12$' + salt)`
    /// with the salt `bytes(range(16, 32))` in bcrypt's own base64.
    #[test]
    fn a_record_holds_the_hash_that_libxcrypt_gives() {
        for (password, hash) in [
            (
                "correct horse battery staple",
                "$2b$12$C/CQCvOTDfaWEPmZF/ycFupMH0TEu4f5TCxD1oEetPnyjR3tyAOUq",
            ),
            (
                "caf\u{e9} sur la place",
                "$2b$12$C/CQCvOTDfaWEPmZF/ycFuxun1hkWjiDBpeokoDLiuf2xaTXsZl2G",
            ),
            ("nul\0nul\0nul\0nul", "$2b$12$C/CQCvOTDfaWEPmZF/ycFuhfnF9VEZxo4hqaGRhtqIDz3hkEfr4vS"),
        ] {
            let json = serde_json::to_value(record(password)).unwrap();
            let expected = serde_json::json!({"alg": "bcrypt12/hmac-sha384/v1", "pepper": "pp-1", "hash": hash});
            assert_eq!(json, expected, "{password:?}");
        }
    }

    #[test]
    fn neither_length_nor_nul_makes_two_passwords_equal() {
        let long = record(&format!("{}X", "a".repeat(99)));
        assert!(accepts(&long, &format!("{}X", "a".repeat(99))));
        assert!(!accepts(&long, &format!("{}Y", "a".repeat(99))));
        assert!(!accepts(&record("nul\0nul\0nul\0nul"), "nul\0nul\0nul\0nux"));
    }

    #[test]
    fn composition_does_not_matter_and_a_trailing_space_does() {
        let record = record("caf\u{e9} sur la place");
        assert!(accepts(&record, "cafe\u{301} sur la place"));
        assert!(!accepts(&record, "caf\u{e9} sur la place "));
        assert!(!accepts(&record, "CAF\u{c9} sur la place"));
    }

    #[test]
    fn without_the_pepper_the_hash_accepts_nothing() {
        let record = record("correct horse battery staple");
        let other = Pepper { key: SecretBox::new(Box::new([9; 32])), ..pepper() };
        let password = typed("correct horse battery staple");
        assert_eq!(PasswordRecord::verify(&other, &password, Some(&record)), Ok(false));
        let renamed = Pepper { id: "pp-2".into(), ..pepper() };
        assert!(PasswordRecord::verify(&renamed, &password, Some(&record)).is_err());
    }

    /// The dummy is a well-formed hash of the same cost, so an unknown user costs one bcrypt, as a known one does.
    #[test]
    fn an_unknown_user_costs_the_same_work() {
        assert_eq!(DUMMY.parse::<bcrypt::HashParts>().unwrap().get_cost(), COST);
        assert!(!bcrypt::non_truncating_verify("x", DUMMY).unwrap());
        assert_eq!(PasswordRecord::verify(&pepper(), &typed("correct horse"), None), Ok(false));
    }

    #[test]
    fn a_password_of_128_code_points_is_taken_and_one_of_129_is_not() {
        assert!(Password::typed(&"\u{1f40e}".repeat(128)).is_ok());
        assert_eq!(Password::typed(&"a".repeat(129)).err(), Some(PasswordError::TooLong));
        // Counted after NFC: 256 code points typed, 128 composed.
        assert!(Password::typed(&"e\u{301}".repeat(128)).is_ok());
    }

    #[test]
    fn debug_does_not_show_it() {
        assert!(!format!("{:?}", typed("hunter2hunter2")).contains("hunter2"));
    }
}
