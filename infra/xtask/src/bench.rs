//! `cargo xtask bench`: figures of the release build, as ratios where they can be, so that they mean something on another machine.

mod machine;
mod process;
mod table;
mod verify;

use std::{
    fs,
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::Context;

use crate::{
    progress::say,
    steps::run as run_program,
    workspace::{cargo, root},
};
use table::Table;

/// The page that the figures are written to.
const PAGE: &str = "docs/performance.md";

/// Measures. A debug build builds the release and hands over to it: its own figures would be worth nothing.
pub(crate) fn run(json: Option<&Path>) -> anyhow::Result<ExitCode> {
    if cfg!(debug_assertions) { hand_over(json) } else { measure(json) }
}

/// One build for the product and for what measures it, so that they share their dependencies.
fn hand_over(json: Option<&Path>) -> anyhow::Result<ExitCode> {
    run_program(&mut cargo(&[
        "build",
        "--release",
        "--package",
        "standalone",
        "--package",
        "xtask",
    ]))?;
    let mut bench = Command::new(root().join("target/release/xtask"));
    bench.arg("bench").current_dir(root());
    if let Some(file) = json {
        bench.arg("--json").arg(file);
    }
    run_program(&mut bench)?;
    Ok(ExitCode::SUCCESS)
}

fn measure(json: Option<&Path>) -> anyhow::Result<ExitCode> {
    let mut table = Table::default();
    say("verification of stored bytes against raw SHA-256");
    table.add(verify::measure()?);
    for row in process::measure()? {
        table.add(row);
    }
    let machine = machine::describe()?;
    let page = root().join(PAGE);
    fs::write(&page, table.to_page(&machine))
        .with_context(|| format!("{PAGE} cannot be written"))?;
    if let Some(file) = json {
        let text = serde_json::to_string_pretty(&table.to_json(&machine))? + "\n";
        fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    say(format_args!("\n{}wrote {PAGE}", table.to_lines()));
    Ok(ExitCode::SUCCESS)
}
