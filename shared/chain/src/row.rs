//! One line of the log: an intent that was numbered, linked and timed.
//!
//! Shape: the members of the intent, and, sorted among them by key,
//! * `"prev"`: the hash of the row before it, 64 hexadecimal digits (zeros in row 0);
//! * `"rx"`: when it was sealed, RFC 3339 in UTC with six decimals; never earlier than that of the row before it;
//! * `"seq"`: its place, from 0, without gaps.
//!
//! The value of a member is copied byte for byte, so that the intent can be read back out of the row.

mod usual;

use crate::{
    Hash,
    profile::{self, ProfileError},
};

/// The members that every row has, in the order of their keys.
const REQUIRED: [&str; 14] = [
    "act", "action", "at", "data", "id", "out", "prev", "rx", "salt", "seq", "src", "t", "target",
    "v",
];
/// Those that the sealer adds.
const SEALED: [&str; 3] = ["prev", "rx", "seq"];

/// A row's members as far as the rules of the log concern them, borrowed from its text.
///
/// Members that this version does not know are left alone: they are under the hash, and may mean something to a later one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Row<'a> {
    /// What happened.
    pub action: &'a str,
    /// When the app committed it.
    pub at: &'a str,
    /// The details: a JSON object.
    pub data: &'a str,
    /// The event's identifier.
    pub id: &'a str,
    /// How it ended.
    pub out: &'a str,
    /// The hash of the row before it, in hexadecimal.
    pub prev: &'a str,
    /// When it was sealed.
    pub rx: &'a str,
    /// Its place in the log.
    pub seq: u64,
    /// Whose log it belongs to.
    pub tenant: &'a str,
}

/// Why a text is not a row, or an intent cannot become one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RowError {
    /// Not canonical, or too long.
    #[error("the row is not of the profile")]
    Profile(#[from] ProfileError),
    /// Not UTF-8.
    #[error("the row is not UTF-8 from byte {0}")]
    Utf8(usize),
    /// A member that every row has is not there.
    #[error("the row has no member {0}; every row has one")]
    Missing(&'static str),
    /// A member has another form.
    #[error("the row's member {0} is malformed")]
    Malformed(&'static str),
    /// The intent claims what only the sealer may say.
    #[error("the intent has a member {0}, which only the sealer adds; drop it")]
    Reserved(&'static str),
}

impl<'a> Row<'a> {
    /// Reads a row, and checks the profile and the form of the members that the log's rules need.
    ///
    /// # Errors
    /// One variant for each kind of departure.
    pub fn parse(text: &'a str) -> Result<Self, RowError> {
        usual::read(text).map_or_else(|| Self::read_any(text), Ok)
    }

    /// Reads a row whatever members it has, and says why it is none.
    fn read_any(text: &'a str) -> Result<Self, RowError> {
        let mut found = [None; REQUIRED.len()];
        profile::scan(text, &mut |key, value| {
            if let Some(place) = place(key).and_then(|place| found.get_mut(place)) {
                *place = Some(value);
            }
        })?;
        Self::from_members(found)
    }

    /// Reads a row as it stands in a file.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and [`RowError::Utf8`].
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, RowError> {
        let text = str::from_utf8(bytes).map_err(|error| RowError::Utf8(error.valid_up_to()))?;
        Self::parse(text)
    }

    fn from_members(found: [Option<&'a str>; REQUIRED.len()]) -> Result<Self, RowError> {
        if let Some(missing) = REQUIRED.iter().zip(&found).find(|(_, value)| value.is_none()) {
            return Err(RowError::Missing(missing.0));
        }
        let values = found.map(Option::unwrap_or_default);
        let [_, action, at, data, id, out, prev, rx, _, seq, _, tenant, _, _] = values;
        let row = Self {
            action: name("action", action)?,
            at: name("at", at)?,
            data,
            id: name("id", id)?,
            out: name("out", out)?,
            prev: name("prev", prev)?,
            rx: name("rx", rx)?,
            seq: seq.parse().map_err(|_| RowError::Malformed("seq"))?,
            tenant: name("t", tenant)?,
        };
        if !is_timestamp(row.rx) {
            return Err(RowError::Malformed("rx"));
        }
        if !data.starts_with('{') {
            return Err(RowError::Malformed("data"));
        }
        Ok(row)
    }

    /// Makes the bytes of a row out of an intent's.
    ///
    /// # Errors
    /// * [`RowError::Reserved`]: the intent has one of the sealer's members.
    /// * [`RowError::Profile`]: it is not canonical, or the row would be longer than [`profile::ROW_BYTES_MAX`].
    /// * [`RowError::Missing`], [`RowError::Malformed`]: it is not an intent, or `rx` is not a time.
    pub fn seal(intent: &str, seq: u64, prev: &Hash, rx: &str) -> Result<String, RowError> {
        let (prev, rx, seq) = (format!("\"{prev}\""), format!("\"{rx}\""), seq.to_string());
        let mut members = vec![("prev", prev.as_str()), ("rx", &rx), ("seq", &seq)];
        profile::scan(intent, &mut |key, value| members.push((key, value)))?;
        members.sort_unstable_by_key(|(key, _)| *key);
        for sealed in SEALED {
            if members.iter().filter(|(key, _)| *key == sealed).count() > 1 {
                return Err(RowError::Reserved(sealed));
            }
        }
        let members: Vec<_> =
            members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        let row = format!("{{{}}}", members.join(","));
        Row::parse(&row)?;
        Ok(row)
    }
}

/// The exact text of the intent that a row was made of: the row without what the sealer added.
///
/// # Errors
/// [`RowError::Profile`]: it is no row.
pub fn intent_text(row: &str) -> Result<String, RowError> {
    let mut text = String::with_capacity(row.len());
    profile::scan(row, &mut |key, value| {
        if !SEALED.contains(&key) {
            text.push(if text.is_empty() { '{' } else { ',' });
            text.extend(["\"", key, "\":", value]);
        }
    })?;
    text.push('}');
    Ok(text)
}

/// The place of a member in [`REQUIRED`].
fn place(key: &str) -> Option<usize> {
    // A match of constants, unlike a search, compares without a call.
    Some(match key {
        "act" => 0,
        "action" => 1,
        "at" => 2,
        "data" => 3,
        "id" => 4,
        "out" => 5,
        "prev" => 6,
        "rx" => 7,
        "salt" => 8,
        "seq" => 9,
        "src" => 10,
        "t" => 11,
        "target" => 12,
        "v" => 13,
        _ => return None,
    })
}

/// The text inside the quotes of a string that needs no escapes.
fn name<'a>(member: &'static str, value: &'a str) -> Result<&'a str, RowError> {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) if !inner.contains('\\') => Ok(inner),
        Some(_) | None => Err(RowError::Malformed(member)),
    }
}

/// Whether `text` stands in JSON as it is, without escapes.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\')
}

/// Whether `text` has the one form of time in the log: `2026-11-21T00:00:00.001234Z`. Then the order of texts is that of times.
pub(crate) fn is_timestamp(text: &str) -> bool {
    const FORM: &[u8; 27] = b"0000-00-00T00:00:00.000000Z";
    let fits = |(byte, form): (&u8, &u8)| {
        if *form == b'0' { byte.is_ascii_digit() } else { byte == form }
    };
    let Ok(bytes) = <&[u8; FORM.len()]>::try_from(text.as_bytes()) else { return false };
    // Without a branch for each byte.
    bytes.iter().zip(FORM).map(fits).fold(true, |fits, byte| fits & byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{sample, tree::leaf_hash};

    const RX: &str = "2026-11-21T00:00:00.210000Z";

    fn row() -> String {
        Row::seal(sample::INTENT_7, 1234, &Hash::of(b"abc"), RX).unwrap()
    }

    /// The hash was computed with `(printf '\0'; printf '%s' "$row") | sha256sum` and with Python's `hashlib`.
    #[test]
    fn the_golden_row_has_the_hash_that_other_tools_compute() {
        assert_eq!(row(), sample::ROW_1234);
        assert_eq!(leaf_hash(row().as_bytes()).to_string(), sample::ROW_1234_HASH);
        assert_eq!(serde_json_canonicalizer::pipe(&row()).unwrap(), row());
    }

    #[test]
    fn a_row_is_read_as_it_was_sealed() {
        let text = row();
        let row = Row::parse(&text).unwrap();
        assert_eq!((row.seq, row.rx, row.tenant), (1234, RX, sample::TENANT));
        assert_eq!((row.action, row.out), ("role.changed", "ok"));
        assert_eq!(row.prev, Hash::of(b"abc").to_string());
        assert_eq!(row.data, r#"{"new":"ADMIN","old":"REVIEWER"}"#);
    }

    #[test]
    fn the_intent_of_a_row_is_the_row_without_what_the_sealer_added() {
        assert_eq!(intent_text(&row()).as_deref(), Ok(sample::INTENT_7));
        assert!(matches!(intent_text("{\"a\": 1}"), Err(RowError::Profile(_))));
    }

    #[test]
    fn unknown_members_are_left_alone() {
        let later = row().replace(r#","prev""#, r#","pd":{"ip":"00"},"prev""#);
        let later = later.replace(r#""v":1"#, r#""v":2,"zone":[]"#);
        assert_eq!(Row::parse(&later).unwrap(), Row::parse(&row()).unwrap());
    }

    #[test]
    fn each_required_member_is_missed_by_name() {
        for member in REQUIRED {
            let text = row().replace(&format!("\"{member}\":"), &format!("\"{member}_\":"));
            let sorted = serde_json_canonicalizer::pipe(&text).unwrap();
            assert_eq!(Row::parse(&sorted), Err(RowError::Missing(member)), "{sorted}");
        }
    }

    #[test]
    fn malformed_members_are_refused_by_name() {
        for (member, from, to) in [
            ("seq", ":1234,", ":\"1234\","),
            ("rx", ".210000Z", ".21Z"),
            ("rx", "T00:00:00.2", " 00:00:00.2"),
            ("action", "role.changed", "role\\\"changed"),
            ("t", "\"ten_", "7,\"t0\":\"ten_"),
            ("data", r#"{"new":"ADMIN","old":"REVIEWER"}"#, "[]"),
        ] {
            assert_eq!(Row::parse(&row().replace(from, to)), Err(RowError::Malformed(member)));
        }
    }

    #[test]
    fn an_intent_cannot_number_or_link_itself() {
        for (member, value) in [("prev", r#""00""#), ("rx", r#""x""#), ("seq", "5")] {
            let intent = sample::INTENT_7.replacen('{', &format!("{{\"{member}\":{value},"), 1);
            let intent = serde_json_canonicalizer::pipe(&intent).unwrap();
            assert_eq!(Row::seal(&intent, 1, &Hash::ZERO, RX), Err(RowError::Reserved(member)));
        }
    }

    #[test]
    fn a_row_has_at_most_65535_bytes() {
        let filled = |bytes| sample::INTENT_7.replace("ADMIN", &"x".repeat(bytes));
        let room = profile::ROW_BYTES_MAX - row().len() + "ADMIN".len();
        let seal = |bytes| Row::seal(&filled(bytes), 1234, &Hash::ZERO, RX).map(|row| row.len());
        assert_eq!(seal(room), Ok(65_535));
        assert!(matches!(seal(room + 1), Err(RowError::Profile(_))));
    }
}
