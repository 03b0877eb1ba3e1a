//! How the content of a file is read.

use domain::procedure::FileFormat;
use serde_json::{Map, Value};

/// The content of `text` as `format` reads it; `None` for a format that reads none.
///
/// # Errors
/// The sentence for the people at the Runner.
pub(super) fn parse(format: FileFormat, text: &str) -> Result<Option<Value>, String> {
    match format {
        FileFormat::Stat => Ok(None),
        FileFormat::Lines => Ok(Some(text.lines().map(Value::from).collect())),
        FileFormat::Kv => key_values(text).map(|fields| Some(Value::Object(fields))),
        FileFormat::Ini => ini(text).map(Some),
        FileFormat::Sshd => Ok(Some(sshd(text))),
        FileFormat::Json => {
            serde_json::from_str(text).map(Some).map_err(|error| format!("not JSON: {error}"))
        }
        FileFormat::Yaml => {
            check::value_from_yaml(text).map(Some).map_err(|error| error.to_string())
        }
    }
}

/// `name = value` or `name value`; the last one wins, as it does when such a file is sourced.
fn key_values(text: &str) -> Result<Map<String, Value>, String> {
    let mut fields = Map::new();
    for line in meaningful(text, &['#']) {
        let (name, value) = split(line).ok_or_else(|| format!("a line without a value: {line}"))?;
        fields.insert(name.to_owned(), unquoted(value).into());
    }
    Ok(fields)
}

/// Sections of [`key_values`]; what stands before the first section is in the section without a name.
fn ini(text: &str) -> Result<Value, String> {
    let mut sections = Map::new();
    let mut name = String::new();
    for line in meaningful(text, &['#', ';']) {
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section.trim().clone_into(&mut name);
            sections.entry(name.clone()).or_insert_with(|| Map::new().into());
            continue;
        }
        let (key, value) = split(line).ok_or_else(|| format!("a line without a value: {line}"))?;
        let section = sections.entry(name.clone()).or_insert_with(|| Map::new().into());
        if let Value::Object(fields) = section {
            fields.insert(key.to_owned(), unquoted(value).into());
        }
    }
    Ok(sections.into())
}

/// `sshd_config(5)`: keywords in any case, the first value counts, and what follows `Match` counts for some connections only.
fn sshd(text: &str) -> Value {
    let (mut global, mut blocks) = (Map::new(), Vec::<(String, Map<String, Value>)>::new());
    for line in meaningful(text, &['#']) {
        let (keyword, value) = split(line).unwrap_or((line, ""));
        let (keyword, value) = (keyword.to_ascii_lowercase(), unquoted(value));
        if keyword == "match" {
            blocks.push((value.to_owned(), Map::new()));
            continue;
        }
        let fields = blocks.last_mut().map_or(&mut global, |(_, fields)| fields);
        fields.entry(keyword).or_insert_with(|| value.into());
    }
    let blocks = blocks.into_iter().map(|(criteria, settings)| {
        Value::Object(Map::from_iter([
            ("criteria".to_owned(), criteria.into()),
            ("settings".to_owned(), settings.into()),
        ]))
    });
    global.insert("match".to_owned(), blocks.collect());
    global.into()
}

fn meaningful<'t>(text: &'t str, comments: &'t [char]) -> impl Iterator<Item = &'t str> {
    text.lines().map(str::trim).filter(move |line| !line.is_empty() && !line.starts_with(comments))
}

fn split(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.split_once(|letter: char| letter == '=' || letter.is_whitespace())?;
    let rest = rest.trim_start();
    Some((name.trim_end(), rest.strip_prefix('=').unwrap_or(rest).trim()))
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(format: FileFormat, text: &str) -> Value {
        parse(format, text).unwrap().unwrap()
    }

    /// The lines are of Debian 12's /etc/os-release and /etc/login.defs.
    #[test]
    fn names_and_values_are_read_with_and_without_an_equals_sign() {
        let text = "PRETTY_NAME=\"Debian GNU/Linux 12\"\n# comment\nID=debian\nUMASK\t\t022\n";
        let expected =
            json!({ "PRETTY_NAME": "Debian GNU/Linux 12", "ID": "debian", "UMASK": "022" });
        assert_eq!(read(FileFormat::Kv, text), expected);
        assert_eq!(read(FileFormat::Kv, "a = 1 = 2\n"), json!({ "a": "1 = 2" }));
        assert!(parse(FileFormat::Kv, "alone\n").is_err());
    }

    #[test]
    fn sections_are_read() {
        let text = "top=0\n[main]\n; comment\nkey = value\n[empty]\n";
        let expected = json!({ "": { "top": "0" }, "main": { "key": "value" }, "empty": {} });
        assert_eq!(read(FileFormat::Ini, text), expected);
    }

    /// `sshd_config(5)`: "for each keyword, the first obtained value will be used"; keywords are case-insensitive.
    #[test]
    fn of_an_sshd_keyword_the_first_value_counts_and_match_blocks_stand_apart() {
        let text =
            "PermitRootLogin no\npermitrootlogin yes\nMatch User git\n  PermitRootLogin yes\n";
        let expected = json!({
            "permitrootlogin": "no",
            "match": [{ "criteria": "User git", "settings": { "permitrootlogin": "yes" } }],
        });
        assert_eq!(read(FileFormat::Sshd, text), expected);
    }

    #[test]
    fn lines_json_and_yaml_are_read() {
        assert_eq!(read(FileFormat::Lines, "a\n\nb"), json!(["a", "", "b"]));
        assert_eq!(read(FileFormat::Json, "{\"a\":[1]}"), json!({ "a": [1] }));
        assert_eq!(read(FileFormat::Yaml, "a: [1]"), json!({ "a": [1] }));
        assert!(parse(FileFormat::Json, "{").is_err());
        assert_eq!(parse(FileFormat::Stat, "anything"), Ok(None));
    }
}
