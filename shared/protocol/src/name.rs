//! Short machine names. There is no free text in what a Runner signs, so nothing can be smuggled out in one.

use std::{fmt, ops::Deref, str::FromStr};

use crate::text::{TextError, as_text};

/// A machine name: 1–64 of `A-Z a-z 0-9 . _ - + / : @`, beginning with a letter or a digit. No spaces.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Name(String);

impl Name {
    /// The longest name, in bytes.
    pub const LENGTH_MAX: usize = 64;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let rest =
            text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+/:@".contains(&byte));
        if first && rest && text.len() <= Self::LENGTH_MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(TextError("a name of 1 to 64 letters, digits and ._-+/:@"))
        }
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

as_text!(Name);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_holds_no_free_text() {
        for good in ["a", "3.0.19", "application/json", "urn:oid:1", "x86_64", &"n".repeat(64)] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        for bad in ["", "a b", "-rf", ".x", "naïve", "a\n", "a;b", &"n".repeat(65)] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }
}
