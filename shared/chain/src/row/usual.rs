//! Rows with the members that this version's intents have and no others: those are read where they must stand, instead of being looked for.
//!
//! Nothing else is a row here that is not one to [`Row::read_any`], and what is a row here is the same there: that is what the tests are about.

use super::{Row, is_timestamp};
use crate::profile::Reader;

/// The row, if it is one of these. `None` says nothing: it may be a row all the same.
pub(super) fn read(text: &str) -> Option<Row<'_>> {
    let mut reader = Reader::new(text)?;
    reader.pass(b"{\"act\":")?;
    party(&mut reader)?;
    reader.pass(b",\"action\":\"")?;
    let action = reader.string()?;
    reader.pass(b",\"at\":\"")?;
    let at = reader.string()?;
    reader.pass(b",\"data\":")?;
    let data = reader.value(1).filter(|data| data.starts_with('{'))?;
    reader.pass(b",\"id\":\"")?;
    let id = reader.string()?;
    reader.pass(b",\"out\":\"")?;
    let out = reader.string()?;
    if reader.pass(b",\"pd\":").is_some() {
        reader.value(1)?;
    }
    reader.pass(b",\"prev\":\"")?;
    let prev = reader.string()?;
    if reader.pass(b",\"reason\":\"").is_some() {
        reader.skip_string()?;
    }
    reader.pass(b",\"rx\":\"")?;
    let rx = reader.string().filter(|rx| is_timestamp(rx))?;
    reader.pass(b",\"salt\":\"")?;
    reader.skip_string()?;
    reader.pass(b",\"seq\":")?;
    let seq = reader.integer()?;
    reader.pass(b",\"src\":")?;
    source(&mut reader)?;
    reader.pass(b",\"t\":\"")?;
    let tenant = reader.string()?;
    reader.pass(b",\"target\":")?;
    party(&mut reader)?;
    reader.pass(b",\"v\":1}")?;
    let is_all = reader.rest().is_empty();
    is_all.then_some(Row { action, at, data, id, out, prev, rx, seq, tenant })
}

/// Who did it, or to what; or any other value.
fn party(reader: &mut Reader<'_>) -> Option<()> {
    if reader.pass(b"{\"id\":\"").is_none() {
        return reader.value(1).map(drop);
    }
    reader.skip_string()?;
    reader.pass(b",\"kind\":\"")?;
    reader.skip_string()?;
    if reader.pass(b",\"obo\":\"").is_some() {
        reader.skip_string()?;
    }
    reader.pass(b"}")
}

/// Which app said so; or any other value.
fn source(reader: &mut Reader<'_>) -> Option<()> {
    if reader.pass(b"{\"app\":\"").is_none() {
        return reader.value(1).map(drop);
    }
    reader.skip_string()?;
    reader.pass(b",\"inst\":\"")?;
    reader.skip_string()?;
    reader.pass(b",\"n\":")?;
    reader.integer()?;
    if reader.pass(b",\"prev\":\"").is_some() {
        reader.skip_string()?;
    }
    if reader.pass(b",\"void\":").is_some() {
        reader.value(2)?;
    }
    reader.pass(b"}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{profile, sample};

    /// Rows with every member that an intent may have, and with every kind of value.
    fn rows() -> Vec<String> {
        let data = r#"{"a":[],"b":[{},{"c":null}],"d":"\"\\\n\u0007","e":9007199254740991,"f":true,"new":"é»𝄞"}"#;
        let pd = r#""ok","pd":{"ip":"4765c7f6f4cae90d"},"#;
        let full = sample::ROW_1234.replace(r#"{"new":"ADMIN","old":"REVIEWER"}"#, data);
        let full = full.replace("\"ok\",", pd).replace("ticket 4711", "\\\"4711\\\"");
        let [genesis, second] = sample::rows(2).try_into().unwrap();
        let simple = full.replace('\\', "/").replace("/\"", "/").replace('𝄞', "");
        vec![full, simple, sample::ROW_1234.to_owned(), genesis, second]
    }

    type Edit<'a> = &'a dyn Fn(&mut Vec<u8>);

    /// The same text or none: whatever the fast way takes, the other one takes, and reads the same in it.
    fn agrees(text: &str) -> bool {
        let fast = read(text);
        assert!(fast.is_none() || fast == Row::read_any(text).ok(), "{text}");
        fast.is_some()
    }

    #[test]
    fn the_rows_of_this_version_are_read_this_way_unless_they_have_escapes() {
        for row in rows() {
            assert_eq!(agrees(&row), !row.contains('\\'), "{row}");
        }
    }

    /// Every bit flipped, every byte left out, doubled and swapped with the next, and every text end.
    #[test]
    fn an_altered_row_is_read_as_the_other_way_reads_it_or_not_at_all() {
        let mut taken = 0;
        for row in rows() {
            for at in 0..row.len() {
                let altered = |edit: Edit<'_>| {
                    let mut bytes = row.clone().into_bytes();
                    edit(&mut bytes);
                    String::from_utf8(bytes).is_ok_and(|text| agrees(&text))
                };
                let bits = (0..8).filter(|bit| altered(&|bytes| bytes[at] ^= 1 << bit)).count();
                let edits: [Edit<'_>; 4] = [
                    &|bytes| bytes.truncate(at),
                    &|bytes| bytes.insert(at, bytes[at]),
                    &|bytes| bytes.swap(at, (at + 1) % row.len()),
                    &|bytes| bytes[at..].rotate_left(1),
                ];
                taken += bits + edits.into_iter().filter(|edit| altered(edit)).count();
            }
        }
        assert!(taken > 1000, "the letters of a name may be others: {taken}");
    }

    /// What means something in JSON or to the profile, put in and put in place of a byte everywhere.
    #[test]
    fn whatever_is_put_into_a_row_is_taken_by_both_ways_or_by_neither() {
        const WORDS: [&str; 22] = [
            "\"",
            "\\",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "0",
            "-1",
            "1.5",
            "e9",
            " ",
            "\n",
            "\\u0041",
            "\\u001f",
            "\u{fffe}",
            "é",
            "\"pd\":{},",
            ",\"reason\":\"\"",
            "99999999999999999",
            "null",
        ];
        for (row, word) in rows().iter().flat_map(|row| WORDS.map(|word| (row, word))) {
            for at in (0..row.len()).filter(|at| row.is_char_boundary(*at)) {
                let (before, after) = row.split_at(at);
                agrees(&format!("{before}{word}{after}"));
                agrees(&format!("{before}{word}{}", after.get(1..).unwrap_or_default()));
            }
        }
    }

    #[test]
    fn a_row_that_is_too_long_or_too_deep_is_left_to_the_other_way() {
        let filled = |text: &str| sample::ROW_1234.replace("ADMIN", text);
        let room = profile::ROW_BYTES_MAX - filled("").len();
        assert!(agrees(&filled(&"x".repeat(room))) && !agrees(&filled(&"x".repeat(room + 1))));
        let nested = |depth: usize| {
            let value = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            sample::ROW_1234.replace("\"ADMIN\"", &value)
        };
        assert!(agrees(&nested(14)) && !agrees(&nested(15)));
        for member in ["\"n\":7", "\"v\":1"] {
            for depth in 12..18 {
                let value = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
                let (name, _) = member.split_once(':').unwrap();
                agrees(&sample::ROW_1234.replace(member, &format!("{name}:{value}")));
            }
        }
    }
}
