//! The adapters of the Azure backend: what they add to the SDK, and how seldom they call the vault.

use anyhow::Context;
use serde::Deserialize;

use super::{
    counterparts,
    table::{Goal, Row},
};

const OVERHEAD_GOAL: f64 = 1.5;
const CALLS_PER_KEY_GOAL: f64 = 3.0;

#[derive(Deserialize)]
struct Figures {
    adapter: Vec<Compared>,
    vault: Vault,
}

#[derive(Deserialize)]
struct Compared {
    operation: String,
    adapter_us: f64,
    bare_us: f64,
    samples: u32,
    each: u32,
}

#[derive(Deserialize)]
struct Vault {
    apps: Vec<Opened>,
    requests: u32,
}

/// Calls of the vault by one app.
#[derive(Deserialize)]
struct Opened {
    app: String,
    keys: u32,
    first: u32,
    again: u32,
}

pub(super) fn measure() -> anyhow::Result<Vec<Row>> {
    let Figures { adapter, vault } = counterparts::measured(&[], &[])?;
    let mut rows: Vec<Row> = adapter.iter().map(overhead).collect();
    rows.push(in_requests(&vault));
    rows.push(at_start(&vault)?);
    Ok(rows)
}

fn overhead(compared: &Compared) -> Row {
    let Compared { operation, adapter_us, bare_us, samples, each } = compared;
    Row {
        name: format!("Cosmos adapter, {operation}, against the bare SDK"),
        figure: adapter_us / bare_us,
        unit: "×",
        goal: Goal::AtMost(OVERHEAD_GOAL),
        note: format!(
            "CPU time in one thread, ratio of the medians of {samples} samples of {each} operations, in turn, against the emulator in the same process, whose \
             own time is in both: {adapter_us:.0} µs against {bare_us:.0} µs"
        ),
        why: "",
    }
}

fn in_requests(vault: &Vault) -> Row {
    Row {
        name: "calls of the vault in warm requests".to_owned(),
        figure: f64::from(vault.requests),
        unit: "",
        goal: Goal::AtMost(0.0),
        note: "counted by the vault's stand-in while all apps do everything that the product does for one customer, from sign-up to export".to_owned(),
        why: "None of them is a request's own. Four make and open the keys of two tenants' fields, once for each tenant; two are the signature of the \
              directory's head, once a minute for all tenants, and whose key it is. A test names each.",
    }
}

fn at_start(vault: &Vault) -> anyhow::Result<Row> {
    let per_key = |app: &Opened| f64::from(app.again) / f64::from(app.keys);
    let most = vault.apps.iter().max_by(|a, b| per_key(a).total_cmp(&per_key(b)));
    let most = most.context("no app holds a key")?;
    let each = |Opened { app, keys, first, again }: &Opened| {
        format!("`{app}` {again} for {keys} keys ({first} at its very first start)")
    };
    let each: Vec<_> = vault.apps.iter().map(each).collect();
    Ok(Row {
        name: "calls of the vault when an app starts, for each key that it holds".to_owned(),
        figure: per_key(most),
        unit: "",
        goal: Goal::AtMost(CALLS_PER_KEY_GOAL),
        note: format!(
            "counted by the vault's stand-in, challenges included; of the app with the most, `{}`. All: {}",
            most.app,
            each.join(", ")
        ),
        why: "",
    })
}
