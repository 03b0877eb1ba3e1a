//! The profile `audit-row/1`: which JSON texts may be intents and rows.
//!
//! The canonical form of RFC 8785, narrowed until every value has one spelling and every reader sees the same thing:
//! one object; no white space; keys `[a-z0-9_]{1,32}` in ascending order, so none twice; strings, `true`, `false`, `null`,
//! integers 0..=2⁵³−1, objects and arrays, at most 16 deep; no fractions, exponents or signs; escapes only where JSON
//! demands them and in their shortest form; no noncharacters (I-JSON, RFC 7493 §2.1); at most 65,535 bytes, which is what a
//! C2SP entry bundle can hold.
//!
//! One pass over the text checks all of it, without building a value, so that a verifier can afford it for every row.

mod reader;
mod runs;
mod scanner;

pub(crate) use reader::Reader;
use scanner::Scanner;

/// The longest row (C2SP tlog-tiles prefixes an entry with a 16-bit length).
pub const ROW_BYTES_MAX: usize = 65_535;
/// The largest integer that every JSON reader represents exactly (RFC 7493 §2.2).
pub const INTEGER_MAX: u64 = (1 << 53) - 1;
const KEY_BYTES_MAX: usize = 32;
const DEPTH_MAX: usize = 16;

/// Why a text does not have the profile `audit-row/1`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not of the profile audit-row/1 at byte {at}: {rule}")]
pub struct ProfileError {
    /// Where the text departs from the profile, in bytes from 0.
    pub at: usize,
    /// The rule that it breaks.
    pub rule: Rule,
}

/// A rule of the profile.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Rule {
    /// Something else stands where a value, a `,` or an end must be; white space, too.
    #[error("canonical JSON (RFC 8785) has something else here")]
    Syntax,
    /// A key is empty, too long or has other characters.
    #[error("keys are [a-z0-9_]{{1,32}}")]
    Key,
    /// A key comes before or equals the one before it.
    #[error("keys stand in ascending order, and none twice")]
    KeyOrder,
    /// A fraction, an exponent, a sign, a leading zero, or too large.
    #[error("numbers are integers 0..=9007199254740991; write others as strings")]
    Number,
    /// An escape that is not needed, or not the shortest.
    #[error("escapes are \\\" \\\\ \\b \\t \\n \\f \\r and \\u00xx for other control characters")]
    Escape,
    /// A code point that names no character.
    #[error("noncharacters such as U+FFFE do not occur in I-JSON")]
    Noncharacter,
    /// Nested deeper than a reader must follow.
    #[error("values nest at most 16 deep")]
    Depth,
    /// Longer than an entry can be.
    #[error("a row has at most 65535 bytes; keep the rest elsewhere and record its SHA-256")]
    Length,
}

/// Checks `text`, and gives each member of the outermost object to `member`: its key and the exact text of its value.
///
/// # Errors
/// [`ProfileError`]: the first place at which the text departs from the profile. `member` has been called for what precedes it.
///
/// # Examples
/// ```
/// let mut members = Vec::new();
/// chain::profile::scan(r#"{"a":{"b":[1,null]},"c":"é\n"}"#, &mut |key, value| members.push((key, value)))?;
/// assert_eq!(members, [("a", r#"{"b":[1,null]}"#), ("c", r#""é\n""#)]);
/// # Ok::<(), chain::profile::ProfileError>(())
/// ```
pub fn scan<'a>(
    text: &'a str,
    member: &mut impl FnMut(&'a str, &'a str),
) -> Result<(), ProfileError> {
    if text.len() > ROW_BYTES_MAX {
        return Err(ProfileError { at: ROW_BYTES_MAX, rule: Rule::Length });
    }
    let mut scanner = Scanner { text, error: None };
    let mut member = |key, start: &[u8], end: &[u8]| {
        member(str::from_utf8(key).unwrap_or_default(), between(text, start, end));
    };
    if let Some(rest) = scanner.object(text.as_bytes(), 1, &mut member)
        && !rest.is_empty()
    {
        scanner.refuse::<()>(rest, Rule::Syntax);
    }
    scanner.error.map_or_else(|| refuse_noncharacters(text), Err)
}

/// RFC 7493 §2.1: U+FDD0..=U+FDEF, and the last two code points of each plane.
fn refuse_noncharacters(text: &str) -> Result<(), ProfileError> {
    // All of them are encoded with a first byte of 0xEF or more; few texts have any such byte, and this loop is fast.
    if text.bytes().fold(0, u8::max) < 0xef {
        return Ok(());
    }
    let is_noncharacter = |(_, character): &(usize, char)| {
        let code = u32::from(*character);
        (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
    };
    match text.char_indices().find(is_noncharacter) {
        Some((at, _)) => Err(ProfileError { at, rule: Rule::Noncharacter }),
        None => Ok(()),
    }
}

/// The text from where `start` begins to where `end` begins.
#[inline]
fn between<'a>(text: &'a str, start: &[u8], end: &[u8]) -> &'a str {
    let place = |rest: &[u8]| text.len() - rest.len();
    text.get(place(start)..place(end)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
