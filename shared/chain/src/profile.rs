//! The profile `audit-row/1`: which JSON texts may be intents and rows.
//!
//! The canonical form of RFC 8785, narrowed until every value has one spelling and every reader sees the same thing:
//! one object; no white space; keys `[a-z0-9_]{1,32}` in ascending order, so none twice; strings, `true`, `false`, `null`,
//! integers 0..=2⁵³−1, objects and arrays, at most 16 deep; no fractions, exponents or signs; escapes only where JSON
//! demands them and in their shortest form; no noncharacters (I-JSON, RFC 7493 §2.1); at most 65,535 bytes, which is what a
//! C2SP entry bundle can hold.
//!
//! One pass over the text checks all of it, without building a value, so that a verifier can afford it for every row.

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
    if let Some(rest) = scanner.object(text.as_bytes(), 1, member)
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

/// Each function takes what is left of the text and returns what is left after its part; `None` when `error` is set.
struct Scanner<'a> {
    text: &'a str,
    error: Option<ProfileError>,
}

impl<'a> Scanner<'a> {
    fn object(
        &mut self,
        rest: &'a [u8],
        depth: usize,
        member: &mut impl FnMut(&'a str, &'a str),
    ) -> Option<&'a [u8]> {
        let mut rest = self.demand(rest, b'{')?;
        if let [b'}', rest @ ..] = rest {
            return Some(rest);
        }
        let mut last = "";
        loop {
            let (key, after) = self.key(rest, last)?;
            let start = self.demand(after, b':')?;
            rest = self.value(start, depth)?;
            member(key, self.between(start, rest));
            if let [b'}', rest @ ..] = rest {
                return Some(rest);
            }
            rest = self.demand(rest, b',')?;
            last = key;
        }
    }

    fn key(&mut self, rest: &'a [u8], last: &str) -> Option<(&'a str, &'a [u8])> {
        let start = self.demand(rest, b'"')?;
        let is_key_byte = |byte: &&u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        let length = start.iter().take_while(is_key_byte).count();
        let end = start.get(length..)?;
        let [b'"', after @ ..] = end else { return self.refuse(start, Rule::Key) };
        if !(1..=KEY_BYTES_MAX).contains(&length) {
            return self.refuse(start, Rule::Key);
        }
        let key = self.between(start, end);
        if ascends(last, key) { Some((key, after)) } else { self.refuse(start, Rule::KeyOrder) }
    }

    fn value(&mut self, rest: &'a [u8], depth: usize) -> Option<&'a [u8]> {
        match rest {
            [b'"', rest @ ..] => self.string(rest),
            [b'{' | b'[', ..] if depth == DEPTH_MAX => self.refuse(rest, Rule::Depth),
            [b'{', ..] => self.object(rest, depth + 1, &mut |_, _| {}),
            [b'[', rest @ ..] => self.array(rest, depth + 1),
            [b'0'..=b'9' | b'-', ..] => self.number(rest),
            [b't', b'r', b'u', b'e', rest @ ..]
            | [b'f', b'a', b'l', b's', b'e', rest @ ..]
            | [b'n', b'u', b'l', b'l', rest @ ..] => Some(rest),
            _ => self.refuse(rest, Rule::Syntax),
        }
    }

    /// After the bracket.
    fn array(&mut self, rest: &'a [u8], depth: usize) -> Option<&'a [u8]> {
        if let [b']', rest @ ..] = rest {
            return Some(rest);
        }
        let mut rest = rest;
        loop {
            rest = self.value(rest, depth)?;
            if let [b']', rest @ ..] = rest {
                return Some(rest);
            }
            rest = self.demand(rest, b',')?;
        }
    }

    fn number(&mut self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let (number, after) = rest.split_at_checked(rest.iter().take_while(is_part).count())?;
        let shift = |value: u64, digit: &u8| {
            let digit = u64::from(digit.wrapping_sub(b'0'));
            (digit < 10 && value <= INTEGER_MAX).then_some(value * 10 + digit)
        };
        let value = number.iter().try_fold(0, shift);
        let is_shortest = number.len() == 1 || !number.starts_with(b"0");
        if is_shortest && value.is_some_and(|value| value <= INTEGER_MAX) {
            return Some(after);
        }
        self.refuse(rest, Rule::Number)
    }

    /// After the quote.
    fn string(&mut self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let mut rest = rest;
        loop {
            rest = rest.get(plain_bytes(rest)..)?;
            match rest {
                [b'"', after @ ..] => return Some(after),
                [b'\\', after @ ..] => rest = self.escape(after)?,
                _ => return self.refuse(rest, Rule::Syntax),
            }
        }
    }

    /// RFC 8785 §3.2.2.2. After the backslash.
    fn escape(&mut self, rest: &'a [u8]) -> Option<&'a [u8]> {
        match rest {
            [b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r', after @ ..]
            // 08, 09, 0a, 0c and 0d have the short forms above.
            | [b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', after @ ..]
            | [b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', after @ ..] => Some(after),
            _ => self.refuse(rest, Rule::Escape),
        }
    }

    fn demand(&mut self, rest: &'a [u8], byte: u8) -> Option<&'a [u8]> {
        match rest.split_first() {
            Some((first, after)) if *first == byte => Some(after),
            Some(_) | None => self.refuse(rest, Rule::Syntax),
        }
    }

    /// The text from where `start` begins to where `end` begins.
    fn between(&self, start: &[u8], end: &[u8]) -> &'a str {
        let place = |rest: &[u8]| self.text.len() - rest.len();
        self.text.get(place(start)..place(end)).unwrap_or_default()
    }

    #[cold]
    fn refuse<T>(&mut self, rest: &[u8], rule: Rule) -> Option<T> {
        self.error = Some(ProfileError { at: self.text.len() - rest.len(), rule });
        None
    }
}

/// `last < key`, decided by the first byte where possible: that is most keys, and most of what a call of `memcmp` costs.
fn ascends(last: &str, key: &str) -> bool {
    let (a, b) = (last.as_bytes().first(), key.as_bytes().first());
    if a == b { last < key } else { a < b }
}

/// How many bytes come before the first quote, backslash or control character.
///
/// Eight at a time: most of a row is inside strings, and this decides how fast a log can be verified.
fn plain_bytes(bytes: &[u8]) -> usize {
    let (words, _) = bytes.as_chunks::<8>();
    for (place, word) in words.iter().enumerate() {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return place * 8 + marks.trailing_zeros() as usize / 8;
        }
    }
    let whole = words.len() * 8;
    let tail = bytes.get(whole..).unwrap_or_default();
    let ends = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    whole + tail.iter().position(ends).unwrap_or(tail.len())
}

/// The highest bit of the first byte that is below 0x20, a quote or a backslash; later marks may be wrong, none is missing.
///
/// `(x - 0x01…) & !x & 0x80…` marks the zero bytes of `x`, exact up to the first one ("Bit Twiddling Hacks", S. E. Anderson).
const fn marks(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    (word.wrapping_sub(ONES * 0x20) & !word
        | quote.wrapping_sub(ONES) & !quote
        | backslash.wrapping_sub(ONES) & !backslash)
        & HIGH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn check(text: &str) -> Result<(), ProfileError> {
        scan(text, &mut |_, _| {})
    }

    fn rule(text: &str) -> Option<Rule> {
        check(text).err().map(|error| error.rule)
    }

    #[test]
    fn canonical_text_is_taken() {
        for text in [
            "{}",
            r#"{"a":0,"a_1":9007199254740991,"b":[],"c":[true,false,null,{}],"d":""}"#,
            r#"{"a":"\"\\\b\t\n\f\r\u0000\u0007\u000b\u000e\u001f é 𝄞 /"}"#,
            "{\"a\":\"\u{7f}\u{fffd}\"}",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn every_departure_is_refused_by_its_rule() {
        for (text, expected) in [
            ("", Rule::Syntax),
            ("[]", Rule::Syntax),
            (r#"{"a":1} "#, Rule::Syntax),
            (r#"{"a": 1}"#, Rule::Syntax),
            (r#"{"a":1,}"#, Rule::Syntax),
            (r#"{,"a":1}"#, Rule::Syntax),
            (r#"{"a":tru}"#, Rule::Syntax),
            (r#"{"a":[1,]}"#, Rule::Syntax),
            (r#"{"a":"x"#, Rule::Syntax),
            ("{\"a\":\"\n\"}", Rule::Syntax),
            (r#"{"":1}"#, Rule::Key),
            (r#"{"A":1}"#, Rule::Key),
            (r#"{"\u0061":1}"#, Rule::Key),
            (r#"{"b":1,"a":1}"#, Rule::KeyOrder),
            (r#"{"a":1,"a":1}"#, Rule::KeyOrder),
            (r#"{"a":{"b":1,"b":2}}"#, Rule::KeyOrder),
            (r#"{"a":1.0}"#, Rule::Number),
            (r#"{"a":1e3}"#, Rule::Number),
            (r#"{"a":-0}"#, Rule::Number),
            (r#"{"a":01}"#, Rule::Number),
            (r#"{"a":9007199254740992}"#, Rule::Number),
            (r#"{"a":99999999999999999999999}"#, Rule::Number),
            (r#"{"a":"\/"}"#, Rule::Escape),
            (r#"{"a":"\u000a"}"#, Rule::Escape),
            (r#"{"a":"\u000B"}"#, Rule::Escape),
            (r#"{"a":"\u0041"}"#, Rule::Escape),
            (r#"{"a":"\ud800"}"#, Rule::Escape),
            ("{\"a\":\"\u{fffe}\"}", Rule::Noncharacter),
            ("{\"a\":\"\u{fdd0}\"}", Rule::Noncharacter),
            ("{\"a\":\"\u{10ffff}\"}", Rule::Noncharacter),
        ] {
            assert_eq!(rule(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn limits_hold_on_both_sides() {
        let key = |length| format!(r#"{{"{}":1}}"#, "k".repeat(length));
        assert_eq!((rule(&key(32)), rule(&key(33))), (None, Some(Rule::Key)));
        let deep =
            |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert_eq!((rule(&deep(16)), rule(&deep(17))), (None, Some(Rule::Depth)));
        let long = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
        assert_eq!((rule(&long(65_535)), rule(&long(65_536))), (None, Some(Rule::Length)));
    }

    /// The word-wise search must agree with the plain definition at every offset and for every byte.
    #[test]
    fn plain_bytes_end_at_the_first_special_byte() {
        for byte in 0..=u8::MAX {
            for place in 0..20 {
                let mut bytes = vec![b'a'; 20];
                bytes[place] = byte;
                let special = byte < 0x20 || byte == b'"' || byte == b'\\';
                assert_eq!(plain_bytes(&bytes), if special { place } else { 20 }, "{byte:#04x}");
            }
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..=INTEGER_MAX).prop_map(Value::from),
            "[ -~é\u{1f600}\u{0}-\u{1f}]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-z0-9_]{1,6}", inner, 0..5)
                    .prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        /// Everything that `serde_json_canonicalizer` writes within the profile is taken; and of what comes out when a byte of
        /// it changes, only what that implementation would have written, too.
        #[test]
        fn exactly_canonical_texts_are_taken(value in any_value(), place: prop::sample::Index, byte in 0x20..0x7f_u8) {
            let text = serde_json_canonicalizer::to_string(&json!({ "value": value })).unwrap();
            prop_assert_eq!(check(&text), Ok(()));
            let mut changed = text.into_bytes();
            let place = place.index(changed.len());
            changed[place] = byte;
            if let Ok(changed) = String::from_utf8(changed) && check(&changed).is_ok() {
                prop_assert_eq!(serde_json_canonicalizer::pipe(&changed).unwrap(), changed);
            }
        }
    }

    /// Another implementation of RFC 8785 (`serde_json_canonicalizer`) writes only what this one reads.
    #[test]
    fn what_another_implementation_of_rfc_8785_writes_is_taken() {
        let every_control: String = (0..0x20_u8).map(char::from).collect();
        let value: Value = json!({
            "z": every_control, "a": {"y": [0, 1, {"b": null, "a": "\u{20ac}$\u{f}\nA'\"\\\\\"/"}], "x": true},
            "m": u64::pow(2, 53) - 1, "empty": {}, "list": [], "astral": "\u{1f600}",
        });
        let text = serde_json_canonicalizer::to_string(&value).unwrap();
        assert_eq!(check(&text), Ok(()), "{text}");
        assert_eq!(serde_json::to_string(&value).unwrap(), text);
    }
}
