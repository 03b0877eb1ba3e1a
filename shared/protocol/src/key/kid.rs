//! Names of keys.

use std::{fmt, str::FromStr};

use crate::{Base64Url, TextError, text::as_text};

/// The name of a key: the RFC 7638 SHA-256 thumbprint of its JWK, as 43 characters of base64url.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Kid(pub [u8; 32]);

impl fmt::Display for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Base64Url(self.0), f)
    }
}

impl fmt::Debug for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Kid {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let bytes: Base64Url<32> =
            text.parse().map_err(|_| TextError("a key's thumbprint of 43 base64url characters"))?;
        Ok(Self(bytes.0))
    }
}

as_text!(Kid);
