//! What was packaged, for people and for programs.

use std::time::Duration;

use serde_json::json;

/// One package.
pub(super) struct Row {
    /// Its app.
    pub(super) app: String,
    /// The binary, in bytes.
    pub(super) handler: usize,
    /// The zip, in bytes.
    pub(super) zip: usize,
    /// SHA-256 of the zip, in hexadecimal.
    pub(super) digest: String,
}

/// A table with a line for each package.
pub(super) fn text(rows: &[Row]) -> String {
    let mut lines = vec![line("app", "binary bytes", "zip bytes", "SHA-256 of the zip")];
    for Row { app, handler, zip, digest } in rows {
        lines.push(line(app, &handler.to_string(), &zip.to_string(), digest));
    }
    lines.join("\n")
}

fn line(app: &str, handler: &str, zip: &str, digest: &str) -> String {
    format!("{app:8} {handler:>12} {zip:>12}  {digest}")
}

/// The same as JSON, with the seconds that the build took.
pub(super) fn json(rows: &[Row], build: Duration) -> anyhow::Result<String> {
    let packages: Vec<_> = rows
        .iter()
        .map(|Row { app, handler, zip, digest }| {
            json!({"app": app, "handler_bytes": handler, "zip_bytes": zip, "zip_sha256": digest})
        })
        .collect();
    let figures = json!({"build_seconds": build.as_secs_f64(), "packages": packages});
    Ok(serde_json::to_string_pretty(&figures)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_and_programs_read_the_same_figures() {
        let rows =
            [Row { app: "auth".to_owned(), handler: 1024, zip: 512, digest: "ab12".to_owned() }];
        assert_eq!(
            text(&rows),
            "app      binary bytes    zip bytes  SHA-256 of the zip\nauth             1024          512  ab12"
        );
        let json: serde_json::Value =
            serde_json::from_str(&json(&rows, Duration::from_millis(1500)).unwrap()).unwrap();
        let package =
            json!({"app": "auth", "handler_bytes": 1024, "zip_bytes": 512, "zip_sha256": "ab12"});
        assert_eq!(json, json!({"build_seconds": 1.5, "packages": [package]}));
    }
}
