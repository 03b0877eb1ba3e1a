//! Starting a host: port, store, apps, and everything that calls them.

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use ambient::{SystemClock, SystemRandomness};
use host::{Backend, Config, RootPassphrase};
use local::Store;
use secrecy::ExposeSecret as _;
use tokio::{sync::watch, task::JoinSet};
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::{
    BackendName, Layout, Log, Options, ServeError, Serving, bind,
    bootstrap::{Installer, Invited},
    children::{self, Spec, State},
    deliveries::Schedule,
    dispatcher::{Dispatcher, guid},
    front::Front,
    in_process::InProcess,
    lock::Lock,
    over_http::OverHttp,
    stop::{Stop, Stopper},
    triggers::{Parts, start_triggers},
};
use crate::{HostedApp, Inbox};

/// How often queues and topics are looked at without a reason: other processes send without our noticing.
const POLL_ONE_PROCESS: Duration = Duration::from_millis(250);
const POLL_PROCESSES: Duration = Duration::from_millis(50);

/// Serves `apps` until it is told to stop; answers when everything is ready.
///
/// # Errors
/// One variant for each part that can refuse.
pub async fn serve(options: Options, apps: &'static [HostedApp]) -> Result<Serving, ServeError> {
    let (listener, address) = bind(options.port).await?;
    let config = config(&options, address.port())?;
    let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
    let passphrase = config.root_passphrase.as_ref().map(RootPassphrase::secret);
    let (at, chance) = (Arc::clone(&clock) as _, Arc::clone(&randomness) as _);
    let store = Store::open_under(&config.data, passphrase, at, chance)?;
    let lock = Lock::take(&config.data)?;
    // The lock says that nobody else works on what a host before us took and did not finish.
    store.queues().reclaim().await?;
    store.topics().reclaim().await?;
    let (stop_children, children_stop) = Stopper::new();
    let inbox = inbox(&config, &store)?;
    let (dispatcher, children) = start_apps(&options, &config, apps, &store, children_stop).await?;
    let poll = if children.is_empty() { POLL_ONE_PROCESS } else { POLL_PROCESSES };
    let schedule = Schedule { scale: options.event_grid_time_scale };
    let parts = Parts { store, inbox, dispatcher, clock, randomness, poll, schedule };
    let (stop_work, stop) = Stopper::new();
    let mut work = JoinSet::new();
    let processed = start_triggers(&parts, apps, &config.data, &mut work, &stop)?;
    let invited = invite(&parts, &config.data, &options.tenant_name, processed).await?;
    let front = Front {
        dispatcher: parts.dispatcher,
        apps: apps.iter().map(|app| app.identity).collect(),
        topics: parts.store.topics(),
        randomness: parts.randomness,
    };
    work.spawn(async move {
        if let Err(error) =
            host::serve(listener, front.router(), async move { stop.stopped().await }).await
        {
            tracing::error!(error = %error, "the socket failed");
        }
    });
    Ok(Serving {
        url: format!("http://{address}"),
        data: config.data,
        invited,
        apps: apps.iter().map(|app| app.identity.name()).collect(),
        work,
        children,
        stop_work,
        stop_children,
        _lock: lock,
    })
}

/// The settings of the environment, with what the options say over them.
pub(crate) fn config(options: &Options, port: u16) -> Result<Config, ServeError> {
    let public_url =
        options.public_url.clone().unwrap_or_else(|| format!("http://127.0.0.1:{port}"));
    let data = std::path::absolute(&options.data).unwrap_or_else(|_| options.data.clone());
    Config::read(|name| match name {
        "PROOFLINE_DATA" => Some(data.to_string_lossy().into_owned()),
        "PROOFLINE_PUBLIC_URL" => Some(public_url.clone()),
        "PROOFLINE_ROOT_PASSPHRASE" => options.root_passphrase.as_ref().map(exposed),
        "PROOFLINE_BACKEND" => options.backend.map(BackendName::setting),
        _ => None,
    })
    .map_err(ServeError::Config)
}

fn exposed(passphrase: &RootPassphrase) -> String {
    passphrase.secret().expose_secret().to_owned()
}

/// The levels for people: errors of the apps, and warnings of the host.
pub(crate) fn quiet() -> Targets {
    Targets::new().with_default(LevelFilter::ERROR).with_target("standalone", LevelFilter::WARN)
}

/// The receiving side of the queues of the backend.
pub(crate) fn inbox(config: &Config, store: &Store) -> Result<Arc<dyn Inbox>, ServeError> {
    Ok(match &config.backend {
        Backend::Local => Arc::new(store.queues()),
        Backend::Azure(azure) => {
            let settings = azure.of_host();
            let credential = azure::credential(&settings.credential).map_err(ServeError::Queues)?;
            let queues = azure::Queues::connect(&settings.storage.queues, credential);
            Arc::new(queues.map_err(ServeError::Queues)?)
        }
    })
}

async fn start_apps(
    options: &Options,
    config: &Config,
    apps: &[HostedApp],
    store: &Store,
    stop: Stop,
) -> Result<(Arc<dyn Dispatcher>, JoinSet<()>), ServeError> {
    let mut children = JoinSet::new();
    let Layout::Processes { program } = &options.layout else {
        return Ok((Arc::new(InProcess::open(apps, store, config).await?), children));
    };
    let mut states = HashMap::new();
    for app in apps {
        let (sender, receiver) = watch::channel(State::Starting);
        let spec = Spec {
            app: app.identity,
            program: program.clone(),
            settings: settings(config, options.log != Log::Quiet),
            log: options.log == Log::Stdout,
        };
        children.spawn(children::supervise(spec, sender, stop.clone()));
        states.insert(app.identity, receiver);
    }
    let over_http = OverHttp::new(states);
    if let Some(app) = over_http.started().await {
        return Err(ServeError::NotReady(app.name()));
    }
    Ok((Arc::new(over_http), children))
}

/// What an app of its own is told, beside its port.
fn settings(config: &Config, log: bool) -> Vec<(&'static str, String)> {
    let backend = match config.backend {
        Backend::Local => BackendName::Local,
        Backend::Azure(_) => BackendName::Azure,
    };
    let mut settings = vec![
        ("PROOFLINE_BACKEND", backend.setting()),
        ("PROOFLINE_DATA", config.data.to_string_lossy().into_owned()),
        ("PROOFLINE_DEPLOYMENT", config.deployment.clone()),
        ("PROOFLINE_PUBLIC_URL", config.public_url.clone()),
        ("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", guid(&SystemRandomness)),
    ];
    // What was typed is not in the environment that they inherit.
    settings.extend(
        config
            .root_passphrase
            .as_ref()
            .map(|passphrase| ("PROOFLINE_ROOT_PASSPHRASE", exposed(passphrase))),
    );
    settings.push(("PROOFLINE_ROOT_PASSPHRASE_FILE", String::new()));
    if !log {
        settings.push(("PROOFLINE_LOG", quiet().to_string()));
    }
    settings
}

async fn invite(
    parts: &Parts,
    data: &Path,
    tenant_name: &str,
    processed: Option<watch::Receiver<u64>>,
) -> Result<Option<Invited>, ServeError> {
    let Some(processed) = processed else { return Ok(None) };
    let installer = Installer {
        data,
        inbox: &*parts.inbox,
        clock: &*parts.clock,
        randomness: &*parts.randomness,
    };
    installer.invite(tenant_name, processed).await
}
