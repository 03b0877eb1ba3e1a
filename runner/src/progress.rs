//! What is said while a run goes on.

use std::{io::Write, time::Duration};

use domain::{
    Timestamp,
    run::{Outcome, ReasonCode},
};
use serde_json::json;

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum ProgressFormat {
    /// A line of text for each step.
    #[default]
    Plain,
    /// A line of JSON for each step.
    Ndjson,
    /// Nothing.
    None,
}

/// A step that ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended<'a> {
    /// Its place in the run, from 1.
    pub(crate) ordinal: usize,
    /// How many steps there are.
    pub(crate) total: usize,
    /// The step.
    pub(crate) id: &'a str,
    /// What people call it.
    pub(crate) title: &'a str,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// Why.
    pub(crate) reason: ReasonCode,
    /// Why, for the people at the Runner; never sent.
    pub(crate) detail: Option<&'a str>,
    /// How long it took.
    pub(crate) took: Duration,
    /// When it ended.
    pub(crate) at: Timestamp,
}

/// Tells what goes on.
pub(crate) struct Progress<'w> {
    format: ProgressFormat,
    to: &'w mut dyn Write,
}

impl<'w> Progress<'w> {
    /// Tells it in `format`.
    pub(crate) fn new(format: ProgressFormat, to: &'w mut dyn Write) -> Self {
        Self { format, to }
    }

    /// A step ended. What cannot be shown is not worth ending a run for.
    pub(crate) fn ended(&mut self, step: &Ended<'_>) {
        let line = match self.format {
            ProgressFormat::None => return,
            ProgressFormat::Plain => plain(step),
            ProgressFormat::Ndjson => ndjson(step),
        };
        writeln!(self.to, "{line}").and_then(|()| self.to.flush()).unwrap_or_default();
    }
}

fn plain(step: &Ended<'_>) -> String {
    let Ended { ordinal, total, title, outcome, reason, took, .. } = step;
    let width = total.to_string().len();
    let line = format!(
        "[{ordinal:>width$}/{total}] {:<12} {:>6} ms  {title}",
        outcome.name(),
        took.as_millis()
    );
    if *outcome != Outcome::Pass {
        let detail = step.detail.map(|detail| format!(": {}", one_line(detail)));
        return format!("{line}  ({reason}{})", detail.unwrap_or_default());
    }
    line
}

/// A detail may quote what others wrote: no control characters reach the terminal.
fn one_line(detail: &str) -> String {
    detail.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(200).collect()
}

fn ndjson(step: &Ended<'_>) -> String {
    let Ended { ordinal, total, id, outcome, reason, took, at, .. } = step;
    json!({
        "ts": at, "step": id, "phase": "ended", "ordinal": ordinal, "total": total, "outcome": outcome,
        "reason": reason, "duration_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "pct": ordinal * 100 / (*total).max(1),
    })
    .to_string()
}
