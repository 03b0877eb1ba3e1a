//! A root key under a passphrase: Argon2id (RFC 9106) gives the key that wraps it (AES-256 key wrap, RFC 3394).

use std::path::Path;

use aes_kw::{KeyInit as _, KwAes256};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::RootKey;
use crate::OpenError;

/// What a passphrase has at least: Argon2id slows guesses, and a shorter one is guessed all the same.
pub const PASSPHRASE_CHARS_MIN: usize = 12;
/// Longest text of [`Protected`], with room.
pub(super) const PROTECTED_BYTES_MAX: u64 = 1024;

const FORMAT: &str = "proofline/root-key/1";
const KDF: &str = "argon2id";
/// 64 MiB, 3 passes, 4 lanes: the second recommended option of RFC 9106 §4.
const COST: Cost = Cost { m_kib: 65_536, t: 3, p: 4 };
/// More than this is no file of ours: whoever changed it wants the machine's memory.
const COST_MAX: Cost = Cost { m_kib: 1_048_576, t: 16, p: 16 };

/// What Argon2id costs: kibibytes, passes, lanes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Cost {
    m_kib: u32,
    t: u32,
    p: u32,
}

/// Shape: `{"format":"proofline/root-key/1","kdf":"argon2id","cost":{"m_kib":65536,"t":3,"p":4},"salt":"<base64, 16 bytes>","wrapped":"<base64, 40 bytes>"}`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Protected {
    format: String,
    kdf: String,
    cost: Cost,
    salt: String,
    wrapped: String,
}

impl Protected {
    /// Puts `key` under `passphrase`. Takes 64 MiB and a fraction of a second.
    ///
    /// # Errors
    /// * [`OpenError::PassphraseShort`].
    pub(super) fn new(
        key: &RootKey,
        passphrase: &SecretString,
        salt: [u8; 16],
    ) -> Result<Self, OpenError> {
        if passphrase.expose_secret().chars().count() < PASSPHRASE_CHARS_MIN {
            return Err(OpenError::PassphraseShort);
        }
        let mut wrapped = [0; 40];
        let wrapping = wrapping_key(passphrase, &salt, COST).ok_or(OpenError::Argon2)?;
        KwAes256::new(&(*wrapping).into())
            .wrap_key(key.as_slice(), &mut wrapped)
            .map_err(|_| OpenError::Argon2)?;
        Ok(Self {
            format: FORMAT.to_owned(),
            kdf: KDF.to_owned(),
            cost: COST,
            salt: STANDARD.encode(salt),
            wrapped: STANDARD.encode(wrapped),
        })
    }

    /// `None` when this is no root key of this format.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let parsed: Self = serde_json::from_slice(bytes).ok()?;
        let Cost { m_kib, t, p } = parsed.cost;
        let is_bounded = m_kib <= COST_MAX.m_kib && t <= COST_MAX.t && p <= COST_MAX.p;
        (parsed.format == FORMAT && parsed.kdf == KDF && is_bounded).then_some(parsed)
    }

    pub(super) fn to_text(&self) -> String {
        serde_json::json!(self).to_string() + "\n"
    }

    /// Gives the key back.
    ///
    /// # Errors
    /// * [`OpenError::PassphraseMissing`], [`OpenError::Passphrase`]; [`OpenError::RootKey`] when the text is damaged.
    pub(super) fn open(
        &self,
        path: &Path,
        passphrase: Option<&SecretString>,
    ) -> Result<RootKey, OpenError> {
        let passphrase = passphrase.ok_or_else(|| OpenError::PassphraseMissing(path.to_owned()))?;
        let damaged = || OpenError::RootKey(path.to_owned());
        let salt = STANDARD.decode(&self.salt).map_err(|_| damaged())?;
        let wrapped = STANDARD.decode(&self.wrapped).map_err(|_| damaged())?;
        let wrapping = wrapping_key(passphrase, &salt, self.cost).ok_or_else(damaged)?;
        let mut key = Zeroizing::new([0; 32]);
        if wrapped.len() != 40 {
            return Err(damaged());
        }
        KwAes256::new(&(*wrapping).into())
            .unwrap_key(&wrapped, key.as_mut_slice())
            .map_err(|_| OpenError::Passphrase(path.to_owned()))?;
        Ok(key)
    }
}

/// `None` when Argon2 knows no such cost or salt.
fn wrapping_key(passphrase: &SecretString, salt: &[u8], cost: Cost) -> Option<RootKey> {
    let mut key = Zeroizing::new([0; 32]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params(cost)?);
    argon2
        .hash_password_into(passphrase.expose_secret().as_bytes(), salt, key.as_mut_slice())
        .ok()?;
    Some(key)
}

fn params(Cost { m_kib, t, p }: Cost) -> Option<Params> {
    Params::new(m_kib, t, p, Some(32)).ok()
}

#[cfg(test)]
mod tests {
    use argon2::{AssociatedData, ParamsBuilder};

    use super::*;

    /// RFC 9106 §5.3: Argon2id with password, salt, secret and associated data.
    #[test]
    fn the_derivation_is_the_argon2id_of_rfc_9106() {
        let params = ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(AssociatedData::new(&[4; 12]).unwrap())
            .build()
            .unwrap();
        let argon2 =
            Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
        let mut tag = [0; 32];
        argon2.hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
        let expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";
        assert_eq!(hex::encode(tag), expected);
    }

    /// The reference implementation through argon2-cffi 25.1.0: `hash_secret_raw(b"correct horse battery staple", bytes(range(16)), time_cost=3,
    /// memory_cost=65536, parallelism=4, hash_len=32, type=Type.ID)`, and cryptography's `aes_key_wrap` of `bytes([7]) * 32` with that.
    #[test]
    fn a_protected_key_is_what_other_implementations_make_of_it() {
        let salt = std::array::from_fn(|n| u8::try_from(n).unwrap());
        let passphrase = SecretString::from("correct horse battery staple");
        let made = Protected::new(&Zeroizing::new([7; 32]), &passphrase, salt).unwrap();
        let wrapped = STANDARD.decode(&made.wrapped).unwrap();
        assert_eq!(hex::encode(wrapped), WRAPPED_ELSEWHERE);
        let text = made.to_text();
        let parsed = Protected::parse(text.as_bytes()).unwrap();
        assert_eq!(parsed.cost, COST);
        let opened = parsed.open(Path::new("k"), Some(&passphrase)).unwrap();
        assert_eq!(*opened, [7; 32]);
        assert!(u64::try_from(text.len()).unwrap() < PROTECTED_BYTES_MAX);
        let wrong = parsed.open(Path::new("k"), Some(&"correct horse battery stapler".into()));
        assert!(matches!(wrong, Err(OpenError::Passphrase(_))), "{wrong:?}");
        assert!(matches!(parsed.open(Path::new("k"), None), Err(OpenError::PassphraseMissing(_))));
    }

    const WRAPPED_ELSEWHERE: &str =
        "f9f0eb1d74a78149b7bbd35541e6d0016ef2b26d767278b3b559091d7583e007147450236a4a2242";

    #[test]
    fn a_cost_that_would_take_the_machine_s_memory_is_refused_before_it_is_spent() {
        let text = |m_kib: u32, t: u32, p: u32| {
            format!(
                r#"{{"format":"proofline/root-key/1","kdf":"argon2id","cost":{{"m_kib":{m_kib},"t":{t},"p":{p}}},"salt":"","wrapped":""}}"#
            )
        };
        assert!(Protected::parse(text(1_048_576, 16, 16).as_bytes()).is_some());
        for beyond in [text(1_048_577, 3, 4), text(65_536, 17, 4), text(65_536, 3, 17)] {
            assert!(Protected::parse(beyond.as_bytes()).is_none(), "{beyond}");
        }
        let other = text(65_536, 3, 4).replace("argon2id", "scrypt");
        assert!(Protected::parse(other.as_bytes()).is_none());
    }

    #[test]
    fn a_passphrase_of_eleven_characters_is_too_short() {
        let new = |text: &str| Protected::new(&Zeroizing::new([7; 32]), &text.into(), [1; 16]);
        assert!(matches!(new("eleven char"), Err(OpenError::PassphraseShort)));
        assert!(new("twelve chars").is_ok());
    }
}
