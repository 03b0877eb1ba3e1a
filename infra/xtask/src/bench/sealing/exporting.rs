//! What it costs to hand the log over as one file.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use system_tests::load::{Connection, Customer, Outgoing, Server, cpu_time};
use tokio::runtime::Runtime;

use super::super::{
    table::{Goal, Row},
    verify::median,
};

const ROUNDS: usize = 5;
/// An answer may take 200 s, and an export may have 2^23 rows.
const GOAL: f64 = 8_388_608.0 / 200.0;

/// Exports what `server` has of the customer's log.
pub(super) fn measure(
    runtime: &Runtime,
    server: &Server,
    customer: &Customer,
) -> anyhow::Result<Row> {
    let mut figures = Vec::new();
    let (mut rows, mut bytes) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        let used = || cpu_time(server.process()).context("the server has ended");
        let before = used()?;
        (rows, bytes) = runtime.block_on(export(server, customer))?;
        figures.push(rows / used()?.saturating_sub(before).as_secs_f64());
    }
    Ok(Row {
        name: "an export: rows laid out in a second of processor time".to_owned(),
        figure: median(figures)?,
        unit: "rows/s",
        goal: Goal::AtLeast(GOAL),
        note: format!(
            "all of `proofline serve`, median of {ROUNDS} exports of the same run's log, {rows} rows in {bytes} bytes: rows are read twice, hashed, and \
             written; the goal is what 2²³ rows need to be done within the time that an answer may take"
        ),
        why: "",
    })
}

/// How many rows and bytes the file has that was made.
async fn export(server: &Server, customer: &Customer) -> anyhow::Result<(f64, f64)> {
    let mut connection = Connection::open(server.address).await?;
    let token = Some(customer.token.as_str());
    let asked = Outgoing::json("POST", "/api/audit/v1/audit/exports", token, Some(&json!({})));
    let made = connection.send(&asked).await?;
    ensure!(made.status.as_u16() == 201, "no export: {}", made.json());
    let made = made.json();
    let number = |name: &str| {
        let found = made.get(name).and_then(Value::as_f64);
        found.with_context(|| format!("no {name}"))
    };
    Ok((number("size")?, number("bytes")?))
}
