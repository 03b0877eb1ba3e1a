//! Durable ingestion of signed events, from outside: real requests over HTTP to `proofline serve`, against SQLite by itself.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use system_tests::load::{
    Burst, Customer, Layout, Outgoing, Server, SyntheticRunner, cpu_time, send_all,
};

use super::{
    process::binary,
    raw_store::RawStore,
    table::{Goal, Row},
    verify::median,
};

/// Connections, each with a Runner of its own.
const CONNECTIONS: usize = 64;
/// Events of each connection in one round, one in a request.
const EVENTS: usize = 64;
/// Requests of each connection in one round, with [`BATCH`] events each.
const BATCHES: usize = 2;
const BATCH: usize = 100;
/// Connections that send batches: more would only wait.
const BATCH_CONNECTIONS: usize = 16;
/// Odd, so that the median is one of them.
const ROUNDS: usize = 7;
const RAW_TIME: Duration = Duration::from_secs(1);
/// The rows of one commit of the raw store, when many share one.
const RAW_BATCH: u32 = 1_000;
/// A server that used less than this within [`LOOK`] is idle; what it does all the time is looking at queues.
const IDLE: Duration = Duration::from_millis(20);
const LOOK: Duration = Duration::from_millis(400);
const IDLE_WITHIN: Duration = Duration::from_mins(1);

/// What one round measured.
struct Round {
    raw: f64,
    single: Ingested,
    raw_batch: f64,
    batch: Ingested,
}

/// What one burst of events cost the server.
struct Ingested {
    events: f64,
    wall: Duration,
    /// Until the last answer.
    cpu: Duration,
    /// Until every event was in the signed log.
    cpu_sealed: Duration,
    /// Documents written, by anybody, until then.
    writes: f64,
}

pub(super) fn measure(folder: &Path) -> anyhow::Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let server = Server::start(&binary(), &folder.join("ingest"), Layout::OneProcess);
    let mut raw = RawStore::new(&folder.join("raw.sqlite"))?;
    let mut runners = runtime.block_on(async {
        let invitation = server.invitation.as_deref().context("there is an owner already")?;
        let customer = Customer::sign_up(server.address, invitation).await;
        anyhow::Ok(customer.runners(server.address, CONNECTIONS).await)
    })?;
    let body = runners.first_mut().context("no Runner")?.clone().say().event;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(Round {
            raw: raw.rows_per_second(&body, 1, RAW_TIME)?,
            single: runtime.block_on(burst(&server, &mut runners, EVENTS, 1))?,
            raw_batch: raw.rows_per_second(&body, RAW_BATCH, RAW_TIME)?,
            batch: {
                let few = runners.get_mut(..BATCH_CONNECTIONS).context("too few Runners")?;
                runtime.block_on(burst(&server, few, BATCHES, BATCH))?
            },
        });
    }
    server.stop();
    rows(&rounds, body.len())
}

/// Every Runner sends `requests` requests of `size` events, all at the same time. Nothing is signed while it is measured.
async fn burst(
    server: &Server,
    runners: &mut [SyntheticRunner],
    requests: usize,
    size: usize,
) -> anyhow::Result<Ingested> {
    let lanes: Vec<Vec<Outgoing>> =
        runners.iter_mut().map(|runner| lane(runner, requests, size)).collect();
    let events = lanes.len() * requests * size;
    idle(server)?;
    let (before, written) = (used(server)?, writes(server)?);
    let Burst { wall, answers } = send_all(server.address, lanes).await;
    let answered = used(server)?;
    idle(server)?;
    let ingested = Ingested {
        events: f64::from(u32::try_from(events)?),
        wall,
        cpu: answered.saturating_sub(before),
        cpu_sealed: used(server)?.saturating_sub(before),
        writes: writes(server)? - written,
    };
    for answer in answers.iter().flatten() {
        let json = answer.json();
        let results = json.get("results").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let is_accepted =
            |result: &Value| result.get("status").is_some_and(|status| status == "accepted");
        ensure!(results.len() == size && results.iter().all(is_accepted), "not accepted: {json}");
    }
    Ok(ingested)
}

fn lane(runner: &mut SyntheticRunner, requests: usize, size: usize) -> Vec<Outgoing> {
    let request = |_| {
        let said: Vec<_> = (0..size).map(|_| runner.say()).collect();
        runner.hand_in(&said)
    };
    (0..requests).map(request).collect()
}

fn used(server: &Server) -> anyhow::Result<Duration> {
    cpu_time(server.process()).context("the server has ended")
}

/// Waits until the server has sealed and signed what it took in.
fn idle(server: &Server) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut before = used(server)?;
    while begun.elapsed() < IDLE_WITHIN {
        thread::sleep(LOOK);
        let now = used(server)?;
        if now.saturating_sub(before) < IDLE {
            return Ok(());
        }
        before = now;
    }
    bail!("the server is not idle {} s after the last event", IDLE_WITHIN.as_secs())
}

/// How many documents were ever written: each write has the next number.
fn writes(server: &Server) -> anyhow::Result<f64> {
    let database = Connection::open_with_flags(
        server.data.join("store.sqlite"),
        OpenFlags::SQLITE_OPEN_READ_ONLY,
    )?;
    Ok(f64::from(database.query_row("SELECT lsn FROM sequence", [], |row| row.get::<_, u32>(0))?))
}

impl Ingested {
    fn per_second(&self) -> f64 {
        self.events / self.wall.as_secs_f64()
    }

    /// Microseconds of processor time.
    fn per_event(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.events
    }
}

fn rows(rounds: &[Round], bytes: usize) -> anyhow::Result<Vec<Row>> {
    let of = |figure: &dyn Fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    let how = format!("median of {ROUNDS} rounds in turn, {bytes} bytes an event");
    let row = |name: &str, figure, unit, goal, note| Row {
        name: name.to_owned(),
        figure,
        unit,
        goal,
        note,
    };
    Ok(vec![
        row(
            "ingestion, one event in a request, against single-row commits of SQLite",
            of(&|round| round.single.per_second() / round.raw)?,
            "×",
            Goal::AtLeast(2.0),
            format!(
                "{how}; {CONNECTIONS} connections: {:.0} events/s, SQLite by itself {:.0} commits/s",
                of(&|round| round.single.per_second())?,
                of(&|round| round.raw)?
            ),
        ),
        row(
            "ingestion, one event in a request: processor time of the server",
            of(&|round| round.single.per_event(round.single.cpu_sealed))?,
            "µs",
            Goal::AtMost(150.0),
            format!(
                "all of `proofline serve`, until the event is sealed and signed; {:.0} µs until the receipt",
                of(&|round| round.single.per_event(round.single.cpu))?
            ),
        ),
        row(
            "ingestion, batches of 100, against SQLite with 1000 rows in a commit",
            of(&|round| round.batch.per_second() / round.raw_batch)?,
            "×",
            Goal::AtLeast(0.25),
            format!(
                "{how}; {BATCH_CONNECTIONS} connections: {:.0} events/s, SQLite by itself {:.0} rows/s; {:.0} µs of processor time an event until the receipt, {:.0} µs until it is sealed and signed",
                of(&|round| round.batch.per_second())?,
                of(&|round| round.raw_batch)?,
                of(&|round| round.batch.per_event(round.batch.cpu))?,
                of(&|round| round.batch.per_event(round.batch.cpu_sealed))?
            ),
        ),
        row(
            "ingestion, one event in a request: documents written for an event",
            of(&|round| round.single.writes / round.single.events)?,
            "",
            Goal::AtMost(1.1),
            "every write of every app until it is sealed and signed, the log's own included"
                .to_owned(),
        ),
    ])
}
