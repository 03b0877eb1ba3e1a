//! `cargo xtask bench`: figures of the release build, as ratios where they can be, so that they mean something on another machine.

mod accounts;
mod azure;
mod counterparts;
mod host;
mod ingest;
mod machine;
mod memory;
mod package;
mod process;
mod raw_store;
mod sealing;
mod signatures;
mod table;
mod verify;
mod wasm;

use std::{fs, path::Path, process::ExitCode};

use anyhow::Context;

use crate::{progress::say, workspace::root};
use table::Table;

/// The page that the figures are written to.
const PAGE: &str = "docs/performance.md";

/// Measures the audit log alone and writes nothing: for whoever changes it.
pub(crate) fn run_log() -> anyhow::Result<ExitCode> {
    log(&mut Table::default())?;
    Ok(ExitCode::SUCCESS)
}

/// Measures accounts alone and writes nothing: for whoever changes them.
pub(crate) fn run_accounts() -> anyhow::Result<ExitCode> {
    let mut table = Table::default();
    for row in accounts::measure(&root().join("target/bench/accounts"))? {
        table.add(row);
    }
    Ok(ExitCode::SUCCESS)
}

/// Verifying, sealing and signing.
fn log(table: &mut Table) -> anyhow::Result<()> {
    let folder = root().join("target/bench/log");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    say("verification of stored bytes against raw SHA-256");
    verify::measure()?.into_iter().for_each(|row| table.add(row));
    table.add(wasm::measure(&folder)?);
    say("from an event to the signed log");
    sealing::measure(&folder.join("sealing"))?.into_iter().for_each(|row| table.add(row));
    table.add(memory::measure(&folder)?);
    Ok(())
}

/// Measures this release build.
pub(crate) fn run(json: Option<&Path>) -> anyhow::Result<ExitCode> {
    let mut table = Table::default();
    log(&mut table)?;
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
    say("accounts");
    for row in accounts::measure(&root().join("target/bench/accounts"))? {
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
