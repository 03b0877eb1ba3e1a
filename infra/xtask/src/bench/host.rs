//! The stand-in for the Functions host: what it adds to a request that it passes on.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, ensure};
use serde_json::Value;
use system_tests::load::{Burst, Outgoing, cpu_time, send_all};
use tokio::runtime::Runtime;

use super::{
    process::binary,
    table::{Goal, Row},
    verify::median,
};
use crate::workspace::root;

const APP: &str = "auth";
/// Answered from memory, so that passing it on is most of the work.
const PATH: &str = "/api/auth/.well-known/jwks.json";
const CONNECTIONS: usize = 32;
/// Enough that steps of 10 ms, which the kernel counts in, are a hundredth.
const REQUESTS: usize = 1_000;
/// Odd, so that the median is one of them.
const ROUNDS: usize = 7;
const EXTRA_GOAL_US: f64 = 25.0;
const THROUGHPUT_GOAL: f64 = 0.25;

/// One burst at the host, and one at the handler by itself. Microseconds of processor time for a request.
struct Round {
    host: f64,
    handler_behind: f64,
    handler_alone: f64,
    throughput: f64,
}

pub(super) fn measure(folder: &Path) -> anyhow::Result<[Row; 2]> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let host = Host::start(&package(folder)?, &folder.join("data"))?;
    // Connections, pools and branch predictors.
    host.round(&runtime)?;
    let rounds = (0..ROUNDS).map(|_| host.round(&runtime)).collect::<anyhow::Result<Vec<_>>>()?;
    let middle = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    let (behind, alone) =
        (middle(|round| round.handler_behind)?, middle(|round| round.handler_alone)?);
    let how = format!(
        "`proofline serve --package`, {CONNECTIONS} connections, GET {PATH}, median of {ROUNDS} rounds of {} requests in turn with the handler alone",
        CONNECTIONS * REQUESTS
    );
    Ok([
        Row {
            name: "local host: processor time that it adds to a request".to_owned(),
            figure: middle(|round| round.host)?,
            unit: "µs",
            goal: Goal::AtMost(EXTRA_GOAL_US),
            note: format!(
                "the host's process by itself; {how}; the handler takes {behind:.1} µs behind it, {alone:.1} µs alone"
            ),
            why: "Half of it and more is the kernel's: each request is read and written twice more, on two sockets. The rest is parsing and writing \
                  HTTP twice, and what the Functions host does to headers.",
        },
        Row {
            name: "local host: requests a second, against the handler alone".to_owned(),
            figure: middle(|round| round.throughput)?,
            unit: "×",
            goal: Goal::AtLeast(THROUGHPUT_GOAL),
            note: format!("{how}; client, host and handler share the processors"),
            why: "",
        },
    ])
}

/// A package as it is deployed, but for its handler: this build's own, which needs no Azure.
fn package(folder: &Path) -> anyhow::Result<PathBuf> {
    let (package, root) = (folder.join("package").join(APP), root());
    let functions = root.join("docs/generated/functions").join(APP);
    fs::create_dir_all(package.join("http"))?;
    fs::copy(root.join("host.json"), package.join("host.json"))?;
    fs::copy(functions.join("http/function.json"), package.join("http/function.json"))?;
    let handler = package.join("handler");
    fs::write(&handler, format!("#!/bin/sh\nexec '{}' app {APP}\n", binary().display()))?;
    fs::set_permissions(&handler, fs::Permissions::from_mode(0o755))?;
    Ok(package)
}

/// The running host, and its handler; both end with this value.
struct Host {
    child: Child,
    address: SocketAddr,
    handler: u32,
    handler_address: SocketAddr,
    // Kept open: what is written to a closed pipe ends the writer.
    _stdout: BufReader<ChildStdout>,
}

impl Host {
    fn start(package: &Path, data: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(binary())
            .args(["serve", "--port=0", "--json", "--while-stdin", "--package"])
            .arg(package)
            .arg("--data")
            .arg(data)
            .env("PROOFLINE_BACKEND", "local")
            .env_remove("PROOFLINE_LOG")
            .env_remove("PROOFLINE_PUBLIC_URL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the host cannot be started")?;
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().context("no output of the host")?);
        stdout.read_line(&mut line)?;
        let said: Value =
            serde_json::from_str(&line).with_context(|| format!("the host said {line:?}"))?;
        let url = said.get("url").and_then(Value::as_str).context("the host has no URL")?;
        let address = url.trim_start_matches("http://").parse()?;
        let handler = handler_of(child.id())?;
        let handler_address = SocketAddr::from(([127, 0, 0, 1], port_of(handler)?));
        Ok(Self { child, address, handler, handler_address, _stdout: stdout })
    }

    fn round(&self, runtime: &Runtime) -> anyhow::Result<Round> {
        let (host, handler) = (self.used(self.child.id())?, self.used(self.handler)?);
        let behind = burst(runtime, self.address)?;
        let (host_after, handler_after) = (self.used(self.child.id())?, self.used(self.handler)?);
        let alone = burst(runtime, self.handler_address)?;
        let handler_end = self.used(self.handler)?;
        Ok(Round {
            host: per_request(host_after.saturating_sub(host)),
            handler_behind: per_request(handler_after.saturating_sub(handler)),
            handler_alone: per_request(handler_end.saturating_sub(handler_after)),
            throughput: alone.div_duration_f64(behind),
        })
    }

    fn used(&self, process: u32) -> anyhow::Result<Duration> {
        let address = self.address;
        cpu_time(process).with_context(|| format!("the host at {address} has ended"))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It ends its handler, and itself, when its input ends.
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

/// How long it took until everything was answered.
fn burst(runtime: &Runtime, address: SocketAddr) -> anyhow::Result<Duration> {
    let lane = || vec![Outgoing::json("GET", PATH, None, None); REQUESTS];
    let lanes = (0..CONNECTIONS).map(|_| lane()).collect();
    let Burst { wall, answers } = runtime.block_on(send_all(address, lanes));
    let is_answered = answers.iter().flatten().all(|answer| answer.status.is_success());
    ensure!(is_answered, "a request to {address} failed");
    Ok(wall)
}

fn per_request(used: Duration) -> f64 {
    let requests = u32::try_from(CONNECTIONS * REQUESTS).unwrap_or(u32::MAX);
    used.as_secs_f64() * 1e6 / f64::from(requests)
}

/// The only child of the host (Linux).
fn handler_of(host: u32) -> anyhow::Result<u32> {
    let mut children = String::new();
    for thread in fs::read_dir(format!("/proc/{host}/task"))? {
        children += &fs::read_to_string(thread?.path().join("children")).unwrap_or_default();
    }
    let child = children.split_whitespace().next().context("the host has no handler")?;
    Ok(child.parse()?)
}

/// The port that the host told it.
fn port_of(handler: u32) -> anyhow::Result<u16> {
    let environment = fs::read_to_string(format!("/proc/{handler}/environ"))?;
    let mut variables = environment.split('\0');
    let port =
        variables.find_map(|variable| variable.strip_prefix("FUNCTIONS_CUSTOMHANDLER_PORT="));
    Ok(port.context("the handler has no port")?.parse()?)
}
