//! E-mail addresses: normalised, so that one person has one login, and indexed without being stored.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretBox};
use sha2::Sha256;

use crate::{Class, Fault};

/// Bytes of an address (RFC 5321 §4.5.3.1.3, less the angle brackets).
const ADDRESS_BYTES_MAX: usize = 254;
/// Bytes before the `@` (RFC 5321 §4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;

/// A normalised address: ASCII, lower case, exactly one `@`; one that letters can be sent to.
///
/// Case is folded before the `@` too, which RFC 5321 leaves to the receiving host: two people whose addresses differ in case alone
/// do not exist, one person who types both does. `Debug` does not show it.
#[derive(Clone, Eq, PartialEq)]
pub struct Email(String);

/// Why a text is not an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this is not an e-mail address of the form name@domain")]
pub struct EmailError;

impl Fault for EmailError {
    fn class(&self) -> Class {
        Class::Invalid
    }

    fn code(&self) -> &'static str {
        "email-invalid"
    }
}

impl Email {
    /// Normalises what a person typed; surrounding white space is dropped.
    ///
    /// # Errors
    /// * [`EmailError`].
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let address = text.trim().to_ascii_lowercase();
        let (local, domain) = address.split_once('@').ok_or(EmailError)?;
        if !is_local(local) || !is_domain(domain) || address.len() > ADDRESS_BYTES_MAX {
            return Err(EmailError);
        }
        Ok(Self(address))
    }

    /// The normalised address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the look-up from address to user is keyed by: base64url of HMAC-SHA-256(`key`, address), 43 characters.
    pub fn index(&self, key: &SecretBox<[u8; 32]>) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(key.expose_secret()).map(|mut mac| {
            mac.update(self.0.as_bytes());
            mac.finalize().into_bytes()
        });
        URL_SAFE_NO_PAD.encode(mac.expect("HMAC takes keys of any length"))
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email([redacted])")
    }
}

/// What a letter can be sent to without SMTPUTF8 (RFC 6531), unquoted, and what cannot start another address or header (RFC 5322 §3.4). Letters
/// of other scripts are not in it, nor what looks alike, is not seen or turns the writing around.
fn is_local(local: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"<>(),;:\\\"[]".contains(&byte);
    (1..=LOCAL_BYTES_MAX).contains(&local.len()) && local.bytes().all(is_plain)
}

fn is_domain(domain: &str) -> bool {
    domain.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_and_surrounding_space_do_not_make_another_person() {
        let ada = Email::parse("ada@example.com").unwrap();
        assert_eq!(Email::parse("  Ada@EXAMPLE.com\n"), Ok(ada));
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long_domain = format!("a@{}.com", "b".repeat(64));
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@@example.com",
            "a@b@c",
            "a da@example.com",
            "ada@exa mple.com",
            "ada@.com",
            "ada@-a.com",
            "ada@b\u{fc}cher.example",
            "a\0@example.com",
            "a\"b@example.com",
            "a,b@example.com",
            "a<b@example.com",
            &long_local,
            &long_domain,
        ] {
            assert_eq!(Email::parse(text), Err(EmailError), "{text:?}");
        }
        assert!(Email::parse(&format!("{}@example.com", "a".repeat(64))).is_ok());
        assert!(Email::parse("owner@localhost").is_ok());
        let label = "b".repeat(63);
        let address = |last: usize| format!("a@{label}.{label}.{label}.{}", "c".repeat(last));
        assert!(Email::parse(&address(60)).is_ok(), "254 bytes");
        assert_eq!(Email::parse(&address(61)), Err(EmailError), "255 bytes");
    }

    #[test]
    fn what_no_letter_reaches_or_could_be_taken_for_another_address_is_refused() {
        // Cyrillic a and o among Latin letters, Greek omicron, zero-width space, soft hyphen, right-to-left override, full-width and bold a,
        // Kelvin's sign, whose small letter is an ASCII k.
        for text in [
            "\u{430}da@example.com",
            "b\u{43e}b@example.com",
            "b\u{3bf}b@example.com",
            "a\u{200b}da@example.com",
            "a\u{ad}da@example.com",
            "a\u{202e}da@example.com",
            "\u{ff41}da@example.com",
            "\u{1d41a}da@example.com",
            "\u{212a}ate@example.com",
            "\u{430}\u{43d}\u{43d}\u{430}@example.com",
            "ren\u{e9}@example.com",
            "\u{5c71}\u{7530}@example.com",
        ] {
            assert_eq!(Email::parse(text), Err(EmailError), "{text:?}");
        }
        assert!(Email::parse("o'neil+a.b_c-d@example.com").is_ok());
    }

    /// Python: `base64.urlsafe_b64encode(hmac.new(bytes(range(32)), b'ada@example.com', hashlib.sha256).digest())`.
    #[test]
    fn the_index_is_the_mac_of_the_normalised_address() {
        let key = SecretBox::new(Box::new(std::array::from_fn(|n| u8::try_from(n).unwrap())));
        let index = Email::parse("Ada@example.com").unwrap().index(&key);
        assert_eq!(index, "XIILSlqsjzHrZ0GCW_7LjpfwBIjV7a7RrikIwp0Lfjg");
    }

    #[test]
    fn debug_does_not_show_it() {
        assert!(!format!("{:?}", Email::parse("ada@example.com").unwrap()).contains("ada"));
    }

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(local in "\\PC{1,20}", domain in "[A-Za-z0-9.-]{1,20}") {
            if let Ok(once) = Email::parse(&format!("{local}@{domain}")) {
                prop_assert_eq!(Email::parse(once.as_str()), Ok(once));
            }
        }
    }
}
