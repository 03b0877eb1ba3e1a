//! A server with a customer and Runners, and what a burst of events costs it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use rusqlite::{Connection as Database, OpenFlags};
use serde_json::Value;
use system_tests::load::{
    Burst, Connection, Customer, Layout, Outgoing, Server, SyntheticRunner, cpu_time, send_all,
};
use tokio::{runtime::Runtime, time::sleep};

use crate::bench::process::binary;

/// Longer than sealing takes, however busy the machine is.
const SEALED_WITHIN: Duration = Duration::from_mins(2);
const LOOK: Duration = Duration::from_millis(50);
/// When nothing was sealed for so long, nothing is left to seal: a sealer is woken within a second.
const SETTLED: Duration = Duration::from_secs(2);

/// A server, and Runners that it knows.
pub(super) struct Scene {
    runtime: Runtime,
    server: Server,
    customer: Customer,
    runners: Vec<SyntheticRunner>,
    /// How many rows of the customer's log are sealed and signed.
    rows: u64,
}

/// How much is sent in a burst.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amount {
    /// Connections, each with a Runner of its own.
    pub(super) connections: usize,
    /// Requests over each.
    pub(super) requests: usize,
    /// Events in each.
    pub(super) events: usize,
}

/// What one burst of events cost the server.
pub(super) struct Ingested {
    events: f64,
    wall: Duration,
    until_answered: Duration,
    until_signed: Duration,
    writes: f64,
}

impl Scene {
    /// A new server in `folder`, with `count` Runners.
    pub(super) fn new(folder: &Path, count: usize) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let server = Server::start(&binary(), folder, Layout::OneProcess);
        let invitation = server.invitation.as_deref().context("there is an owner already")?;
        let customer = runtime.block_on(Customer::sign_up(server.address, invitation));
        let runners = runtime.block_on(customer.runners(server.address, count));
        let mut scene = Self { runtime, server, customer, runners, rows: 0 };
        scene.rows = scene.runtime.block_on(scene.settled())?;
        Ok(scene)
    }

    /// The bytes of an event.
    pub(super) fn event(&mut self) -> anyhow::Result<Vec<u8>> {
        // A copy of the Runner says it: the next statement follows from the last one that was sent.
        Ok(self.runners.first().context("no Runner")?.clone().say().event.to_vec())
    }

    /// Lets Runners send `amount`, all at the same time. Nothing is signed by them while it is measured.
    pub(super) fn burst(&mut self, amount: Amount) -> anyhow::Result<Ingested> {
        let Amount { connections, requests, events } = amount;
        let runners = self.runners.get_mut(..connections).context("too few Runners")?;
        let lanes = runners.iter_mut().map(|runner| lane(runner, requests, events)).collect();
        let count = connections * requests * events;
        let (used, written) = (self.used()?, self.writes()?);
        let Burst { wall, answers } = self.runtime.block_on(send_all(self.server.address, lanes));
        let until_answered = self.used()?.saturating_sub(used);
        self.rows += u64::try_from(count)?;
        self.runtime.block_on(self.sealed())?;
        let until_signed = self.used()?.saturating_sub(used);
        for answer in answers.iter().flatten() {
            accepted(&answer.json(), events)?;
        }
        let (events, writes) = (f64::from(u32::try_from(count)?), self.writes()? - written);
        Ok(Ingested { events, wall, until_answered, until_signed, writes })
    }

    /// Ends the server.
    pub(super) fn end(self) {
        self.server.stop();
    }

    fn used(&self) -> anyhow::Result<Duration> {
        cpu_time(self.server.process()).context("the server has ended")
    }

    /// How many documents were ever written, by any app: each write has the next number.
    fn writes(&self) -> anyhow::Result<f64> {
        let file = self.server.data.join("store.sqlite");
        let database = Database::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let last: u32 = database.query_row("SELECT lsn FROM sequence", [], |row| row.get(0))?;
        Ok(f64::from(last))
    }

    /// Waits until every event is in the signed log.
    async fn sealed(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let rows = self.signed_rows().await?;
            if rows >= self.rows {
                return Ok(());
            }
            let late = begun.elapsed() > SEALED_WITHIN;
            ensure!(!late, "{rows} of {} rows are signed", self.rows);
            sleep(LOOK).await;
        }
    }

    /// The size of the signed log, once it does not grow any more.
    async fn settled(&self) -> anyhow::Result<u64> {
        let mut rows = 0;
        loop {
            sleep(SETTLED).await;
            match self.signed_rows().await? {
                same if same == rows && same > 0 => return Ok(rows),
                other => rows = other,
            }
        }
    }

    /// The second line of a checkpoint (C2SP tlog-checkpoint); 0 while there is none.
    async fn signed_rows(&self) -> anyhow::Result<u64> {
        let path = "/api/audit/v1/audit/checkpoint";
        let outgoing = Outgoing::json("GET", path, Some(&self.customer.token), None);
        let answer = Connection::open(self.server.address).await?.send(&outgoing).await?;
        if !answer.status.is_success() {
            ensure!(answer.code() == "nothing-signed", "{}", answer.json());
            return Ok(0);
        }
        let note = String::from_utf8(answer.bytes)?;
        Ok(note.lines().nth(1).context("a checkpoint without a size")?.parse()?)
    }
}

impl Ingested {
    /// Events a second, as their senders see it.
    pub(super) fn per_second(&self) -> f64 {
        self.events / self.wall.as_secs_f64()
    }

    /// Microseconds of the server's processor time for an event, until its senders had every receipt.
    pub(super) fn until_answered_us(&self) -> f64 {
        self.until_answered.as_secs_f64() * 1e6 / self.events
    }

    /// The same, until every event was sealed into the log and the log signed.
    pub(super) fn until_signed_us(&self) -> f64 {
        self.until_signed.as_secs_f64() * 1e6 / self.events
    }

    /// Documents written for an event, by every app, until then.
    pub(super) fn writes(&self) -> f64 {
        self.writes / self.events
    }
}

fn lane(runner: &mut SyntheticRunner, requests: usize, events: usize) -> Vec<Outgoing> {
    let request = |_| {
        let said: Vec<_> = (0..events).map(|_| runner.say()).collect();
        runner.hand_in(&said)
    };
    (0..requests).map(request).collect()
}

fn accepted(answer: &Value, events: usize) -> anyhow::Result<()> {
    let results = answer.get("results").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_accepted =
        |result: &Value| result.get("status").is_some_and(|status| status == "accepted");
    ensure!(results.len() == events && results.iter().all(is_accepted), "not accepted: {answer}");
    Ok(())
}
