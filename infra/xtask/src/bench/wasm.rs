//! The verifier of the page, in the JavaScript engine of Chromium and Node.js.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, ensure};

use super::{
    table::{Goal, Row},
    verify::median,
};
use crate::{sample_log::SampleLog, workspace::root};

const ROWS: u32 = 100_000;
/// Odd, so that the median is one of them; the first ones run before the engine has optimised the module.
const ROUNDS: &str = "9";
const GOAL: f64 = 0.3;

/// Measures the module that is in the page.
pub(super) fn measure(folder: &Path) -> anyhow::Result<Row> {
    let log = SampleLog::new(ROWS.into())?;
    fs::create_dir_all(folder)?;
    let [export, policy] = ["wasm.audit.zip", "wasm.policy"].map(|name| folder.join(name));
    fs::write(&export, &log.bundle)?;
    fs::write(&policy, log.policy.to_string())?;
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", include_str!("wasm.mjs")]);
    node.arg(root().join("inspector/page/verify.wasm")).args([&export, &policy]).arg(ROUNDS);
    let output = node.output().context("Node.js cannot be started")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::remove_file(&export)?;
    let seconds: Vec<f64> = serde_json::from_slice(&output.stdout)?;
    let bytes = log.rows.iter().map(String::len).sum::<usize>() / ROWS as usize;
    Ok(Row {
        name: "a whole export, every file and every bit, in WebAssembly".to_owned(),
        figure: f64::from(ROWS) / median(seconds)? / 1e6,
        unit: "million rows/s",
        goal: Goal::AtLeast(GOAL),
        note: format!(
            "processor time of Node.js, whose engine is Chromium's, median of {ROUNDS}; {ROWS} rows of {bytes} bytes, the module of `verify.html`"
        ),
        why: "The processor's own instructions for SHA-256 cannot be reached from WebAssembly.",
    })
}
