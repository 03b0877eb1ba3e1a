//! Durable ingestion of signed events, from outside: real requests over HTTP to `proofline serve`, against SQLite by itself.

mod scene;

use std::{path::Path, time::Duration};

use super::{
    raw_store::RawStore,
    signatures::{self, Signatures},
    table::{Goal, Row},
    verify::median,
};
use scene::{Amount, Ingested, Scene};

const SINGLES: Amount = Amount { connections: 64, requests: 64, events: 1 };
/// More connections would only wait.
const BATCHES: Amount = Amount { connections: 16, requests: 3, events: 100 };
/// Odd, so that the median is one of them.
const ROUNDS: usize = 7;
const RAW_TIME: Duration = Duration::from_secs(1);
/// The rows of one commit of the raw store, when many share one.
const RAW_BATCH: u32 = 1_000;

/// What one round measured.
struct Round {
    raw: f64,
    single: Ingested,
    raw_batch: f64,
    batch: Ingested,
}

pub(super) fn measure(folder: &Path) -> anyhow::Result<Vec<Row>> {
    let mut scene = Scene::new(&folder.join("ingest"), SINGLES.connections)?;
    let mut raw = RawStore::new(&folder.join("raw.sqlite"))?;
    let body = scene.event()?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        rounds.push(Round {
            raw: raw.rows_per_second(&body, 1, RAW_TIME)?,
            single: scene.burst(SINGLES)?,
            raw_batch: raw.rows_per_second(&body, RAW_BATCH, RAW_TIME)?,
            batch: scene.burst(BATCHES)?,
        });
    }
    scene.end();
    let rounds = Rounds { rounds, bytes: body.len(), signatures: signatures::measure()? };
    Ok(vec![rounds.singles()?, rounds.time_of_singles()?, rounds.batches()?, rounds.writes()?])
}

struct Rounds {
    rounds: Vec<Round>,
    bytes: usize,
    signatures: Signatures,
}

impl Rounds {
    fn median(&self, figure: impl Fn(&Round) -> f64) -> anyhow::Result<f64> {
        median(self.rounds.iter().map(figure).collect())
    }

    fn singles(&self) -> anyhow::Result<Row> {
        let (events, commits) =
            (self.median(|round| round.single.per_second())?, self.median(|round| round.raw)?);
        Ok(Row {
            name: "ingestion, one event in a request, against SQLite with one row in a commit"
                .to_owned(),
            figure: self.median(|round| round.single.per_second() / round.raw)?,
            unit: "×",
            goal: Goal::AtLeast(2.0),
            note: format!(
                "median of {ROUNDS} rounds in turn, {} bytes an event; {} connections: {events:.0} events/s, SQLite by itself {commits:.0} commits/s",
                self.bytes, SINGLES.connections
            ),
            why: "The disk takes a commit in a third of a millisecond. So what is used up are not commits, which events share, but the \
                  two processors, also by the client; the next row says by what. On a disk with slower commits the ratio is higher.",
        })
    }

    fn time_of_singles(&self) -> anyhow::Result<Row> {
        let answered = self.median(|round| round.single.until_answered_us())?;
        let Signatures { request, sealing } = self.signatures;
        Ok(Row {
            name: "ingestion, one event in a request: processor time of the server".to_owned(),
            figure: self.median(|round| round.single.until_signed_us())?,
            unit: "µs",
            goal: Goal::AtMost(150.0),
            note: format!(
                "all of `proofline serve`, until the event is in the signed log; {answered:.0} µs until the receipt. Signatures alone, measured in this run: \
                 {request:.0} µs until the receipt (two verified, two made), {sealing:.0} µs more when it is sealed"
            ),
            why: "The signatures that the protocol asks for (on the request by RFC 9421, on the statement, on the receipt, on the audit intent, \
                  which the sealer verifies again) take more than the goal leaves room for, and are less than a third of the whole. In a profile \
                  the rest is spread out: a quarter of the whole is the kernel's (20 writes and 16 reads of SQLite's pages for an event, sockets, \
                  fsync), a third is reading, shaping and writing JSON with what that allocates, a tenth is SQLite's own. No single cause is \
                  left; batches, which Runners send by default, cost half.",
        })
    }

    fn batches(&self) -> anyhow::Result<Row> {
        let (events, rows) =
            (self.median(|round| round.batch.per_second())?, self.median(|round| round.raw_batch)?);
        let answered = self.median(|round| round.batch.until_answered_us())?;
        let signed = self.median(|round| round.batch.until_signed_us())?;
        Ok(Row {
            name: "ingestion, batches of 100, against SQLite with 1000 rows in a commit".to_owned(),
            figure: self.median(|round| round.batch.per_second() / round.raw_batch)?,
            unit: "×",
            goal: Goal::AtLeast(0.25),
            note: format!(
                "median of {ROUNDS} rounds in turn; {} connections: {events:.0} events/s, SQLite by itself {rows:.0} rows/s; {answered:.0} µs of processor \
                 time an event until the receipt, {signed:.0} µs until it is in the signed log",
                BATCHES.connections
            ),
            why: "SQLite by itself writes a row in 30 µs, without indexes. Each event has three signatures until its receipt and one more until \
                  it is sealed, which take five times as long by themselves, and five indexes.",
        })
    }

    fn writes(&self) -> anyhow::Result<Row> {
        Ok(Row {
            name: "ingestion, one event in a request: documents written for an event".to_owned(),
            figure: self.median(|round| round.single.writes())?,
            unit: "",
            goal: Goal::AtMost(1.1),
            note: "every write of every app until the event is in the signed log, the log's own included".to_owned(),
            why: "Two of them are leads by which the row is found later (decision 23). A timer writes them in batches of a hundred, behind the \
                  log and on nobody's way; they are counted because they are paid for.",
        })
    }
}
