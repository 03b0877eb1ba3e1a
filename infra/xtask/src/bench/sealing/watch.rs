//! Looking from outside when a row is there, and when it is signed.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, ensure};
use chain::{commit::Commit, row::Row};
use domain::Timestamp;
use rusqlite::{Connection as Database, OpenFlags};
use system_tests::load::{Connection, Outgoing};
use tokio::time::sleep;

/// As often as costs nearly nothing.
const LOOK: Duration = Duration::from_millis(2);
const ASK: Duration = Duration::from_millis(10);
/// Longer than sealing takes, however busy the machine is.
const PATIENCE: Duration = Duration::from_mins(2);

/// A row that was seen in the log. Times are since 1970.
pub(super) struct Sealed {
    pub(super) seq: u64,
    /// When it happened, by the app's clock.
    pub(super) at: Duration,
    /// When its commit was seen by another process.
    pub(super) seen: Duration,
    action: String,
}

impl Sealed {
    /// Whether it is about an event that was sent to be measured.
    pub(super) fn is_run(&self) -> bool {
        self.action == "run.completed"
    }
}

/// A thread that looks for new commits.
pub(super) struct Watch {
    is_over: Arc<AtomicBool>,
    runs: Arc<AtomicU64>,
    size: Arc<AtomicU64>,
    thread: JoinHandle<anyhow::Result<Vec<Sealed>>>,
}

impl Watch {
    /// Looks into the database of a server for the log of `tenant`.
    pub(super) fn start(file: &Path, tenant: String) -> Self {
        let (is_over, runs, size) = (Arc::default(), Arc::default(), Arc::default());
        let look = Look {
            file: file.to_owned(),
            tenant,
            is_over: Arc::clone(&is_over),
            runs: Arc::clone(&runs),
            size: Arc::clone(&size),
        };
        Self { is_over, runs, size, thread: thread::spawn(move || look.run()) }
    }

    /// Everything that was seen.
    pub(super) fn end(self) -> anyhow::Result<Vec<Sealed>> {
        self.is_over.store(true, Ordering::SeqCst);
        self.thread.join().map_err(|_| anyhow::anyhow!("nobody looked"))?
    }
}

struct Look {
    file: std::path::PathBuf,
    tenant: String,
    is_over: Arc<AtomicBool>,
    runs: Arc<AtomicU64>,
    size: Arc<AtomicU64>,
}

impl Look {
    fn run(self) -> anyhow::Result<Vec<Sealed>> {
        let database = Database::open_with_flags(&self.file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let sql = "SELECT documents.lsn, body FROM documents JOIN partitions USING (partition) \
                   WHERE container = 'log' AND tenant = ?1 AND documents.lsn > ?2 ORDER BY documents.lsn";
        let mut select = database.prepare(sql)?;
        let (mut last, mut rows) = (0_i64, Vec::new());
        while !self.is_over.load(Ordering::SeqCst) {
            let found =
                select.query_map((&self.tenant, last), |row| Ok((row.get(0)?, row.get(1)?)));
            let found = found?.collect::<Result<Vec<(i64, String)>, _>>()?;
            let seen = now()?;
            for (lsn, body) in found {
                last = lsn;
                rows.extend(self.read(&body, seen)?);
            }
            thread::sleep(LOOK);
        }
        Ok(rows)
    }

    fn read(&self, body: &str, seen: Duration) -> anyhow::Result<Vec<Sealed>> {
        let commit: Commit = serde_json::from_str(body)?;
        let mut rows = Vec::new();
        for text in &commit.rows {
            let row = Row::parse(text)?;
            let at: Timestamp = row.at.parse()?;
            let at = Duration::from_micros(at.unix_us().try_into()?);
            rows.push(Sealed { seq: row.seq, at, seen, action: row.action.to_owned() });
        }
        let runs = rows.iter().filter(|row| row.is_run()).count();
        self.runs.fetch_add(runs.try_into()?, Ordering::SeqCst);
        self.size.store(commit.size, Ordering::SeqCst);
        Ok(rows)
    }
}

/// Each size that was signed, and when it was seen to be, until `events` events are.
pub(super) async fn signed(
    server: SocketAddr,
    token: &str,
    watch: &Watch,
    events: usize,
) -> anyhow::Result<Vec<(u64, Duration)>> {
    let path = "/api/audit/v1/audit/checkpoint";
    let outgoing = Outgoing::json("GET", path, Some(token), None);
    let mut connection = Connection::open(server).await?;
    let (mut sizes, begun) = (Vec::<(u64, Duration)>::new(), now()?);
    loop {
        let answer = connection.send(&outgoing).await?;
        if answer.status.is_success() {
            let note = String::from_utf8(answer.bytes)?;
            // The second line of a checkpoint (C2SP tlog-checkpoint).
            let size = note.lines().nth(1).context("a checkpoint without a size")?.parse()?;
            if sizes.last().is_none_or(|(last, _)| *last < size) {
                sizes.push((size, now()?));
            }
        }
        let is_all = watch.runs.load(Ordering::SeqCst) >= events as u64;
        let end = watch.size.load(Ordering::SeqCst);
        if is_all && sizes.last().is_some_and(|(size, _)| *size >= end) {
            return Ok(sizes);
        }
        ensure!(now()?.saturating_sub(begun) < PATIENCE, "not everything was signed in time");
        sleep(ASK).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "what is compared are times of another process")]
fn now() -> anyhow::Result<Duration> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?)
}
