//! How answers are shown: as they came, for programs, or as tables and lines, for people.

use std::io::Write;

use serde_json::Value;

use crate::failure::Failure;

/// What of an answer is shown: its heading, and where it is (RFC 6901).
pub(crate) type Column = (&'static str, &'static str);

/// Shows answers.
pub(crate) struct Printer<'a> {
    /// Whether a program reads it.
    pub(crate) json: bool,
    pub(crate) out: &'a mut (dyn Write + Send),
    pub(crate) err: &'a mut (dyn Write + Send),
}

impl Printer<'_> {
    /// A list, one line each. `empty` is said when there is nothing.
    pub(crate) fn list(
        &mut self,
        rows: &[Value],
        columns: &[Column],
        empty: &str,
    ) -> Result<(), Failure> {
        if self.json {
            return self.json(&Value::from(rows.to_vec()));
        }
        if rows.is_empty() {
            return self.say(empty);
        }
        let heads = columns.iter().map(|(head, _)| (*head).to_owned()).collect();
        let cells = rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect());
        let lines: Vec<Vec<String>> = std::iter::once(heads).chain(cells).collect();
        for line in aligned(&lines) {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    /// One thing, one line for each of its members.
    pub(crate) fn record(&mut self, value: &Value, fields: &[Column]) -> Result<(), Failure> {
        if self.json {
            return self.json(value);
        }
        let lines: Vec<Vec<String>> =
            fields.iter().map(|field| vec![field.0.to_owned(), cell(value, field)]).collect();
        for line in aligned(&lines) {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    /// One row of a list by itself; for a program it is no list.
    pub(crate) fn one(&mut self, row: &Value, columns: &[Column]) -> Result<(), Failure> {
        if self.json { self.json(row) } else { self.list(std::slice::from_ref(row), columns, "") }
    }

    /// The answer as it came.
    pub(crate) fn json(&mut self, value: &Value) -> Result<(), Failure> {
        writeln!(self.out, "{value:#}")?;
        Ok(())
    }

    /// A sentence for people; a program gets none.
    pub(crate) fn say(&mut self, sentence: &str) -> Result<(), Failure> {
        if !self.json {
            writeln!(self.out, "{sentence}")?;
        }
        Ok(())
    }

    /// A sentence beside the answer, such as progress: never on stdout.
    pub(crate) fn note(&mut self, sentence: &str) {
        if !self.json {
            writeln!(self.err, "{sentence}").ok();
        }
    }
}

/// Columns of even width; the last one as wide as it is.
fn aligned(lines: &[Vec<String>]) -> Vec<String> {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |cells: &Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect()
}

fn cell(value: &Value, (_, pointer): &Column) -> String {
    value.pointer(pointer).map_or_else(|| "–".to_owned(), text)
}

/// A value on one line. What a device or a person called itself must not steer the terminal: control characters are replaced.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => {
            text.chars().map(|c| if is_unprintable(c) { '\u{fffd}' } else { c }).collect()
        }
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Number(number) => number.to_string(),
        Value::Object(_) => value.to_string(),
    }
}

/// Control characters (Unicode Cc), and those that turn the direction of writing (UAX #9).
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn printed(json: bool, work: impl FnOnce(&mut Printer<'_>)) -> String {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        work(&mut Printer { json, out: &mut out, err: &mut err });
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_list_is_a_table_for_people_and_the_answer_for_programs() {
        let rows = [json!({"a": "one", "n": 1}), json!({"a": "twenty", "n": null})];
        let columns = [("NAME", "/a"), ("COUNT", "/n")];
        let table = printed(false, |printer| printer.list(&rows, &columns, "none").unwrap());
        assert_eq!(table, "NAME    COUNT\none     1\ntwenty  –\n");
        let answer = printed(true, |printer| printer.list(&rows, &columns, "none").unwrap());
        assert_eq!(serde_json::from_str::<Value>(&answer).unwrap(), json!(rows));
        assert_eq!(
            printed(false, |printer| printer.list(&[], &columns, "none").unwrap()),
            "none\n"
        );
        assert_eq!(printed(true, |printer| printer.list(&[], &columns, "none").unwrap()), "[]\n");
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        assert_eq!(
            text(&json!("a\u{1b}[2Jb\r\n\u{202e}c")),
            "a\u{fffd}[2Jb\u{fffd}\u{fffd}\u{fffd}c"
        );
    }
}
