//! Processor time of one thread: another process on the machine changes neither side of a comparison.

use anyhow::Context as _;
use rustix::time::{ClockId, clock_gettime};

/// Microseconds that this thread has had a processor. What `/proc` says moves with the scheduler's ticks only.
pub(crate) fn used_us() -> anyhow::Result<f64> {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanoseconds) = (u32::try_from(used.tv_sec)?, u32::try_from(used.tv_nsec)?);
    Ok(f64::from(seconds) * 1e6 + f64::from(nanoseconds) / 1e3)
}

/// The middle one.
pub(crate) fn median(mut figures: Vec<f64>) -> anyhow::Result<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().context("nothing was measured")
}
