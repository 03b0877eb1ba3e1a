//! Processor time of one thread.

use anyhow::Context as _;

/// Microseconds that this thread has had a processor (Linux: `/proc/thread-self/schedstat`).
pub(crate) fn used_us() -> anyhow::Result<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split_whitespace().next().context("schedstat is empty")?;
    Ok(nanoseconds.parse::<f64>()? / 1e3)
}

/// The middle one.
pub(crate) fn median(mut figures: Vec<f64>) -> anyhow::Result<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().context("nothing was measured")
}
