//! Rows as a table (RFC 4180): every cell in quotes, lines end with CRLF, and no cell is a formula.
//!
//! The last two columns are `hash` and `raw`, the row's exact bytes: SHA-256 of 0x00 and `raw` is `hash`, on every line.

use store::StoreError;

use crate::search::Row;

const COLUMNS: [&str; 15] = [
    "seq",
    "sealed_at",
    "at",
    "action",
    "outcome",
    "actor_kind",
    "actor",
    "target_kind",
    "target",
    "reason",
    "data",
    "id",
    "prev",
    "hash",
    "raw",
];

/// The line of column names.
pub(crate) fn head() -> String {
    record(COLUMNS.map(ToOwned::to_owned))
}

/// The line of a row.
///
/// # Errors
/// When no sealer wrote that row.
pub(crate) fn line(raw: &str) -> Result<String, StoreError> {
    let row = Row::parse(raw)?;
    let hash = chain::tree::leaf_hash(raw.as_bytes()).to_string();
    let reason = row.reason.unwrap_or_default();
    Ok(record([
        row.seq.to_string(),
        row.rx,
        row.at,
        row.action,
        row.out,
        row.act.kind,
        row.act.id,
        row.target.kind,
        row.target.id,
        reason,
        row.data.to_string(),
        row.id,
        row.prev,
        hash,
        raw.to_owned(),
    ]))
}

fn record(cells: [String; COLUMNS.len()]) -> String {
    cells.map(|cell| quoted(&inert(cell))).join(",") + "\r\n"
}

/// The text of a cell that no spreadsheet takes for a formula (OWASP "CSV Injection"): an apostrophe goes before what could begin one.
///
/// A row begins with a brace and a hash with a hexadecimal digit, so what is verified is never altered.
fn inert(cell: String) -> String {
    const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    if cell.starts_with(FORMULA) { format!("'{cell}") } else { cell }
}

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(reason: &str) -> String {
        let reason = serde_json::to_string(reason).unwrap();
        format!(
            r#"{{"act":{{"id":"usr_2","kind":"user"}},"action":"role.changed","at":"2026-11-21T00:00:00.001234Z","data":{{"new":"A, \"B\""}},"id":"aud_7","out":"ok","prev":"00","reason":{reason},"rx":"2026-11-21T00:00:00.210000Z","salt":"00","seq":3,"src":{{"app":"auth","inst":"7f9c","n":7}},"t":"ten_1","target":{{"id":"usr_3","kind":"user"}},"v":1}}"#
        )
    }

    /// The rules of RFC 4180 §2: CRLF after each record, cells in quotes, a quote doubled, breaks inside cells kept.
    #[test]
    fn a_line_is_written_as_rfc_4180_says() {
        let line = line(&row("a \"b\",\r\nc")).unwrap();
        assert!(line.starts_with(r#""3","2026-11-21T00:00:00.210000Z","2026-11-21T00:00:00.001234Z","role.changed","ok","user","usr_2","user","usr_3","#));
        assert!(line.contains(",\"a \"\"b\"\",\r\nc\","), "{line}");
        assert!(line.ends_with("}\"\r\n"));
        assert!(head().ends_with(",\"hash\",\"raw\"\r\n"));
    }

    #[test]
    fn no_cell_begins_as_a_formula_does() {
        for begin in ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"] {
            let reason = format!("{begin}HYPERLINK(1)");
            let line = line(&row(&reason)).unwrap();
            assert!(line.contains(&format!(",\"'{reason}\",")), "{reason:?}: {line}");
        }
        for harmless in ["", "a=1", "'=1", "1-2", " "] {
            let line = line(&row(harmless)).unwrap();
            assert!(line.contains(&format!(",\"usr_3\",\"{harmless}\",")), "{harmless:?}: {line}");
        }
    }
}
