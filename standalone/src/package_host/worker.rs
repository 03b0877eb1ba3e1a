//! The one process of a package: started, asked until it answers, watched, started again, ended (functions-host §1.3).

mod errors;
mod readiness;

use std::{
    fs, io,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use ports::Randomness;
use tokio::{
    process::{Child, Command},
    sync::{mpsc, watch},
    task::JoinSet,
};

use self::{errors::Errors, readiness::answers};
use super::lines::{self, Stream};
use crate::serve::{dispatcher::guid, stop::Stop};

/// The host stops at this many errors in a row.
const ERRORS_MAX: u32 = 3;
/// A handler that ends with this wants to be started again.
const RESTART: i32 = 200;

/// The host's waits. [`Times::default`] has the real ones.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The pause between two looks whether a handler is ready.
    pub look_every: Duration,
    /// How long a request waits for a handler that is not ready; then the host stops.
    pub request_wait: Duration,
    /// Errors with at most this between two are in a row.
    pub errors_apart: Duration,
    /// How long a handler may finish what it began, after SIGTERM.
    pub grace: Duration,
    /// How long a proxied request may go without a byte in either direction.
    pub idle: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            look_every: Duration::from_millis(25),
            request_wait: Duration::from_mins(2),
            errors_apart: Duration::from_mins(30),
            grace: Duration::from_secs(11),
            idle: Duration::from_mins(4),
        }
    }
}

/// One life of the process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Life {
    /// Counts the starts.
    pub(crate) number: u64,
    /// The port on 127.0.0.1, the same in every life.
    pub(crate) port: u16,
}

/// What is known of the process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    /// It will answer soon.
    Starting,
    /// It answers.
    Ready(Life),
    /// It ended and is not started again.
    Ended(Gone),
}

/// Why there is no process any more.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Gone {
    #[error(
        "the handler exited with 0, which the Functions host takes for the end: it never starts it again"
    )]
    ExitedWith0,
    #[error("the handler failed three times in a row: the Functions host stops there")]
    ThirdError,
    #[error(
        "the handler was not ready while a request waited for 120 s: the Functions host stops there"
    )]
    Late,
    #[error("the host was asked to end")]
    Asked,
}

/// What a process is started with.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) app: String,
    pub(crate) executable: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) root: PathBuf,
    pub(crate) working_directory: PathBuf,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) stderr_is_errors: bool,
    /// Free when this was made, or the one that somebody insists on.
    pub(crate) port: u16,
    pub(crate) ready_within: Duration,
    pub(crate) times: Times,
    /// Ends with SIGKILL at once, as Azure does.
    pub(crate) is_azure_like: bool,
}

/// What others ask of the supervisor.
#[derive(Clone, Copy, Debug)]
enum Order {
    Kill(u64),
    GiveUp,
}

/// The way to the process.
#[derive(Clone)]
pub(crate) struct Worker {
    state: watch::Sender<State>,
    orders: mpsc::UnboundedSender<Order>,
    request_wait: Duration,
}

/// Whoever keeps the process running.
pub(crate) struct Supervisor {
    spec: Spec,
    state: watch::Sender<State>,
    orders: mpsc::UnboundedReceiver<Order>,
    randomness: Arc<dyn Randomness>,
    errors: Errors,
    lives: u64,
}

/// How a process ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("the host was asked to end")]
    Asked,
    #[error("no request could wait any longer")]
    GivenUp,
    #[error("the host killed it")]
    KilledByUs,
    #[error("it exited with {0}")]
    Exited(i32),
    #[error("it was killed")]
    Killed,
    #[error("it did not answer GET / in time")]
    NotReady,
    #[error("it could not be started: {0}")]
    NotStarted(io::Error),
}

/// A port of 127.0.0.1 that is free now.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The two ends of a process that is not started yet.
pub(crate) fn worker(spec: Spec, randomness: Arc<dyn Randomness>) -> (Worker, Supervisor) {
    let state = watch::Sender::new(State::Starting);
    let (sender, orders) = mpsc::unbounded_channel();
    let request_wait = spec.times.request_wait;
    let errors = Errors::new(spec.times.errors_apart);
    let worker = Worker { state: state.clone(), orders: sender, request_wait };
    let supervisor = Supervisor { spec, state, orders, randomness, errors, lives: 0 };
    (worker, supervisor)
}

impl Worker {
    /// The process, when it is ready; after 120 s the host stops.
    pub(crate) async fn ready(&self) -> Result<Life, Gone> {
        if let State::Ready(life) = *self.state.borrow() {
            return Ok(life);
        }
        let mut state = self.state.subscribe();
        let known = state.wait_for(|state| *state != State::Starting);
        match tokio::time::timeout(self.request_wait, known).await {
            Ok(Ok(known)) => match *known {
                State::Ready(life) => Ok(life),
                State::Ended(gone) => Err(gone),
                State::Starting => Err(Gone::Asked),
            },
            Ok(Err(_)) => Err(Gone::Asked),
            Err(_) => {
                self.order(Order::GiveUp);
                Err(Gone::Late)
            }
        }
    }

    /// Kills the process in this life, if it still lives it; it is started again.
    pub(crate) fn kill(&self, life: Life) {
        // At once, so that whoever comes next waits for the next life.
        self.state.send_if_modified(|state| {
            let is_alive = *state == State::Ready(life);
            if is_alive {
                *state = State::Starting;
            }
            is_alive
        });
        self.order(Order::Kill(life.number));
    }

    /// Until the host of this package stopped for a reason of its own.
    pub(crate) async fn stopped(&self) -> Gone {
        let mut state = self.state.subscribe();
        let is_over = |state: &State| matches!(state, State::Ended(Gone::ThirdError | Gone::Late));
        let known = state.wait_for(is_over).await.map(|state| *state);
        match known {
            Ok(State::Ended(gone)) => gone,
            Ok(State::Starting | State::Ready(_)) | Err(_) => std::future::pending().await,
        }
    }

    fn order(&self, order: Order) {
        // Nobody listens: then the process is gone too.
        self.orders.send(order).ok();
    }
}

impl Supervisor {
    /// Keeps the process running until `stop`, its own end or the third error.
    pub(crate) async fn run(mut self, stop: Stop) {
        let app = self.spec.app.clone();
        let gone = loop {
            let end = self.live(&stop).await;
            if stop.is_stopped() {
                break Gone::Asked;
            }
            match end {
                End::Asked => break Gone::Asked,
                End::GivenUp => break Gone::Late,
                End::Exited(0) => break Gone::ExitedWith0,
                End::Exited(RESTART) | End::KilledByUs => {
                    tracing::info!(app, end = %end, "a handler is started again");
                }
                End::Exited(_) | End::Killed | End::NotReady | End::NotStarted(_) => {
                    let count = self.errors.count(Instant::now());
                    tracing::error!(app, end = %end, count, "a handler failed");
                    if count >= ERRORS_MAX {
                        break Gone::ThirdError;
                    }
                }
            }
            self.state.send_replace(State::Starting);
        };
        if gone != Gone::Asked {
            tracing::error!(app, reason = %gone, "there is no handler any more");
        }
        self.state.send_replace(State::Ended(gone));
    }

    async fn live(&mut self, stop: &Stop) -> End {
        self.lives = self.lives.wrapping_add(1);
        let life = Life { number: self.lives, port: self.spec.port };
        let mut child = match self.spawn() {
            Ok(child) => child,
            Err(error) => return End::NotStarted(error),
        };
        let mut logs = self.log(&mut child);
        let mut ready =
            Box::pin(answers(life.port, self.spec.ready_within, self.spec.times.look_every));
        let mut is_ready = false;
        let end = loop {
            tokio::select! {
                answered = &mut ready, if !is_ready => {
                    if !answered {
                        kill(&mut child).await;
                        break End::NotReady;
                    }
                    is_ready = true;
                    self.state.send_replace(State::Ready(life));
                }
                status = child.wait() => break End::of(status),
                () = stop.stopped() => {
                    self.end(&mut child).await;
                    break End::Asked;
                }
                Some(order) = self.orders.recv() => match order {
                    Order::Kill(number) if number == life.number => {
                        kill(&mut child).await;
                        break End::KilledByUs;
                    }
                    Order::Kill(_) => {}
                    Order::GiveUp => {
                        kill(&mut child).await;
                        break End::GivenUp;
                    }
                }
            }
        };
        // The pipes end with the process, unless it left children of its own that hold them.
        let rest = async { while logs.join_next().await.is_some() {} };
        tokio::time::timeout(Duration::from_secs(1), rest).await.ok();
        end
    }

    fn spawn(&self) -> io::Result<Child> {
        let spec = &self.spec;
        let inside = spec.root.join(&spec.executable);
        let program = if inside.is_file() {
            make_executable(&spec.app, inside)?
        } else {
            spec.executable.clone().into()
        };
        let (port, worker) = (spec.port.to_string(), guid(&*self.randomness));
        Command::new(program)
            .args(&spec.arguments)
            .current_dir(&spec.working_directory)
            .env_clear()
            .envs(spec.environment.iter().map(|(name, value)| (name, value)))
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", &port)
            .env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", &worker)
            .env("FUNCTIONS_APP_ROOT_PATH", &spec.root)
            .env("FUNCTIONS_HTTPWORKER_PORT", &port)
            .env("FUNCTIONS_HTTPWORKER_ID", &worker)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }

    fn log(&self, child: &mut Child) -> JoinSet<()> {
        let mut logs = JoinSet::new();
        let errors_only = self.spec.stderr_is_errors;
        if let Some(out) = child.stdout.take() {
            let app = self.spec.app.clone();
            logs.spawn(async move { lines::log(&app, Stream::Out, out).await });
        }
        if let Some(err) = child.stderr.take() {
            let app = self.spec.app.clone();
            logs.spawn(async move { lines::log(&app, Stream::Err { errors_only }, err).await });
        }
        logs
    }

    /// Azure kills; a person's machine lets the handler finish.
    async fn end(&self, child: &mut Child) {
        let is_asked = !self.spec.is_azure_like && terminate(child).is_some();
        if !is_asked || tokio::time::timeout(self.spec.times.grace, child.wait()).await.is_err() {
            kill(child).await;
        }
    }
}

impl End {
    fn of(status: io::Result<ExitStatus>) -> Self {
        status.ok().and_then(|status| status.code()).map_or(Self::Killed, Self::Exited)
    }
}

/// As the host does on Linux: a zip that was made elsewhere has lost the mode.
fn make_executable(app: &str, program: PathBuf) -> io::Result<PathBuf> {
    let mut permissions = fs::metadata(&program)?.permissions();
    if permissions.mode() & 0o111 == 0 {
        tracing::warn!(app, "the handler was not executable; now it is");
        permissions.set_mode(permissions.mode() | 0o111);
        fs::set_permissions(&program, permissions)?;
    }
    Ok(program)
}

fn terminate(child: &Child) -> Option<()> {
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()?).ok()?)?;
    rustix::process::kill_process(process, rustix::process::Signal::TERM).ok()
}

async fn kill(child: &mut Child) {
    if let Err(error) = child.kill().await {
        tracing::warn!(error = %error, "a handler could not be killed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// functions-host §1.3.
    #[test]
    fn the_waits_are_the_hosts() {
        let times = Times::default();
        assert_eq!(times.look_every, Duration::from_millis(25));
        assert_eq!(times.errors_apart, Duration::from_mins(30));
        assert_eq!(
            (times.request_wait, times.idle),
            (Duration::from_mins(2), Duration::from_mins(4))
        );
    }
}
