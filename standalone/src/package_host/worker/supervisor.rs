//! Whoever keeps the process of a package running.

use std::{
    fs, io,
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

use super::{
    super::lines::{self, Stream},
    Gone, Life, Order, State, Times,
    errors::Errors,
    readiness::answers,
};
use crate::serve::{dispatcher::guid, stop::Stop};

/// The host stops at this many errors in a row.
const ERRORS_MAX: u32 = 3;
/// A handler that ends with this wants to be started again.
const RESTART: i32 = 200;

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

impl Supervisor {
    pub(super) fn new(
        spec: Spec,
        state: watch::Sender<State>,
        orders: mpsc::UnboundedReceiver<Order>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        let errors = Errors::new(spec.times.errors_apart);
        Self { spec, state, orders, randomness, errors, lives: 0 }
    }

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
