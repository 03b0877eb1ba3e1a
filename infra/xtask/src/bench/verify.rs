//! Verification of an export against the plain hash of the same bytes: what the checks cost beyond reading.

use std::{fs, hint::black_box, time::Duration};

use anyhow::{Context, ensure};
use chain::{report::Verdict, verify};
use sha2::{Digest, Sha256};

use super::table::{Goal, Row};
use crate::sample_log::SampleLog;

const ROWS: u32 = 100_000;
/// Odd, so that the median is one of them.
const ROUNDS: usize = 9;

/// Measured in turn, by CPU time, so that a busy machine slows both.
pub(super) fn measure() -> anyhow::Result<Row> {
    let log = SampleLog::new(ROWS.into())?;
    let mut ratios = Vec::with_capacity(ROUNDS);
    let mut seconds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let raw = cpu_time(|| {
            black_box(Sha256::digest(black_box(&log.rows)));
        })?;
        let mut report = None;
        let verified =
            cpu_time(|| report = Some(verify::bundle(black_box(&log.bundle), Some(&log.policy))))?;
        ensure!(
            report.is_some_and(|report| report.verdict == Verdict::Ok),
            "the sample log does not verify"
        );
        ratios.push(raw.div_duration_f64(verified));
        seconds.push(verified.as_secs_f64());
    }
    let millions_per_second = f64::from(ROWS) / median(seconds)? / 1e6;
    Ok(Row {
        name: "verification of an export, against SHA-256 of its rows".to_owned(),
        figure: median(ratios)?,
        unit: "×",
        goal: Goal::AtLeast(0.5),
        note: format!(
            "CPU time, median of {ROUNDS}, {ROWS} rows of {} bytes; {millions_per_second:.2} million rows a second and core",
            log.rows.len() / ROWS as usize,
        ),
    })
}

/// CPU time of this thread while it does `work` (Linux: `/proc/thread-self/schedstat`).
fn cpu_time(work: impl FnOnce()) -> anyhow::Result<Duration> {
    let spent = || -> anyhow::Result<Duration> {
        let text = fs::read_to_string("/proc/thread-self/schedstat")?;
        let nanoseconds = text.split_whitespace().next().context("schedstat is empty")?;
        Ok(Duration::from_nanos(nanoseconds.parse()?))
    };
    let before = spent()?;
    work();
    Ok(spent()?.saturating_sub(before))
}

pub(super) fn median(mut figures: Vec<f64>) -> anyhow::Result<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().context("nothing was measured")
}
