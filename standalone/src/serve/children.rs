//! Apps as processes of their own: started, watched, started again when they die.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use ports::Identity;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    process::{Child, ChildStdin, Command},
    sync::watch,
};

use super::stop::Stop;

/// The pause between two looks whether an app is ready, and how long it is given (functions-host §1.3).
const LOOK_EVERY: Duration = Duration::from_millis(25);
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long an app may finish what it began: its own 10 s, and a little.
const GRACE: Duration = Duration::from_secs(11);
/// The Azure Functions host stops at the third failure in a row with at most this between two.
const FAILURES_MAX: u32 = 3;
const FAILURES_APART: Duration = Duration::from_mins(30);
/// We start on, but not faster than this.
const SLOW_START: Duration = Duration::from_millis(500);

/// What is known of an app's process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    /// It will answer soon.
    Starting,
    /// It answers on this port of 127.0.0.1.
    Ready(u16),
    /// It ended and is not started again.
    Ended,
}

/// How to start one app.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    /// Which.
    pub(crate) app: Identity,
    /// The program.
    pub(crate) program: PathBuf,
    /// Its settings.
    pub(crate) settings: Vec<(&'static str, String)>,
    /// Whether its log lines go to our stdout; to stderr otherwise.
    pub(crate) log: bool,
}

/// How a process ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("it was asked to")]
    Asked,
    #[error("it exited with {0}")]
    Exited(i32),
    #[error("it was killed")]
    Killed,
    #[error("it did not answer in time")]
    NotReady,
    #[error("it could not be started: {0}")]
    NotStarted(std::io::Error),
}

impl End {
    fn of(status: std::io::Result<ExitStatus>) -> Self {
        status.ok().and_then(|status| status.code()).map_or(Self::Killed, Self::Exited)
    }
}

/// Keeps the app running until `stop`.
pub(crate) async fn supervise(spec: Spec, state: watch::Sender<State>, stop: Stop) {
    let (mut failures, mut was_ready) = (Failures::default(), false);
    while !stop.is_stopped() {
        let end = live(&spec, &state, &stop).await;
        let app = spec.app.name();
        was_ready |= *state.borrow() != State::Starting;
        match end {
            End::Asked => break,
            // functions-host §0 fact 6: 0 is never started again, 200 is a wish to be.
            End::Exited(0) => {
                tracing::error!(app, "an app ended with 0 and is not started again");
                break;
            }
            End::Exited(200) => state.send_replace(State::Starting),
            End::Exited(_) | End::Killed | End::NotReady | End::NotStarted(_) => {
                state.send_replace(State::Starting);
                let wait = failures.wait(Instant::now());
                let count = failures.count;
                if !was_ready && count >= FAILURES_MAX {
                    tracing::error!(app, end = %end, count, "an app never became ready and is not started again");
                    break;
                }
                tracing::error!(app, end = %end, count, "an app died and is started again");
                tokio::select! {
                    () = stop.stopped() => break,
                    () = tokio::time::sleep(wait) => State::Starting,
                }
            }
        };
    }
    state.send_replace(State::Ended);
}

async fn live(spec: &Spec, state: &watch::Sender<State>, stop: &Stop) -> End {
    let (port, mut child) = match free_port().and_then(|port| Ok((port, spawn(spec, port)?))) {
        Ok(started) => started,
        Err(error) => return End::NotStarted(error),
    };
    // Kept here: `wait` would close it, and an app ends with its standard input.
    let lifeline = child.stdin.take();
    let is_ready = tokio::select! {
        is_ready = answers(port) => is_ready,
        status = child.wait() => return End::of(status),
        () = stop.stopped() => return end(child, lifeline).await,
    };
    if !is_ready {
        kill(&mut child).await;
        return End::NotReady;
    }
    state.send_replace(State::Ready(port));
    tokio::select! {
        status = child.wait() => End::of(status),
        () = stop.stopped() => end(child, lifeline).await,
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn spawn(spec: &Spec, port: u16) -> std::io::Result<Child> {
    let out = if spec.log { Stdio::inherit() } else { Stdio::from(std::io::stderr()) };
    Command::new(&spec.program)
        .args(["app", spec.app.name(), "--while-stdin"])
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
        .envs(spec.settings.iter().map(|(name, value)| (*name, value.as_str())))
        .stdin(Stdio::piped())
        .stdout(out)
        .kill_on_drop(true)
        .spawn()
}

/// Whether the app answered anything in time.
async fn answers(port: u16) -> bool {
    let looked = async {
        while ask(port).await.is_err() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(READY_WITHIN, looked).await.is_ok()
}

async fn ask(port: u16) -> std::io::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n").await?;
    let mut first = [0; 1];
    stream.read_exact(&mut first).await.map(|_| ())
}

async fn end(mut child: Child, lifeline: Option<ChildStdin>) -> End {
    drop(lifeline);
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        kill(&mut child).await;
    }
    End::Asked
}

async fn kill(child: &mut Child) {
    if let Err(error) = child.kill().await {
        tracing::warn!(error = %error, "an app could not be killed");
    }
}

/// Failures in a row.
#[derive(Debug, Default)]
struct Failures {
    count: u32,
    last: Option<Instant>,
}

impl Failures {
    /// Counts one more, and says how long to wait before the next start.
    fn wait(&mut self, now: Instant) -> Duration {
        let is_chain = self.last.is_some_and(|last| now.duration_since(last) <= FAILURES_APART);
        self.count = if is_chain { self.count.saturating_add(1) } else { 1 };
        self.last = Some(now);
        if self.count < FAILURES_MAX {
            return Duration::ZERO;
        }
        if self.count == FAILURES_MAX {
            tracing::error!("this is the failure at which the Azure Functions host would stop");
        }
        SLOW_START
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_failure_in_a_row_slows_starts_down() {
        let (mut failures, now) = (Failures::default(), Instant::now());
        assert_eq!([(); 2].map(|()| failures.wait(now)), [Duration::ZERO; 2]);
        assert_eq!(failures.wait(now + FAILURES_APART), SLOW_START);
        assert_eq!(failures.wait(now + FAILURES_APART), SLOW_START);
        let later = now + FAILURES_APART * 2 + Duration::from_nanos(1);
        assert_eq!(failures.wait(later), Duration::ZERO);
    }
}
