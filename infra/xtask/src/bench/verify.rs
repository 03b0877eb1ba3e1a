//! Verification against the plain hash of the same bytes: what the checks cost beyond reading.

use std::{fs, hint::black_box, time::Duration};

use anyhow::{Context, ensure};
use chain::{Hash, commit::ROWS_MAX, report::Verdict, tree::CompactRange, verify, walk::Walk};
use sha2::{Digest, Sha256};

use super::table::{Goal, Row};
use crate::sample_log::SampleLog;

const ROWS: u32 = 100_000;
/// Odd, so that the median is one of them.
const ROUNDS: usize = 9;

const OF_STORED_ROWS: &str = "Each row is also read strictly (one spelling of every value, so that no two readers differ), and the tree over it is hashed once more.";
const OF_EXPORTS: &str = "Each row is hashed twice, by itself and in its file, and the tree over it once more; it is also read strictly (one spelling of every value, \
                          so that no two readers differ). A verifier that leaves one of these out would accept what is not a log.";

/// Rows as long as the goal says, and as long as real ones are.
pub(super) fn measure() -> anyhow::Result<Vec<Row>> {
    let [walk, bundle, ..] = of(&SampleLog::short(ROWS.into())?)?;
    let named = |row: Row, name: &str| Row { name: name.to_owned(), ..row };
    let real = of(&SampleLog::new(ROWS.into())?)?;
    Ok([
        named(walk, "stored rows of 500 bytes: hash, link, number and tree, native"),
        named(bundle, "a whole export of rows of 500 bytes, every file and every bit, native"),
    ]
    .into_iter()
    .chain(real)
    .collect())
}

/// Measured in turn, by CPU time, so that a busy machine slows all three.
fn of(log: &SampleLog) -> anyhow::Result<[Row; 4]> {
    let stored = log.rows.concat();
    let (mut walks, mut bundles) = (Against::default(), Against::default());
    for _ in 0..ROUNDS {
        let raw = cpu_time(|| {
            black_box(Sha256::digest(black_box(&stored)));
            Ok(())
        })?;
        walks.add(raw, cpu_time(|| walk(log))?);
        bundles.add(raw, cpu_time(|| bundle(log))?);
    }
    let bytes = stored.len() / ROWS as usize;
    Ok([
        walks.speed("stored rows: hash, link, number and tree, native", OF_STORED_ROWS, bytes)?,
        bundles.speed("a whole export, every file and every bit, native", OF_EXPORTS, bytes)?,
        walks.row(
            "stored rows: hash, link, number and tree, against SHA-256 of the same bytes",
            (0.5, OF_STORED_ROWS),
            bytes,
        )?,
        bundles.row(
            "a whole export, every file and every bit, against SHA-256 of its rows",
            (0.15, OF_EXPORTS),
            bytes,
        )?,
    ])
}

/// What the signer does before it signs: commit by commit.
fn walk(log: &SampleLog) -> anyhow::Result<()> {
    let mut walk = Walk::from_start(log.tenant);
    let mut range = CompactRange::default();
    for rows in log.rows.chunks(ROWS_MAX) {
        let rows: Vec<_> = rows.iter().map(String::as_bytes).collect();
        let leaves = walk.steps(&rows).map_err(|finding| anyhow::anyhow!("{finding:?}"))?;
        range.extend(&leaves);
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

    fn speed(&self, name: &str, why: &'static str, bytes: usize) -> anyhow::Result<Row> {
        Ok(Row {
            name: name.to_owned(),
            figure: self.millions_per_second()?,
            unit: "million rows/s",
            goal: Goal::AtLeast(1.0),
            note: format!(
                "CPU time of one core, median of {ROUNDS}, {ROWS} rows of {bytes} bytes, each also read strictly as a row"
            ),
            why,
        })
    }

    fn millions_per_second(&self) -> anyhow::Result<f64> {
        Ok(f64::from(ROWS) / median(self.seconds.clone())? / 1e6)
    }

    fn row(
        self,
        name: &str,
        (goal, why): (f64, &'static str),
        bytes: usize,
    ) -> anyhow::Result<Row> {
        let millions_per_second = self.millions_per_second()?;
        Ok(Row {
            name: name.to_owned(),
            figure: median(self.ratios)?,
            unit: "×",
            goal: Goal::AtLeast(goal),
            note: format!(
                "CPU time, median of {ROUNDS}, {ROWS} rows of {bytes} bytes, each also read strictly as a row; \
                 {millions_per_second:.2} million rows a second and core"
            ),
            why,
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
