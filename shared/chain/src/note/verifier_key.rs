//! Public keys with names, and their one spelling.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::VerifyingKey;

use super::{NoteError, check_name};
use crate::Hash;

const ED25519: u8 = 0x01;

/// A public key and the name under which it signs. Written `name+<4-byte id in hex>+<base64 of 0x01 ‖ key>`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifierKey {
    pub(super) name: String,
    pub(super) key: VerifyingKey,
}

impl VerifierKey {
    /// The key with this name.
    ///
    /// # Errors
    /// [`NoteError::Name`] for a name that a signature line cannot hold.
    pub fn new(name: &str, key: VerifyingKey) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), key })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of `SHA-256(name ‖ 0x0a ‖ 0x01 ‖ key)`: tells keys apart, proves nothing.
    pub fn id(&self) -> [u8; 4] {
        key_id(&self.name, ED25519, &self.key)
    }

    /// The key itself, without its name.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write_key(&self.name, ED25519, &self.key))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, key) = read_key(text, ED25519)?;
        Ok(Self { name, key })
    }
}

/// The identifier of an Ed25519 key that makes signatures of type `kind` under `name`.
pub(crate) fn key_id(name: &str, kind: u8, key: &VerifyingKey) -> [u8; 4] {
    let bytes = [name.as_bytes(), b"\n", &[kind], key.as_bytes()].concat();
    let [a, b, c, d, ..] = Hash::of(&bytes).0;
    [a, b, c, d]
}

/// A verifier key as text: `name+<id in hex>+<base64 of kind ‖ key>`.
pub(crate) fn write_key(name: &str, kind: u8, key: &VerifyingKey) -> String {
    let encoded = STANDARD.encode([&[kind], key.as_bytes().as_slice()].concat());
    format!("{name}+{}+{encoded}", hex::encode(key_id(name, kind, key)))
}

/// Name and key of what [`write_key`] writes for signatures of type `kind`; nothing else.
pub(crate) fn read_key(text: &str, kind: u8) -> Result<(String, VerifyingKey), NoteError> {
    let (name, rest) = text.split_once('+').ok_or(NoteError::Key("it has no plus"))?;
    let (_, key) = rest.split_once('+').ok_or(NoteError::Key("it has one plus"))?;
    let key = STANDARD.decode(key).map_err(|_| NoteError::Key("it does not end in base64"))?;
    let key = match key.split_first() {
        Some((found, key)) if *found == kind => key.try_into().ok(),
        Some(_) | None => return Err(NoteError::Key("it is for another type of signature")),
    };
    let key = key.ok_or(NoteError::Key("an Ed25519 key has 32 bytes"))?;
    let key = VerifyingKey::from_bytes(key);
    let key = key.map_err(|_| NoteError::Key("it is not a point of the curve"))?;
    check_name(name)?;
    // Every key has one spelling: this also checks the id.
    if write_key(name, kind, &key) == text {
        Ok((name.to_owned(), key))
    } else {
        Err(NoteError::Key("its id is not that of the key"))
    }
}
