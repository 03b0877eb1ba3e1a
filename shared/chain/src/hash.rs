//! SHA-256 values.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};

/// A SHA-256 value: 64 lower-case hexadecimal digits in rows and documents, base64 in notes.
#[derive(Clone, Copy, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Hash(pub [u8; 32]);

/// Why a text is not a hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a SHA-256 value: 64 lower-case hexadecimal digits, or base64 of 32 bytes in a note")]
pub struct HashError;

impl Hash {
    /// What the first row of a log has in place of its predecessor.
    pub const ZERO: Self = Self([0; 32]);

    /// SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// As in rows: 64 lower-case hexadecimal digits.
    pub fn to_hex(self) -> [u8; 64] {
        let mut digits = [b'0'; 64];
        for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            *pair = [hex_digit(byte >> 4), hex_digit(byte & 0x0f)];
        }
        digits
    }

    /// As in notes: base64 with padding (RFC 4648 §4).
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads what [`to_base64`](Self::to_base64) writes.
    ///
    /// # Errors
    /// [`HashError`] when the text is not the base64 of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, HashError> {
        let bytes = STANDARD.decode(text).map_err(|_| HashError)?;
        bytes.try_into().map(Self).map_err(|_| HashError)
    }
}

const fn hex_digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + (value - 10) }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let mut hash = Self::ZERO;
        hex::decode_to_slice(text, &mut hash.0).map_err(|_| HashError)?;
        // `hex` also reads upper case; a hash has one spelling.
        if hash.to_hex() == text.as_bytes() { Ok(hash) } else { Err(HashError) }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4, SHA-256 of "abc" (NIST example values).
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_hash_is_written_in_lower_case_hexadecimal() {
        let hash = Hash::of(b"abc");
        assert_eq!(hash.to_string(), ABC);
        assert_eq!(hash.to_hex(), ABC.as_bytes());
        assert_eq!(ABC.parse(), Ok(hash));
    }

    #[test]
    fn a_hash_has_one_spelling() {
        for text in
            [ABC.to_uppercase(), ABC[1..].to_owned(), format!("{ABC}0"), ABC.replace('b', "g")]
        {
            assert_eq!(text.parse::<Hash>(), Err(HashError), "{text}");
        }
        let base64 = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        assert_eq!(Hash::from_base64(base64), Ok(Hash::of(b"abc")));
        // The last digit carries two unused bits: `0` and `1` would decode to the same bytes.
        assert_eq!(Hash::from_base64(&base64.replace("0=", "1=")), Err(HashError));
    }
}
