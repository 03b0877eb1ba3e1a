//! Bytes that travel as text (RFC 4648). Both encodings have one text for one value: wrong padding and stray bits are
//! refused.

use std::{fmt, str::FromStr};

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};

use crate::text::{TextError, as_text};

/// Bytes as base64 with padding (RFC 4648 §4).
#[derive(Clone, Default, Eq, Hash, PartialEq)]
pub struct Base64(pub Vec<u8>);

/// `N` bytes as base64url without padding (RFC 4648 §5).
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Base64Url<const N: usize>(pub [u8; N]);

/// `bytes` as base64url without padding, for a place in an address.
pub fn to_base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes that [`to_base64url`] wrote as `text`.
///
/// # Errors
/// [`TextError`]: it is not base64url without padding.
pub fn from_base64url(text: &str) -> Result<Vec<u8>, TextError> {
    BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| TextError("base64url without padding"))
}

/// 16 random bytes that are used once.
pub type Nonce = Base64Url<16>;

impl fmt::Display for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl fmt::Debug for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base64({} bytes)", self.0.len())
    }
}

impl FromStr for Base64 {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        BASE64_STANDARD.decode(text).map(Self).map_err(|_| TextError("base64 with padding"))
    }
}

as_text!(Base64);

impl<const N: usize> fmt::Display for Base64Url<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl<const N: usize> fmt::Debug for Base64Url<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> FromStr for Base64Url<N> {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let refused = TextError("base64url of the right length without padding");
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| refused)?;
        bytes.try_into().map(Self).map_err(|_| refused)
    }
}

as_text!(Base64Url<N>, const N: usize);

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648 §10.
    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(Base64(bytes.into()).to_string(), text);
            assert_eq!(text.parse(), Ok(Base64(bytes.into())));
        }
    }

    #[test]
    fn a_second_text_for_the_same_bytes_is_refused() {
        for bad in ["Zg", "Zg=", "Zh==", "Zg==\n", "Zm9v=", "Zm9_"] {
            assert!(bad.parse::<Base64>().is_err(), "{bad}");
        }
        assert_eq!("_w".parse(), Ok(Base64Url([0xff])));
        for bad in ["_w==", "/w", "_x", "_ww", ""] {
            assert!(bad.parse::<Base64Url<1>>().is_err(), "{bad}");
        }
        assert_eq!(from_base64url(&to_base64url(b"\xff\xfe{")), Ok(b"\xff\xfe{".to_vec()));
        assert!(from_base64url("_w==").is_err());
    }
}
