//! What we store of a wrapped key: which version of the vault's key wrapped it, so that rotation leaves it readable.
//!
//! ```text
//! 0x01 ‖ 32 characters 0-9a-f: the version of the vault's key ‖ RSA-OAEP-256
//! ```

use ports::KeyError;

const FORMAT: u8 = 1;
const VERSION_CHARS: usize = 32;

/// A wrapped key, taken apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Wrapped<'a> {
    pub(super) version: &'a str,
    pub(super) ciphertext: &'a [u8],
}

impl<'a> Wrapped<'a> {
    /// Takes it apart. The version becomes part of a URL, so it is what a vault gives and nothing else.
    ///
    /// # Errors
    /// * [`KeyError::Invalid`].
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, KeyError> {
        let Some((&FORMAT, rest)) = bytes.split_first() else { return Err(KeyError::Invalid) };
        let (version, ciphertext) =
            rest.split_at_checked(VERSION_CHARS).ok_or(KeyError::Invalid)?;
        let version = str::from_utf8(version).map_err(|_| KeyError::Invalid)?;
        if !is_version(version) || ciphertext.is_empty() {
            return Err(KeyError::Invalid);
        }
        Ok(Self { version, ciphertext })
    }

    pub(super) fn write(self) -> Vec<u8> {
        [&[FORMAT], self.version.as_bytes(), self.ciphertext].concat()
    }
}

/// Whether a vault names versions so: 32 hexadecimal digits.
pub(super) fn is_version(text: &str) -> bool {
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == VERSION_CHARS && text.bytes().all(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn what_is_written_is_read_back() {
        let wrapped = Wrapped { version: VERSION, ciphertext: &[7; 384] };
        let bytes = wrapped.write();
        assert_eq!(bytes.len(), 1 + 32 + 384);
        assert_eq!(bytes[0], 1);
        assert_eq!(Wrapped::read(&bytes), Ok(wrapped));
    }

    #[test]
    fn a_version_that_would_reach_another_path_is_refused() {
        for version in [
            "../../secrets/mail-password/0000",
            "0123456789abcdef0123456789abcde/",
            "0123456789ABCDEF0123456789ABCDEF",
            "0123456789abcdef0123456789abcd%2",
        ] {
            let bytes = Wrapped { version, ciphertext: &[7; 384] }.write();
            assert_eq!(Wrapped::read(&bytes), Err(KeyError::Invalid), "{version}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let good = Wrapped { version: VERSION, ciphertext: &[7] }.write();
        assert!(Wrapped::read(&good).is_ok());
        for end in 0..good.len() {
            assert_eq!(Wrapped::read(&good[..end]), Err(KeyError::Invalid), "{end} bytes");
        }
        for format in [0, 2, 255] {
            let changed = [&[format], &good[1..]].concat();
            assert_eq!(Wrapped::read(&changed), Err(KeyError::Invalid), "format {format}");
        }
    }
}
