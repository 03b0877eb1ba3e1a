//! What the Azure backend costs, as JSON on stdout, for `cargo xtask bench`.
//!
//! `azure-bench` compares the document adapter with the bare SDK and counts calls of the vault; it needs nothing else. `azure-site azure-bench start`
//! measures what opening each app waits for, against the site's counterparts.

#[path = "azure-bench/adapter.rs"]
mod adapter;
#[path = "azure-bench/processor.rs"]
mod processor;
#[path = "azure-bench/start.rs"]
mod start;
#[path = "azure-bench/vault.rs"]
mod vault;

use std::io::Write as _;

use anyhow::bail;
use serde_json::json;

/// One thread, so that its processor time is everything that an operation costs.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let what = std::env::args().nth(1);
    let figures = match what.as_deref() {
        None => json!({"adapter": adapter::measure().await?, "vault": vault::measure().await?}),
        Some("start") => json!({"start": start::measure().await?}),
        Some(other) => bail!("unknown argument {other}; usage: azure-bench [start]"),
    };
    writeln!(std::io::stdout(), "{figures}")?;
    Ok(())
}
