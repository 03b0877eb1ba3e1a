//! Log lines: JSON on stdout for machines, text on stderr for people.

use std::{any::Any, io, panic};

use tracing_subscriber::{
    Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// How log lines look, and where they go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogForm {
    /// One JSON object for each line, on stdout: what the Functions host collects.
    Json,
    /// The same on stderr, where stdout is for something else.
    JsonOnStderr,
    /// Text, on stderr.
    Text,
}

/// Starts logging, once for each process; a second call changes nothing.
///
/// A panic is logged with its place and, if its text is a constant of the program, with that: any other text may hold a value that nobody may see.
pub fn start_telemetry(levels: &Targets, form: LogForm) {
    let json =
        fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    let layer = match form {
        LogForm::Json => json.boxed(),
        LogForm::JsonOnStderr => json.with_writer(io::stderr).boxed(),
        LogForm::Text => fmt::layer().with_writer(io::stderr).with_ansi(false).boxed(),
    };
    if tracing_subscriber::registry().with(layer.with_filter(levels.clone())).try_init().is_ok() {
        panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string);
            tracing::error!(place, what = constant(panic.payload()), "a panic");
        }));
    }
}

fn constant(payload: &dyn Any) -> Option<&'static str> {
    payload.downcast_ref::<&'static str>().copied()
}
