//! Which passwords may be chosen: by length and by what an attacker would try first, never by composition (NIST SP 800-63B-4 §3.1.1.2).

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::{Password, breach, password::PASSWORD_CHARS_MAX};
use crate::{Class, Fault};

/// Code points of a password at least. Legal because a second factor is mandatory; SP 800-63B-4 wants 15 where it is the only one.
const PASSWORD_CHARS_MIN: usize = 12;
/// Shorter parts of a name turn up by chance.
const CONTEXT_CHARS_MIN: usize = 4;
const PRODUCT: &str = "proofline";

/// Why a password may not be chosen.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PasswordError {
    /// Under 12 code points.
    #[error(
        "a password has at least {PASSWORD_CHARS_MIN} characters; several words make a good one"
    )]
    TooShort,
    /// Over 128 code points.
    #[error("a password has at most {PASSWORD_CHARS_MAX} characters")]
    TooLong,
    /// Contains a word that names the person, the organisation or the product.
    #[error(
        "the password contains a word that names you, your organisation or this product; choose one without"
    )]
    Guessable,
    /// Known from a breach, or made from such a one.
    #[error(
        "the password is one that attackers try first, because it leaked elsewhere; choose another one"
    )]
    Breached,
}

impl Fault for PasswordError {
    fn class(&self) -> Class {
        Class::Invalid
    }

    fn code(&self) -> &'static str {
        match self {
            Self::TooShort => "password-too-short",
            Self::TooLong => "password-too-long",
            Self::Guessable => "password-guessable",
            Self::Breached => "password-breached",
        }
    }
}

/// A password that the policy allows; only such a one is hashed.
#[derive(Clone, Debug)]
pub struct NewPassword(Password);

impl NewPassword {
    /// Checks a password against the policy.
    ///
    /// `context` names the person and the organisation: address, display name, tenant. They are split at everything that is not a letter or
    /// digit; parts of at least 4 characters may not occur in the password, whatever their case and with `0`, `1`, `3`, `4`, `5`, `7`, `@`,
    /// `$` and `!` read as the letters they stand for. Nor may it be one of the list of breached ones.
    ///
    /// # Errors
    /// * [`PasswordError`], one variant for each rule.
    pub fn choose(password: Password, context: &[&str]) -> Result<Self, PasswordError> {
        if password.text().chars().count() < PASSWORD_CHARS_MIN {
            return Err(PasswordError::TooShort);
        }
        let folded = fold(password.text());
        let mut words = context.iter().copied().chain([PRODUCT]).flat_map(words_of);
        if words.any(|word| folded.contains(fold(word).as_str())) {
            return Err(PasswordError::Guessable);
        }
        if breach::is_listed(&password) {
            return Err(PasswordError::Breached);
        }
        Ok(Self(password))
    }
}

impl AsRef<Password> for NewPassword {
    fn as_ref(&self) -> &Password {
        &self.0
    }
}

fn words_of(name: &str) -> impl Iterator<Item = &str> {
    name.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.chars().count() >= CONTEXT_CHARS_MIN)
}

/// What a person would read: compatibility forms, case and look-alikes folded.
pub(super) fn fold(text: &str) -> Zeroizing<String> {
    let letters = text.nfkc().flat_map(char::to_lowercase);
    Zeroizing::new(letters.map(unmask).collect())
}

fn unmask(letter: char) -> char {
    match letter {
        '0' => 'o',
        '1' | '!' | 'l' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn choose(text: &str, context: &[&str]) -> Result<(), PasswordError> {
        NewPassword::choose(Password::typed(text)?, context).map(drop)
    }

    #[test]
    fn twelve_code_points_are_enough_and_eleven_are_not() {
        assert_eq!(choose("xq2345678901", &[]), Ok(()));
        assert_eq!(choose("a234567890b", &[]), Err(PasswordError::TooShort));
        assert_eq!(choose("\u{e9}tait la nuit", &[]), Ok(()));
        // Twelve code points typed, eleven after NFC.
        assert_eq!(choose("e\u{301}1234567890", &[]), Err(PasswordError::TooShort));
        assert_eq!(choose(&"x".repeat(129), &[]), Err(PasswordError::TooLong));
    }

    #[test]
    fn a_word_that_names_the_person_the_tenant_or_the_product_is_refused() {
        let context = ["grace.hopper@navy.example", "Grace Hopper", "Acme Corp"];
        for text in [
            "my-acme-is-best",
            "GRACEFUL-summer",
            "h0pp3r-h0pp3r",
            "N@VY blue and white",
            "pr00f1ine rocks",
        ] {
            assert_eq!(choose(text, &context), Err(PasswordError::Guessable), "{text}");
        }
        assert_eq!(choose("correct horse battery", &context), Ok(()));
    }

    #[test]
    fn a_part_of_three_characters_is_no_context() {
        assert_eq!(choose("bob likes apples", &["bob@abc.example"]), Ok(()));
        assert_eq!(
            choose("bobb likes apples", &["bobb@abc.example"]),
            Err(PasswordError::Guessable)
        );
    }

    #[test]
    fn no_composition_is_asked_for() {
        assert_eq!(choose("vanadium kettles", &[]), Ok(()));
    }

    /// Threat T01, at the time when it is chosen.
    #[test]
    fn a_password_that_leaked_elsewhere_is_refused() {
        assert_eq!(choose("q1w2e3r4t5y6", &[]), Err(PasswordError::Breached));
        assert_eq!(choose("Sunshine2024!", &[]), Err(PasswordError::Breached));
    }

    proptest! {
        /// Fuzz target 11: never panics; what is allowed with more context is allowed with less.
        #[test]
        fn more_context_never_allows_more(text in "\\PC{0,140}", word in "\\PC{0,12}") {
            if choose(&text, &[&word]).is_ok() {
                prop_assert_eq!(choose(&text, &[]), Ok(()));
            }
        }
    }
}
