//! Passwords that leaked elsewhere: a list that ships with us, and the ranges of Have I Been Pwned.
//!
//! The list is looked up here. A range is asked for outside: five hexadecimal digits of a SHA-1 leave the house, and what comes back is
//! searched here (<https://haveibeenpwned.com/API/v3#PwnedPasswords>, k-anonymity).

use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use zeroize::Zeroizing;

use super::{Password, policy::fold};
use crate::Timestamp;

/// Sorted 8-byte prefixes of SHA-256; `data/README.md` says of what, and under which licence.
static LIST: &[u8] = include_bytes!("../../breached/breached.bin");
const PREFIX_BYTES: usize = 8;
/// Digits and signs around a listed word that do not make it a good one.
const DECORATION_CHARS_MAX: usize = 8;
/// Fewer characters, repeated, are a rhythm and no password.
const UNIT_CHARS_MIN: usize = 4;
/// Hexadecimal digits that are sent.
const SENT_DIGITS: usize = 5;

/// What is known of a password's presence in breaches.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Breach {
    /// Nobody answered yet; asked again at the next login.
    #[default]
    Pending,
    /// It was in none.
    Clear {
        /// When that was asked.
        at: Timestamp,
    },
    /// It is in one: a new password is needed before the next session.
    Found {
        /// When that was found.
        at: Timestamp,
    },
}

impl Breach {
    /// An answer is asked for again after this.
    pub const RECHECK: Duration = Duration::from_hours(30 * 24);

    /// Whether it is worth asking at `now`.
    pub fn is_due(self, now: Timestamp) -> bool {
        match self {
            Self::Pending => true,
            Self::Clear { at } => now.since(at) >= Self::RECHECK,
            Self::Found { .. } => false,
        }
    }

    /// Whether the password may open no session any more.
    pub const fn is_found(self) -> bool {
        match self {
            Self::Found { .. } => true,
            Self::Pending | Self::Clear { .. } => false,
        }
    }
}

/// Whether the list has the password, whatever its case and look-alikes; also as a listed word with at most 8 digits or signs around it,
/// and as a listed word, or anything of up to three characters, that is repeated.
pub fn is_listed(password: &Password) -> bool {
    let text = password.text();
    let bare = text.trim_matches(|letter: char| !letter.is_alphabetic());
    let decoration = text.chars().count().saturating_sub(bare.chars().count());
    let whole = fold(text);
    let stem = if decoration <= DECORATION_CHARS_MAX { fold(bare) } else { Zeroizing::default() };
    let is_rhythm = unit(&whole).chars().count() < UNIT_CHARS_MIN;
    is_rhythm || [whole.as_str(), stem.as_str(), unit(&whole), unit(&stem)].into_iter().any(has)
}

fn has(folded: &str) -> bool {
    let digest = Sha256::digest(folded.as_bytes());
    let Some(wanted) = digest.first_chunk::<PREFIX_BYTES>() else { return false };
    LIST.as_chunks::<PREFIX_BYTES>().0.binary_search(wanted).is_ok()
}

/// The shortest part that the text is a repetition of; the text itself if there is none.
fn unit(text: &str) -> &str {
    let lengths = (1..=text.len() / 2).filter(|length| text.len().is_multiple_of(*length));
    let parts = lengths.filter_map(|length| text.get(..length));
    parts.into_iter().find(|part| part.repeat(text.len() / part.len()) == text).unwrap_or(text)
}

/// A password as Have I Been Pwned knows it: SHA-1, in upper-case hexadecimal.
#[derive(Clone)]
pub struct Range(Zeroizing<String>);

impl Range {
    /// Of this password.
    pub fn of(password: &Password) -> Self {
        let digest = Sha1::digest(password.text().as_bytes());
        Self(Zeroizing::new(digest.iter().map(|byte| format!("{byte:02X}")).collect()))
    }

    /// The five digits that are sent.
    pub fn prefix(&self) -> &str {
        self.0.get(..SENT_DIGITS).unwrap_or_default()
    }

    /// Whether the answer for [`prefix`](Self::prefix) has the password: lines `<35 digits>:<count>`; those with count 0 are padding.
    pub fn is_in(&self, answer: &str) -> bool {
        let rest = self.0.get(SENT_DIGITS..).unwrap_or_default();
        let mut lines = answer.lines().filter_map(|line| line.trim().split_once(':'));
        lines.any(|(suffix, count)| {
            suffix.eq_ignore_ascii_case(rest) && count.trim().parse::<u64>().is_ok_and(|n| n > 0)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn typed(text: &str) -> Password {
        Password::typed(text).unwrap()
    }

    #[test]
    fn the_list_is_sorted_and_whole() {
        let (entries, rest) = LIST.as_chunks::<PREFIX_BYTES>();
        assert!(rest.is_empty() && entries.len() == 39_210, "{}", entries.len());
        assert!(entries.windows(2).all(|pair| pair[0] < pair[1]));
    }

    /// The first are entries of zxcvbn's and Django's lists, of 12 and more characters.
    #[test]
    fn a_listed_password_is_found_whatever_its_case_look_alikes_and_decoration() {
        for text in [
            "1qaz2wsx3edc",
            "q1w2e3r4t5y6",
            "startfinding",
            "mailcreated5240",
            "QAZWSXEDCRFV",
            "Sunshine2024!",
            "!!Liverpool99",
            "p4ssw0rd2024",
            "passwordpassword",
            "dragon-dragon-",
            "aaaaaaaaaaaa",
            "123456123456",
        ] {
            let is_expected = text != "dragon-dragon-";
            assert_eq!(is_listed(&typed(text)), is_expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_listed_word_is_not_found() {
        for text in [
            "correct horse battery staple",
            "seventeen quiet otters",
            "zq-vanadium-kettle",
            // Nine digits are more than decoration.
            "sunshine918273645",
        ] {
            assert!(!is_listed(&typed(text)), "{text}");
        }
    }

    /// `printf 'password' | sha1sum`; the answer has the form that the API documents, with one row of padding.
    #[test]
    fn a_range_sends_five_digits_and_searches_the_rest() {
        let range = Range::of(&typed("password"));
        assert_eq!(range.prefix(), "5BAA6");
        let rest = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";
        let others = "0018A45C4D1DEF81644B54AB7F969B88D65:10\r\n";
        assert!(range.is_in(&format!("{others}{rest}:10434004\r\n")));
        assert!(range.is_in(&format!("{}:1", rest.to_lowercase())));
        assert!(!range.is_in(others));
        assert!(!range.is_in(&format!("{others}{rest}:0")), "padding");
        assert!(!range.is_in(&format!("{rest}:")) && !range.is_in(rest) && !range.is_in(""));
    }

    #[test]
    fn an_answer_counts_for_thirty_days_and_a_find_for_ever() {
        let at = |days: i64| Timestamp::from_unix_s(days * 86_400);
        assert!(Breach::Pending.is_due(at(0)));
        assert!(!Breach::Clear { at: at(0) }.is_due(at(29)));
        assert!(Breach::Clear { at: at(0) }.is_due(at(30)));
        assert!(!Breach::Found { at: at(0) }.is_due(at(3_000)));
        assert!(Breach::Found { at: at(0) }.is_found() && !Breach::Pending.is_found());
    }

    proptest! {
        #[test]
        fn neither_the_search_nor_an_answer_panics(text in "\\PC{0,60}", answer in "\\PC{0,80}") {
            if let Ok(password) = Password::typed(&text) {
                is_listed(&password);
                prop_assert!(!Range::of(&password).is_in(&answer));
            }
        }
    }
}
