//! What a handler writes: each line a log line, at the level that the Functions host gives it.

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

/// A longer line is cut into several.
const LINE_BYTES_MAX: u64 = 64 * 1024;
/// Lines that begin so are the host's own business.
const SYSTEM: &str = "LanguageWorkerConsoleLog";

/// Where a line was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error; whether that is for errors alone.
    Err { errors_only: bool },
}

/// The level of a line (functions-host §1.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Level {
    Info,
    Warning,
    Error,
}

/// Logs every line of `from` until it ends.
pub(crate) async fn log(app: &str, stream: Stream, from: impl AsyncRead + Unpin) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut from).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => write(app, stream, String::from_utf8_lossy(&line).trim_end()),
        }
    }
}

fn write(app: &str, stream: Stream, line: &str) {
    if matches!(stream, Stream::Err { .. }) && says_port_in_use(line) {
        tracing::error!(app, "Port is already in use");
    }
    let category = if line.starts_with(SYSTEM) { "Host" } else { "Host.Function.Console" };
    match level(stream, line) {
        Level::Info => tracing::info!(app, category, line, "a handler wrote"),
        Level::Warning => tracing::warn!(app, category, line, "a handler wrote"),
        Level::Error => tracing::error!(app, category, line, "a handler wrote"),
    }
}

fn says_port_in_use(line: &str) -> bool {
    line.to_ascii_lowercase().contains("address already in use") || line.contains("EADDRINUSE")
}

fn level(stream: Stream, line: &str) -> Level {
    let says = |word| line.to_ascii_lowercase().contains(word);
    match stream {
        Stream::Out => Level::Info,
        Stream::Err { .. } if says("warn") => Level::Warning,
        Stream::Err { errors_only: true } => Level::Error,
        Stream::Err { errors_only: false } if says("error") => Level::Error,
        Stream::Err { errors_only: false } => Level::Info,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_level_of_where_it_was_written() {
        let errors = Stream::Err { errors_only: true };
        assert_eq!(level(Stream::Out, "error"), Level::Info);
        assert_eq!(level(errors, "anything"), Level::Error);
        assert_eq!(level(errors, "a Warning"), Level::Warning);
        let mixed = Stream::Err { errors_only: false };
        assert_eq!(level(mixed, "anything"), Level::Info);
        assert_eq!(level(mixed, "an Error"), Level::Error);
        assert!(
            says_port_in_use("Address already in use (os error 98)")
                && says_port_in_use("EADDRINUSE")
        );
    }
}
