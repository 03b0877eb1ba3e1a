//! Starting to host: packages read, port, store, handlers, and everything that calls them.

mod calling;

use std::{path::Path, sync::Arc};

use ambient::{SystemClock, SystemRandomness};
use host::{Config, RootPassphrase};
use local::Store;
use ports::Randomness;
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinSet,
};

use self::calling::Calling;
use super::{
    HostError, HostOptions, Hosting,
    chaos::Chaos,
    connections::Connections,
    errands,
    front::Front,
    ids::Ids,
    keys::Keys,
    package::{self, Package},
    site::{App, Errand, Site, client},
    worker::{Spec, Supervisor, free_port, worker},
};
use crate::{
    Log, ServeError,
    serve::{
        bind,
        bootstrap::{Installer, Invited},
        lock::Lock,
        start::{inbox, quiet},
        stop::{Stop, Stopper},
    },
};

/// The host's own limit of a request's body, and the setting that changes it.
const BODY_BYTES_MAX: u64 = 104_857_600;
const BODY_BYTES_SETTING: &str = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT";

/// Hosts packages until it is told to stop; answers when every handler is ready.
///
/// # Errors
/// * [`HostError::Packages`]: everything that is wrong with them; the other variants: one for each part that can refuse.
pub async fn host_packages(options: HostOptions) -> Result<Hosting, HostError> {
    let packages =
        package::read(&options.packages, &options.environment).map_err(HostError::Packages)?;
    let (listener, address) = bind(options.port).await?;
    let config = config(&options, &packages, address.port())?;
    let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
    let passphrase = config.root_passphrase.as_ref().map(RootPassphrase::secret);
    let (at, chance) = (Arc::clone(&clock) as _, Arc::clone(&randomness) as _);
    let store =
        Store::open_under(&config.data, passphrase, at, chance).map_err(ServeError::from)?;
    let lock = Lock::take(&config.data)?;
    store.queues().reclaim().await.map_err(ServeError::from)?;
    store.topics().reclaim().await.map_err(ServeError::from)?;
    let ((stop_children, children_stop), (stop_work, stop)) = (Stopper::new(), Stopper::new());
    let (mut work, mut children, mut watching) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
    let mut apps = Vec::new();
    for package in &packages {
        let (app, supervisor) = app(package, &options, &config, address.port(), SystemRandomness)?;
        children.spawn(supervisor.run(children_stop.clone()));
        apps.push(Arc::new(app));
    }
    let (sender, orders) = mpsc::unbounded_channel();
    let site = Arc::new(site(&options, &config, &store, apps, sender)?);
    work.spawn(errands::run(Arc::clone(&site), orders, stop.clone()));
    listen(&site, listener, &mut work, &stop);
    for app in &site.apps {
        let ready = app.worker.ready().await;
        ready.map_err(|gone| HostError::Stopped(app.name.clone(), gone.to_string()))?;
        let (name, worker) = (app.name.clone(), app.worker.clone());
        watching.spawn(async move { (name, worker.stopped().await) });
    }
    let url = format!("http://{address}");
    let calling = Calling { site: &site, store: &store, data: &config.data, stop: &stop };
    let bootstrapped = calling.start_triggers(&mut work);
    calling.start_topics(&options, &url, &mut work).await?;
    let invited = invite(&site, &config.data, &options.tenant_name, bootstrapped).await?;
    Ok(Hosting {
        url,
        data: config.data,
        invited,
        packages: packages.iter().map(|package| package.name.clone()).collect(),
        work,
        children,
        watching,
        stop_work,
        stop_children,
        _packages: packages,
        _lock: lock,
    })
}

/// The settings of the environment, then those of the packages' `local.settings.json`, with what the options say over them.
pub(crate) fn config(
    options: &HostOptions,
    packages: &[Package],
    port: u16,
) -> Result<Config, ServeError> {
    let said = |name: &str| {
        let local = || packages.iter().find_map(|package| package.settings.get(name));
        options.environment.get(name).map(String::as_str).or_else(local).map(str::to_owned)
    };
    let data = std::path::absolute(&options.data).unwrap_or_else(|_| options.data.clone());
    Config::parse(|name| match name {
        "PROOFLINE_DATA" => Some(data.to_string_lossy().into_owned()),
        "PROOFLINE_PUBLIC_URL" => {
            Some(said(name).unwrap_or_else(|| format!("http://127.0.0.1:{port}")))
        }
        _ => said(name),
    })
    .map_err(ServeError::Config)
}

fn app(
    package: &Package,
    options: &HostOptions,
    config: &Config,
    public_port: u16,
    randomness: SystemRandomness,
) -> Result<(App, Supervisor), HostError> {
    let host = &package.host;
    let port = match host.port {
        Some(port) => {
            // A port that somebody insists on has to be free now.
            std::net::TcpListener::bind(("127.0.0.1", port))
                .map_err(|error| ServeError::Bind(port, error))?;
            port
        }
        None => free_port().map_err(|error| ServeError::Bind(0, error))?,
    };
    let spec = Spec {
        app: package.name.clone(),
        executable: host.executable.clone(),
        arguments: host.arguments.clone(),
        root: package.root.clone(),
        working_directory: package.root.join(host.working_directory.as_deref().unwrap_or_default()),
        environment: environment(package, options, config, public_port),
        stderr_is_errors: host.stderr_is_errors,
        port,
        ready_within: host.ready_within,
        times: options.times,
        is_azure_like: options.azure_like,
    };
    let (worker, supervisor) = worker(spec, Arc::new(randomness));
    let keys = options.enable_auth.then(|| Keys::load(&config.data, &package.name, &randomness));
    let keys = keys.transpose().map_err(|(path, error)| ServeError::File(path, error))?;
    let app = App {
        name: package.name.clone(),
        host: host.clone(),
        functions: package.functions.iter().cloned().map(Arc::new).collect(),
        cors: package.cors.clone(),
        worker,
        connections: Arc::new(Connections::new(port)),
        keys,
    };
    Ok((app, supervisor))
}

/// Settings, what Core Tools add to them, and where this deployment is, unless a setting says so.
fn environment(
    package: &Package,
    options: &HostOptions,
    config: &Config,
    public_port: u16,
) -> Vec<(String, String)> {
    let mut added = vec![
        ("AZURE_FUNCTIONS_ENVIRONMENT", "Development".to_owned()),
        ("FUNCTIONS_CORETOOLS_ENVIRONMENT", "true".to_owned()),
        ("WEBSITE_HOSTNAME", format!("localhost:{public_port}")),
        ("AzureWebJobsScriptRoot", package.root.to_string_lossy().into_owned()),
        ("PROOFLINE_DATA", config.data.to_string_lossy().into_owned()),
        ("PROOFLINE_PUBLIC_URL", config.public_url.clone()),
    ];
    if options.log == Log::Quiet {
        added.push(("PROOFLINE_LOG", quiet().to_string()));
    }
    let own = package.settings.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let is_unset = |name: &str| package.settings.get(name).is_none();
    let added = added.into_iter().filter(|(name, _)| is_unset(name));
    own.chain(added.map(|(name, value)| (name.to_owned(), value))).collect()
}

fn site(
    options: &HostOptions,
    config: &Config,
    store: &Store,
    apps: Vec<Arc<App>>,
    errands: mpsc::UnboundedSender<Errand>,
) -> Result<Site, HostError> {
    let limit = options.environment.get(BODY_BYTES_SETTING).and_then(|limit| limit.parse().ok());
    Ok(Site {
        apps,
        client: client(),
        inbox: inbox(config, store)?,
        topics: store.topics(),
        clock: Arc::new(SystemClock),
        randomness: Arc::new(SystemRandomness) as Arc<dyn Randomness>,
        ids: Ids::new(Arc::new(SystemRandomness)),
        chaos: Chaos::new(options.misfortune, options.chaos_seed),
        times: options.times,
        is_azure_like: options.azure_like,
        body_bytes_max: limit.unwrap_or(BODY_BYTES_MAX),
        errands,
    })
}

fn listen(site: &Arc<Site>, listener: TcpListener, work: &mut JoinSet<()>, stop: &Stop) {
    let (router, stop) = (Front::new(Arc::clone(site)).router(), stop.clone());
    work.spawn(async move {
        if let Err(error) = host::serve(listener, router, async move { stop.stopped().await }).await
        {
            tracing::error!(error = %error, "the socket failed");
        }
    });
}

/// Asks for the first tenant, if some package makes it.
async fn invite(
    site: &Site,
    data: &Path,
    tenant_name: &str,
    bootstrapped: Option<watch::Receiver<u64>>,
) -> Result<Option<Invited>, ServeError> {
    let Some(processed) = bootstrapped else { return Ok(None) };
    let (inbox, clock, randomness) = (&*site.inbox, &*site.clock, &*site.randomness);
    Installer { data, inbox, clock, randomness }.invite(tenant_name, processed).await
}
