//! What the control plane keeps, noun by noun.

pub(crate) mod admin;
pub(crate) mod audit;
pub(crate) mod customer_keys;
pub(crate) mod invitations;
pub(crate) mod password;
pub(crate) mod procedures;
pub(crate) mod recoveries;
pub(crate) mod roles;
pub(crate) mod runners;
pub(crate) mod runs;
pub(crate) mod second_factor;
pub(crate) mod tenant;
pub(crate) mod tokens;
pub(crate) mod users;
pub(crate) mod visits;

use std::{fs, path::Path};

use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::{call::Caller, failure::Failure};

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How much of a list.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct PageArgs {
    /// At most this many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Everything, however much it is
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
}

/// A list that comes in pages.
pub(crate) struct Pages<'a> {
    /// Its path.
    pub(crate) path: &'a str,
    /// The member that holds the rows.
    pub(crate) member: &'a str,
    /// The parameter that continues a page.
    pub(crate) cursor: &'a str,
    /// The most that one page holds.
    pub(crate) page_max: u32,
}

impl Pages<'_> {
    /// Reads page after page until there are enough rows.
    pub(crate) async fn read(
        &self,
        caller: &mut Caller,
        query: &[(&str, String)],
        page: PageArgs,
    ) -> Result<Vec<Value>, Failure> {
        let wanted = if page.all { usize::MAX } else { page.limit as usize };
        let mut found = Vec::new();
        let mut cursor: Option<String> = None;
        while found.len() < wanted {
            let rest = u32::try_from(wanted - found.len()).unwrap_or(u32::MAX);
            let mut query = query.to_vec();
            query.push(("limit", rest.min(self.page_max).to_string()));
            query.extend(cursor.take().map(|cursor| (self.cursor, cursor)));
            let mut answer = caller.get(&with_query(self.path, &query)).await?;
            found.extend(rows(&answer, self.member).iter().cloned());
            cursor = next(&mut answer);
            if cursor.is_none() {
                break;
            }
        }
        found.truncate(wanted);
        Ok(found)
    }
}

/// The mark that continues a page: a text or a number.
fn next(answer: &mut Value) -> Option<String> {
    match answer.get_mut("next").map(Value::take) {
        Some(Value::String(text)) => Some(text),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    }
}

/// The rows of an answer.
pub(crate) fn rows<'a>(answer: &'a Value, member: &str) -> &'a [Value] {
    answer.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A path with its query.
pub(crate) fn with_query(path: &str, query: &[(&str, String)]) -> String {
    let pair = |(name, value): &(&str, String)| format!("{name}={}", encoded(value));
    let query = query.iter().map(pair).collect::<Vec<_>>().join("&");
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A part of a path or a query, whatever it holds.
pub(crate) fn encoded(part: &str) -> String {
    utf8_percent_encode(part, RESERVED).to_string()
}

/// What a file holds.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::file(path, error))
}

/// The JSON of a file.
pub(crate) fn read_json(path: &Path) -> Result<Value, Failure> {
    serde_json::from_slice(&read_file(path)?).map_err(|error| Failure::file(path, error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_holds_whatever_was_typed() {
        let query = [("action", "auth.".to_owned()), ("actor", "a&b=c d/é".to_owned())];
        let path = with_query("/x", &query);
        assert_eq!(path, "/x?action=auth.&actor=a%26b%3Dc%20d%2F%C3%A9");
        assert_eq!(with_query("/x", &[]), "/x");
    }

    #[test]
    fn a_page_is_continued_by_a_text_or_a_number() {
        assert_eq!(next(&mut json!({"next": "k1"})).as_deref(), Some("k1"));
        assert_eq!(next(&mut json!({"next": 12})).as_deref(), Some("12"));
        assert_eq!(next(&mut json!({"next": null})), None);
        assert_eq!(next(&mut json!({})), None);
    }
}
