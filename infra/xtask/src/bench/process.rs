//! Processes of the product from outside: how soon they answer, and how much memory they hold.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use ports::Identity;

use super::{
    table::{Goal, Row},
    verify::median,
};
use crate::{progress::say, workspace::root};

/// Starts of each app; odd, so that the median is one of them.
pub(super) const STARTS: usize = 15;
pub(super) const START_GOAL_MS: f64 = 25.0;
const MEMORY_GOAL_MIB: f64 = 80.0;
/// Longer than anything sensible takes: then the figure does not matter any more.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn measure() -> anyhow::Result<Vec<Row>> {
    let folder = root().join("target/bench");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut rows = Vec::new();
    for identity in Identity::ALL {
        say(format_args!("start of {}", identity.name()));
        rows.push(start(identity.name(), &folder.join("apps"))?);
    }
    say("memory of all apps in one process");
    rows.push(memory(&folder.join("serve"))?);
    Ok(rows)
}

/// From the start of the process to its first answer, as the Functions host waits for it.
fn start(app: &str, data: &Path) -> anyhow::Result<Row> {
    let once = || -> anyhow::Result<f64> {
        let port = free_port()?;
        let mut command = proofline(data);
        command.args(["app", app]).env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string());
        let started = Instant::now();
        let _process = Running::start(&mut command, port)?;
        Ok(started.elapsed().as_secs_f64() * 1000.0)
    };
    // The first start makes the store and the app's keys; it is not the one that a customer waits for.
    once()?;
    let times = (0..STARTS).map(|_| once()).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Row {
        name: format!("`{app}`: start to first answer"),
        figure: median(times)?,
        unit: "ms",
        goal: Goal::AtMost(START_GOAL_MS),
        note: format!("median of {STARTS}, store and keys exist"),
        why: "",
    })
}

fn memory(data: &Path) -> anyhow::Result<Row> {
    let port = free_port()?;
    let mut command = proofline(data);
    command.args(["serve", "--port", &port.to_string()]);
    let process = Running::start(&mut command, port)?;
    thread::sleep(Duration::from_secs(1));
    Ok(Row {
        name: "all apps in one process: resident memory, idle".to_owned(),
        figure: resident_mib(process.id())?,
        unit: "MiB",
        goal: Goal::AtMost(MEMORY_GOAL_MIB),
        note: "`VmRSS` a second after the first answer of `proofline serve`".to_owned(),
        why: "",
    })
}

fn resident_mib(process: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

fn proofline(data: &Path) -> Command {
    let mut command = Command::new(binary());
    command
        .env("PROOFLINE_DATA", data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

pub(super) fn binary() -> PathBuf {
    root().join("target/release/proofline")
}

pub(super) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A process that answers, ended when it is dropped.
pub(super) struct Running {
    child: Child,
}

impl Running {
    pub(super) fn start(command: &mut Command, port: u16) -> anyhow::Result<Self> {
        let child = command.spawn();
        let child = child.with_context(|| {
            format!("{} cannot be started", command.get_program().to_string_lossy())
        })?;
        let mut running = Self { child };
        running.wait(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        Ok(running)
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    fn wait(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let started = Instant::now();
        while !answers(address) {
            if let Some(status) = self.child.try_wait()? {
                let mut said = String::new();
                self.child
                    .stderr
                    .take()
                    .map(|mut stderr| stderr.read_to_string(&mut said))
                    .transpose()?;
                bail!("it ended with {status} before it answered: {said}");
            }
            ensure!(
                started.elapsed() < PATIENCE,
                "it did not answer within {} s",
                PATIENCE.as_secs()
            );
            thread::sleep(Duration::from_micros(200));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Whether anything answers `GET /`, as the Functions host asks.
fn answers(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    let mut start = [0; 8];
    stream
        .write_all(request)
        .and_then(|()| stream.read_exact(&mut start))
        .is_ok_and(|()| start == *b"HTTP/1.1")
}
