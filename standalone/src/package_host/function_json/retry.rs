//! `retry` of `function.json`.

use std::time::Duration;

use serde_json::Value;

use super::{
    super::{mistake::Rule, time_span},
    members::{Members, form},
};

/// What happens after a failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Retry {
    /// `None` is for ever (-1).
    pub(crate) max: Option<u32>,
    pub(crate) wait: Wait,
}

/// The waits between tries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wait {
    /// Always the same.
    Fixed(Duration),
    /// Doubled each time.
    Doubled { from: Duration, to: Duration },
}

impl Retry {
    /// The wait before try `count` (from 1) after the first.
    pub(crate) fn wait(&self, count: u32) -> Duration {
        match self.wait {
            Wait::Fixed(wait) => wait,
            Wait::Doubled { from, to } => {
                from.saturating_mul(2_u32.saturating_pow(count.saturating_sub(1))).min(to)
            }
        }
    }
}

/// What the file says, if anything.
pub(super) fn retry(file: &Members) -> Result<Option<Retry>, Rule> {
    let Some(retry) = file.get("retry").filter(|retry| !retry.is_null()) else { return Ok(None) };
    let text = |key: &str| retry.get(key).and_then(Value::as_str).unwrap_or_default();
    let time = |key: &str| {
        let refused =
            || form(&format!("retry.{key}"), text(key), "a time span such as \"00:00:10\"");
        time_span::parse(text(key)).ok_or_else(refused)
    };
    let wait = match text("strategy") {
        "fixedDelay" => Wait::Fixed(time("delayInterval")?),
        "exponentialBackoff" => {
            Wait::Doubled { from: time("minimumInterval")?, to: time("maximumInterval")? }
        }
        other => return Err(form("retry.strategy", other, "fixedDelay or exponentialBackoff")),
    };
    let max = match retry.get("maxRetryCount").and_then(Value::as_i64) {
        Some(-1) => None,
        Some(count) if u32::try_from(count).is_ok() => u32::try_from(count).ok(),
        other => {
            return Err(form(
                "retry.maxRetryCount",
                &format!("{other:?}"),
                "a number, or -1 for ever",
            ));
        }
    };
    Ok(Some(Retry { max, wait }))
}
