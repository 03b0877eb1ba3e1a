//! How much memory the verifier holds, whatever the length of the log.

mod long_log;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::ensure;

use super::table::{Goal, Row};
use crate::{
    progress::say,
    steps::run,
    workspace::{cargo, root},
};

/// In this order: what is compared is the last with the first.
const SIZES: [u64; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
const LOOK: Duration = Duration::from_millis(1);
/// More than a log that is a thousand times as long may need.
const GOAL: f64 = 1.25;

/// Measures `audit-verify` on logs that it writes into `folder`, one at a time.
pub(super) fn measure(folder: &Path) -> anyhow::Result<Row> {
    run(&mut cargo(&["build", "--release", "--package", "inspector"]))?;
    fs::create_dir_all(folder)?;
    let mut peaks = Vec::new();
    for size in SIZES {
        say(format_args!("memory of the verifier at {size} rows"));
        peaks.push(peak_mib(folder, size)?);
    }
    let [smallest, .., largest] = peaks.as_slice() else { anyhow::bail!("nothing was measured") };
    let each: Vec<_> = peaks.iter().map(|peak| format!("{peak:.1}")).collect();
    Ok(Row {
        name: "memory of `audit-verify`, 10⁷ rows against 10⁴".to_owned(),
        figure: largest / smallest,
        unit: "×",
        goal: Goal::AtMost(GOAL),
        note: format!(
            "`VmHWM`; {} MiB at 10⁴, 10⁵, 10⁶ and 10⁷ rows of about 550 bytes",
            each.join(", ")
        ),
        why: "",
    })
}

/// The most memory that a verification held.
fn peak_mib(folder: &Path, size: u64) -> anyhow::Result<f64> {
    let [export, policy] = ["long.audit.zip", "long.policy"].map(|name| folder.join(name));
    fs::write(&policy, long_log::write(&export, size)?.to_string())?;
    let mut verify = Command::new(root().join("target/release/audit-verify"));
    verify.arg(&export).arg("--policy").arg(&policy).stdout(Stdio::null());
    let mut child = verify.spawn()?;
    let mut peak = 0.0;
    let status = loop {
        // A process that has ended has no memory any more; what it had is read until then.
        peak = held_mib(child.id()).unwrap_or(peak);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(LOOK);
    };
    fs::remove_file(&export)?;
    ensure!(status.success(), "the log of {size} rows does not verify: {status}");
    Ok(peak)
}

fn held_mib(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib / 1024.0)
}
