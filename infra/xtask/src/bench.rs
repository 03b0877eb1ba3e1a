//! `cargo xtask bench`: figures of the release build, as ratios where they can be, so that they mean something on another machine.

mod azure;
mod counterparts;
mod host;
mod ingest;
mod machine;
mod package;
mod process;
mod raw_store;
mod signatures;
mod table;
mod verify;

use std::{fs, path::Path, process::ExitCode};

use anyhow::Context;

use crate::{progress::say, workspace::root};
use table::Table;

/// The page that the figures are written to.
const PAGE: &str = "docs/performance.md";

/// Measures this release build.
pub(crate) fn run(json: Option<&Path>) -> anyhow::Result<ExitCode> {
    let mut table = Table::default();
    say("verification of stored bytes against raw SHA-256");
    for row in verify::measure()? {
        table.add(row);
    }
    for row in process::measure()? {
        table.add(row);
    }
    say("ingestion of signed events");
    for row in ingest::measure(&root().join("target/bench"))? {
        table.add(row);
    }
    say("the local host");
    for row in host::measure(&root().join("target/bench/host"))? {
        table.add(row);
    }
    say("the Azure backend");
    counterparts::build()?;
    for row in azure::measure()?.into_iter().chain(package::measure()?) {
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
    say(format_args!("wrote {PAGE}"));
    Ok(ExitCode::SUCCESS)
}
