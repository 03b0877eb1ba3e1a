//! Verification against the plain hash of the same bytes: what the checks cost beyond reading.

use std::{fs, hint::black_box, time::Duration};

use anyhow::{Context, ensure};
use chain::{Hash, report::Verdict, tree::CompactRange, verify, walk::Walk};
use sha2::{Digest, Sha256};

use super::table::{Goal, Row};
use crate::sample_log::SampleLog;

const ROWS: u32 = 100_000;
/// Odd, so that the median is one of them.
const ROUNDS: usize = 9;

/// Measured in turn, by CPU time, so that a busy machine slows all three.
pub(super) fn measure() -> anyhow::Result<[Row; 2]> {
    let log = SampleLog::new(ROWS.into())?;
    let stored = log.rows.concat();
    let (mut walks, mut bundles) = (Against::default(), Against::default());
    for _ in 0..ROUNDS {
        let raw = cpu_time(|| {
            black_box(Sha256::digest(black_box(&stored)));
            Ok(())
        })?;
        walks.add(raw, cpu_time(|| walk(&log))?);
        bundles.add(raw, cpu_time(|| bundle(&log))?);
    }
    let bytes = stored.len() / ROWS as usize;
    Ok([
        walks.row(
            "stored rows: hash, link, number and tree, against SHA-256 of the same bytes",
            0.5,
            bytes,
        )?,
        bundles.row(
            "a whole export, every file and every bit, against SHA-256 of its rows",
            0.15,
            bytes,
        )?,
    ])
}

/// What the signer does before it signs.
fn walk(log: &SampleLog) -> anyhow::Result<()> {
    let mut walk = Walk::from_start(log.tenant);
    let mut range = CompactRange::default();
    for row in &log.rows {
        let (_, hash) =
            walk.step(row.as_bytes()).map_err(|finding| anyhow::anyhow!("{finding:?}"))?;
        range.push(hash);
    }
    ensure!(black_box(range.root()) != Hash::ZERO, "a log has a root");
    Ok(())
}

/// What an inspector does.
fn bundle(log: &SampleLog) -> anyhow::Result<()> {
    let report = verify::bundle(black_box(&log.bundle), Some(&log.policy));
    ensure!(report.verdict == Verdict::Ok, "the sample log does not verify: {report:?}");
    Ok(())
}

/// One way of checking, against the raw hash of the same round.
#[derive(Default)]
struct Against {
    ratios: Vec<f64>,
    seconds: Vec<f64>,
}

impl Against {
    fn add(&mut self, raw: Duration, checked: Duration) {
        self.ratios.push(raw.div_duration_f64(checked));
        self.seconds.push(checked.as_secs_f64());
    }

    fn row(self, name: &str, goal: f64, bytes: usize) -> anyhow::Result<Row> {
        let millions_per_second = f64::from(ROWS) / median(self.seconds)? / 1e6;
        Ok(Row {
            name: name.to_owned(),
            figure: median(self.ratios)?,
            unit: "×",
            goal: Goal::AtLeast(goal),
            note: format!(
                "CPU time, median of {ROUNDS}, {ROWS} rows of {bytes} bytes, each also read strictly as a row; \
                 {millions_per_second:.2} million rows a second and core"
            ),
            why: "Each row is also read strictly (one spelling of every value, so that no two readers differ), which takes about twice as long as \
                  hashing it with the processor's own instructions. A verifier that leaves this out would accept a row that is not one.",
        })
    }
}

/// CPU time of this thread while it does `work` (Linux: `/proc/thread-self/schedstat`).
pub(super) fn cpu_time(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let spent = || -> anyhow::Result<Duration> {
        let text = fs::read_to_string("/proc/thread-self/schedstat")?;
        let nanoseconds = text.split_whitespace().next().context("schedstat is empty")?;
        Ok(Duration::from_nanos(nanoseconds.parse()?))
    };
    let before = spent()?;
    work()?;
    Ok(spent()?.saturating_sub(before))
}

/// The middle one.
pub(super) fn median(mut figures: Vec<f64>) -> anyhow::Result<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().context("nothing was measured")
}
