//! What a command says when it ended: lines for people, or one JSON object for programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::exit::{Exit, Failure};

/// What a command says.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) exit: Exit,
    pub(crate) lines: Vec<String>,
    pub(crate) json: Value,
}

impl Report {
    /// It was done.
    pub(crate) fn done(lines: Vec<String>, json: Value) -> Self {
        Self { exit: Exit::Pass, lines, json }
    }
}

/// Writes what a command said, and gives its exit code.
pub(crate) fn write(
    result: Result<Report, Failure>,
    is_json: bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let (exit, written) = match result {
        Ok(report) if is_json => (report.exit, writeln!(out, "{}", report.json)),
        Ok(report) => (report.exit, write_lines(&report.lines, out)),
        Err(failure) if is_json => {
            let Failure { exit, code, message } = failure;
            let error = json!({ "error": { "code": code, "message": message } });
            (exit, writeln!(out, "{error}"))
        }
        Err(failure) => (failure.exit, writeln!(err, "{} ({})", failure.message, failure.code)),
    };
    // Whoever closed the pipe does not want to know.
    written.and_then(|()| out.flush()).map_or(Exit::Error.code(), |()| exit.code())
}

fn write_lines(lines: &[String], out: &mut dyn Write) -> io::Result<()> {
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}
