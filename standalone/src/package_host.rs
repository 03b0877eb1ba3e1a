//! Packages on this machine, hosted as the Azure Functions host does it: the folders and zips that are deployed, unchanged.
//!
//! In scope: `host.json`, `function.json` and settings with every refusal; the handler's process; routes, keys, proxying and envelopes; timers,
//! queues, the Event Grid webhook and a stand-in for the Event Grid service; the host's traps, loud, or real with `--azure-like`.
//! Out of scope: other languages' workers, binding types that no app here uses, scaling, the portal.

mod args;
mod chaos;
mod connections;
mod cors;
mod errands;
mod event_service;
mod front;
mod function_json;
mod host_json;
mod http_envelope;
mod ids;
mod invoke;
mod keys;
mod lines;
mod mistake;
mod overrides;
mod package;
mod passing;
mod queue;
mod routes;
mod settings;
mod site;
mod start;
mod time_span;
mod timer;
mod watched;
mod webhook;
mod worker;

use std::{collections::BTreeMap, path::PathBuf};

use host::LogForm;
use local::Topic;
use tokio::task::JoinSet;

use crate::{
    Lifeline, Log, ServeError,
    serve::{
        Invited, bootstrap, finish, greeting::Greeting, lock::Lock, start::quiet, stop::Stopper,
    },
};

pub(crate) use args::{Hosted, PackageArgs};
pub use chaos::Misfortune;
pub use mistake::{Mistake, Rule};
pub use start::host_packages;
pub use worker::Times;

/// How to host packages.
#[derive(Clone, Debug)]
pub struct HostOptions {
    /// Packages, or folders that hold some: folders with `host.json`, or zips of such folders.
    pub packages: Vec<PathBuf>,
    /// The folder of the host's own files: keys, timers, queues and topics.
    pub data: PathBuf,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The name of the first tenant, where a package makes one and there is none yet.
    pub tenant_name: String,
    /// The environment that packages get; `local.settings.json` counts under it.
    pub environment: BTreeMap<String, String>,
    /// Whether keys count. They lie in the data folder.
    pub enable_auth: bool,
    /// Traps as they are in Azure: hang, kill, decode. Otherwise each is an error that names its rule.
    pub azure_like: bool,
    /// Misfortune on request.
    pub misfortune: Misfortune,
    /// The same seed, the same misfortune.
    pub chaos_seed: u64,
    /// Which topic's events go to which function; empty: Runners' events to every function with an Event Grid trigger.
    pub subscriptions: Vec<Subscribed>,
    /// Scales the waits between deliveries of an event: 1 is what Event Grid does.
    pub event_grid_time_scale: f64,
    /// The host's waits.
    pub times: Times,
    /// What is logged, and where.
    pub log: Log,
}

/// A topic, and the function (`function`, or `app.function`) that its events go to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subscribed {
    /// Where events are published.
    pub topic: Topic,
    /// Who gets them.
    pub function: String,
}

impl HostOptions {
    /// These packages on a free port, with `data` as the host's folder and an empty environment.
    pub fn new(packages: Vec<PathBuf>, data: impl Into<PathBuf>) -> Self {
        Self {
            packages,
            data: data.into(),
            port: 0,
            tenant_name: "First tenant".to_owned(),
            environment: BTreeMap::new(),
            enable_auth: false,
            azure_like: false,
            misfortune: Misfortune::default(),
            chaos_seed: 0,
            subscriptions: Vec::new(),
            event_grid_time_scale: 0.01,
            times: Times::default(),
            log: Log::Quiet,
        }
    }
}

impl std::str::FromStr for Subscribed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (topic, function) =
            text.split_once('=').ok_or("write TOPIC=FUNCTION or TOPIC=APP.FUNCTION")?;
        let names = Topic::ALL.map(Topic::name).join(", ");
        let known = Topic::ALL.into_iter().find(|known| known.name() == topic);
        let topic =
            known.ok_or_else(|| format!("there is no topic {topic:?}; there are: {names}"))?;
        Ok(Self { topic, function: function.to_owned() })
    }
}

/// Why packages are not hosted, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// What is wrong with them, all at once.
    #[error("the packages cannot be hosted:\n  {}", lines_of(.0))]
    Packages(Vec<Mistake>),
    /// A part that both hosts have.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The handler did not become ready, or its host stopped.
    #[error(
        "the package {0} is not hosted any more: {1}; what its handler wrote is on stderr, or in the log"
    )]
    Stopped(String, String),
    /// Nobody has the function that a topic's events should go to.
    #[error(
        "no package has exactly one function {0:?} with an Event Grid trigger; write APP.FUNCTION where several have it"
    )]
    NoSubscriber(String),
    /// A webhook that did not consent.
    #[error("the webhook of {0} did not consent to events")]
    NoConsent(String),
}

/// Packages that are hosted. Dropping it kills the handlers; [`Hosting::stop`] lets work finish.
#[derive(Debug)]
pub struct Hosting {
    /// Where it listens, as a URL without a slash at its end.
    pub url: String,
    /// The host's folder.
    pub data: PathBuf,
    /// The packages' names.
    pub packages: Vec<String>,
    /// The invitation of the first owner, until somebody was told of it ([`Hosting::told`]).
    pub invited: Option<Invited>,
    work: JoinSet<()>,
    children: JoinSet<()>,
    watching: JoinSet<(String, worker::Gone)>,
    stop_work: Stopper,
    stop_children: Stopper,
    /// Unpacked zips live as long as this.
    _packages: Vec<package::Package>,
    _lock: Lock,
}

impl Hosting {
    /// Notes that the owner's invitation was shown; until then it is given again at each start.
    ///
    /// # Errors
    /// * [`ServeError::File`].
    pub fn told(&self) -> Result<(), ServeError> {
        if self.invited.is_some() { bootstrap::told(&self.data) } else { Ok(()) }
    }

    /// Stops: nothing new is accepted, what was begun is finished (for at most 12 s), then the handlers end.
    pub async fn stop(mut self) {
        self.stop_work.stop();
        finish(&mut self.work).await;
        self.stop_children.stop();
        finish(&mut self.children).await;
    }

    /// Hosts until `stop`.
    ///
    /// # Errors
    /// * [`HostError::Stopped`]: the Functions host of a package would have stopped.
    /// * [`HostError::Serve`]: a part of ours ended.
    pub async fn until(mut self, stop: impl Future<Output = ()>) -> Result<(), HostError> {
        let ended = tokio::select! {
            () = stop => Ok(()),
            Some(Ok((app, gone))) = self.watching.join_next() => Err(HostError::Stopped(app, gone.to_string())),
            Some(ended) = self.work.join_next() => {
                Err(ended.map_or_else(ServeError::Broke, |()| ServeError::Ended).into())
            }
        };
        self.stop().await;
        ended
    }

    fn greeting(&self) -> Greeting<'_> {
        let Self { url, data, packages, invited, .. } = self;
        let names = packages.iter().map(String::as_str).collect();
        Greeting { url, data, kind: "packages", names, invited: invited.as_ref() }
    }
}

/// Hosts until the process is asked to end or its lifeline is cut.
///
/// # Errors
/// As [`host_packages`] and [`Hosting::until`].
pub(crate) fn run(options: HostOptions, json: bool, lifeline: Lifeline) -> Result<(), HostError> {
    let runtime = tokio::runtime::Runtime::new().map_err(ServeError::Runtime)?;
    runtime.block_on(async {
        let stop = host::stop_signal().map_err(ServeError::Runtime)?;
        let log = options.log;
        match log {
            Log::Quiet => host::start_telemetry(&quiet(), LogForm::Text),
            Log::Stdout => {
                host::start_telemetry(&start::config(&options, &[], 0)?.log, LogForm::Json);
            }
            Log::Stderr => {
                host::start_telemetry(&start::config(&options, &[], 0)?.log, LogForm::JsonOnStderr);
            }
        }
        let hosting = host_packages(options).await?;
        hosting.greeting().say(json, log == Log::Stdout);
        hosting.told()?;
        let stop = async {
            tokio::select! {
                () = stop => {}
                () = lifeline.cut() => {}
            }
        };
        hosting.until(stop).await
    })
}

fn lines_of(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
}
