//! Every function app on this machine, behind one port, with a stand-in for what Azure does around them.

pub(crate) mod answer;
pub(crate) mod bootstrap;
mod children;
pub(crate) mod crew;
pub(crate) mod deliveries;
pub(crate) mod dispatcher;
pub(crate) mod envelope;
pub(crate) mod event_grid;
pub(crate) mod front;
pub(crate) mod greeting;
mod in_process;
pub(crate) mod lock;
pub(crate) mod ncrontab;
mod operator;
pub(crate) mod over_http;
mod queues;
pub(crate) mod start;
pub(crate) mod stop;
mod timers;
mod triggers;

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use clap::ValueEnum;
use host::{BackendError, ConfigError, LogForm, OpenError, RootPassphrase};
use tokio::{
    net::TcpListener,
    task::{JoinError, JoinSet},
};

use self::greeting::Greeting;
use crate::{HostedApp, Lifeline};

pub use bootstrap::{BootstrapError, Invited};
pub use ncrontab::NcrontabError;
pub(crate) use operator::invite_operator;
pub use start::serve;

/// How to serve.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of everything that is stored.
    pub data: PathBuf,
    /// The passphrase of the root key as it was typed; `None` for what the settings say.
    pub root_passphrase: Option<RootPassphrase>,
    /// Where the apps keep everything; `None` for what `PROOFLINE_BACKEND` says.
    pub backend: Option<BackendName>,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The URL under which Runners and people reach us; `None` for the one that is listened on.
    pub public_url: Option<String>,
    /// The name of the first tenant.
    pub tenant_name: String,
    /// How the apps run.
    pub layout: Layout,
    /// Scales the waits between deliveries of an event: 1 is what Event Grid does.
    pub event_grid_time_scale: f64,
    /// What is logged, and where.
    pub log: Log,
}

/// Where the apps keep everything.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum BackendName {
    /// On this machine.
    Local,
    /// In Azure, or with what stands for it on this machine.
    Azure,
}

/// How the apps run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Layout {
    /// All in this process.
    OneProcess,
    /// Each in a process of its own.
    Processes {
        /// What is started, with the arguments `app NAME --while-stdin`.
        program: PathBuf,
    },
}

/// What is logged, and where.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Log {
    /// Errors and the host's warnings, as text on stderr: that requests are refused is what a server is for.
    Quiet,
    /// What `PROOFLINE_LOG` says, as JSON on stdout.
    Stdout,
    /// The same on stderr, because stdout is for something else.
    Stderr,
}

impl BackendName {
    /// As `PROOFLINE_BACKEND` has it.
    pub(crate) fn setting(self) -> String {
        match self {
            Self::Local => "local".to_owned(),
            Self::Azure => "azure".to_owned(),
        }
    }
}

impl Options {
    /// Everything in one process on a free port, with `data` as its folder.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            root_passphrase: None,
            backend: None,
            port: 0,
            public_url: None,
            tenant_name: "First tenant".to_owned(),
            layout: Layout::OneProcess,
            event_grid_time_scale: 0.01,
            log: Log::Quiet,
        }
    }
}

/// Why it does not serve, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Settings of the environment or the command line.
    #[error("the settings cannot be used:\n  {}", lines(.0))]
    Config(Vec<ConfigError>),
    /// Somebody else listens there.
    #[error(
        "address already in use: 127.0.0.1:{0}; end the process that listens there, or give another --port (0 takes a free one)"
    )]
    AddressInUse(u16),
    /// The system does not let us.
    #[error("127.0.0.1:{0} cannot be listened on")]
    Bind(u16, #[source] io::Error),
    /// Two hosts on one folder would deliver everything twice.
    #[error("another `proofline serve` uses {0}; end it, or give another --data")]
    Locked(PathBuf),
    /// A file of ours in the folder.
    #[error("{0} cannot be used")]
    File(PathBuf, #[source] io::Error),
    /// The store did not open.
    #[error("the store cannot be opened")]
    Store(#[from] local::OpenError),
    /// The store did not answer.
    #[error("what a host before this one left cannot be taken over")]
    Reclaim(#[from] local::LocalError),
    /// The queue did not answer, or what was kept of the invitation cannot be used.
    #[error("the first tenant cannot be asked for")]
    Bootstrap(#[from] BootstrapError),
    /// What the apps keep everything in cannot be used.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The queues that wake the apps cannot be used.
    #[error("the queues cannot be used")]
    Queues(#[source] azure::OpenError),
    /// An app did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// An app's process ended three times before it answered.
    #[error("{0} does not start as a process of its own; its reason is on stderr, or in the log")]
    NotReady(&'static str),
    /// A schedule that nobody can keep.
    #[error("the schedule of {0} cannot be kept")]
    Schedule(&'static str, #[source] NcrontabError),
    /// Nothing to start apps with.
    #[error("this program cannot be found again, to start apps with")]
    Program(#[source] io::Error),
    /// The system gives no threads or signals.
    #[error("the runtime cannot be started")]
    Runtime(#[source] io::Error),
    /// A part ended by itself.
    #[error("a part of the host ended by itself")]
    Ended,
    /// A part broke.
    #[error("a part of the host broke")]
    Broke(#[source] JoinError),
}

/// A host that serves. Dropping it stops everything at once; [`Serving::stop`] lets work finish.
#[derive(Debug)]
pub struct Serving {
    /// Where it listens, as a URL without a slash at its end.
    pub url: String,
    /// The folder of everything that is stored.
    pub data: PathBuf,
    /// The invitation of the first owner, until somebody was told of it ([`Serving::told`]).
    pub invited: Option<Invited>,
    apps: Vec<&'static str>,
    work: JoinSet<()>,
    children: JoinSet<()>,
    stop_work: stop::Stopper,
    stop_children: stop::Stopper,
    _lock: lock::Lock,
}

/// How long work that was begun may go on after a stop: what `host` allows, and a little for the rest.
const GRACE: Duration = Duration::from_secs(12);

impl Serving {
    /// Notes that the owner's invitation was shown; until then it is given again at each start.
    ///
    /// # Errors
    /// * [`ServeError::File`].
    pub fn told(&self) -> Result<(), ServeError> {
        bootstrap::told(&self.data)
    }

    fn greeting(&self) -> Greeting<'_> {
        let Self { url, data, invited, apps, .. } = self;
        Greeting { url, data, kind: "apps", names: apps.clone(), invited: invited.as_ref() }
    }

    /// Stops: nothing new is accepted, what was begun is finished (for at most 12 s), then the apps end.
    pub async fn stop(mut self) {
        self.stop_work.stop();
        finish(&mut self.work).await;
        self.stop_children.stop();
        finish(&mut self.children).await;
    }

    /// Serves until `stop`.
    ///
    /// # Errors
    /// * [`ServeError::Ended`], [`ServeError::Broke`]: a part that should not have.
    pub async fn until(mut self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let ended = tokio::select! {
            () = stop => Ok(()),
            Some(ended) = self.work.join_next() => Err(ended.map_or_else(ServeError::Broke, |()| ServeError::Ended)),
        };
        self.stop().await;
        ended
    }
}

pub(crate) async fn finish(jobs: &mut JoinSet<()>) {
    let all = async { while jobs.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tracing::warn!(
            grace_s = GRACE.as_secs(),
            "work was still going on at the end of the time for it"
        );
        jobs.shutdown().await;
    }
}

/// Serves until the process is asked to end or its lifeline is cut, and greets whoever started it.
///
/// # Errors
/// As [`serve`] and [`Serving::until`].
pub(crate) fn run(
    options: Options,
    apps: &'static [HostedApp],
    json: bool,
    lifeline: Lifeline,
) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Runtime::new().map_err(ServeError::Runtime)?;
    runtime.block_on(async {
        let stop = host::stop_signal().map_err(ServeError::Runtime)?;
        start_telemetry(&options)?;
        let log = options.log;
        let serving = serve(options, apps).await?;
        serving.greeting().say(json, log == Log::Stdout);
        serving.told()?;
        let stop = async {
            tokio::select! {
                () = stop => {}
                () = lifeline.cut() => {}
            }
        };
        serving.until(stop).await
    })
}

fn start_telemetry(options: &Options) -> Result<(), ServeError> {
    let form = match options.log {
        Log::Quiet => {
            host::start_telemetry(&start::quiet(), LogForm::Text);
            return Ok(());
        }
        Log::Stdout => LogForm::Json,
        Log::Stderr => LogForm::JsonOnStderr,
    };
    host::start_telemetry(&start::config(options, options.port)?.log, form);
    Ok(())
}

pub(crate) async fn bind(port: u16) -> Result<(TcpListener, SocketAddr), ServeError> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
        if error.kind() == io::ErrorKind::AddrInUse {
            return ServeError::AddressInUse(port);
        }
        ServeError::Bind(port, error)
    })?;
    let address = listener.local_addr().map_err(|error| ServeError::Bind(port, error))?;
    Ok((listener, address))
}

/// One a line, as an app of its own says them.
fn lines(mistakes: &[ConfigError]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
}
