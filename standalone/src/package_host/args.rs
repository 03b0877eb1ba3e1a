//! The flags of `serve` that concern packages.

use std::path::PathBuf;

use clap::Args;

use super::{HostOptions, Misfortune, Subscribed};
use crate::Log;

/// `proofline serve --package …`.
#[derive(Args)]
#[command(next_help_heading = "Packages")]
pub(crate) struct PackageArgs {
    /// Host packages as the Azure Functions host does, instead of the apps in this binary: a folder with host.json, a zip of one, or a folder
    /// that holds several. Repeat it for more. Settings come from the environment, and under it from local.settings.json
    #[arg(long = "package", value_name = "DIR|ZIP")]
    packages: Vec<PathBuf>,
    /// Have function keys count, as in Azure; they lie in function-keys/ of the data folder
    #[arg(long, requires = "packages")]
    enable_auth: bool,
    /// Be as unforgiving as Azure: SIGKILL without notice, and the host's traps as they are (an empty success hangs until functionTimeout).
    /// Without it, each trap is an error that names the rule
    #[arg(long, requires = "packages")]
    azure_like: bool,
    /// Bring misfortune: kill=SHARE and duplicate=SHARE of invocations, reorder, delay=MS; e.g. kill=0.1,duplicate=0.2,reorder,delay=50ms
    #[arg(long, value_name = "WHAT", requires = "packages")]
    chaos: Option<Misfortune>,
    /// The same seed brings the same misfortune
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    chaos_seed: u64,
    /// Deliver a topic's events to a function, such as runner-events=runs.ingest_event. Without it, Runners' events go to every function with an
    /// Event Grid trigger
    #[arg(long = "subscribe", value_name = "TOPIC=FUNCTION", requires = "packages")]
    subscriptions: Vec<Subscribed>,
}

/// What `serve` says whatever it hosts.
pub(crate) struct Hosted {
    pub(crate) data: PathBuf,
    pub(crate) port: u16,
    pub(crate) tenant_name: String,
    /// Settings over those of the environment.
    pub(crate) settings: Vec<(&'static str, String)>,
    pub(crate) event_grid_time_scale: f64,
    pub(crate) log: Log,
}

impl PackageArgs {
    /// Whether packages are to be hosted.
    pub(crate) fn is_asked(&self) -> bool {
        !self.packages.is_empty()
    }

    /// How, with the environment of this process.
    pub(crate) fn into_options(self, hosted: Hosted) -> HostOptions {
        // A variable that is no UTF-8 is none that a setting can be.
        let variables = std::env::vars_os();
        let environment = variables.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let said = hosted.settings.into_iter().map(|(name, value)| (name.to_owned(), value));
        HostOptions {
            port: hosted.port,
            tenant_name: hosted.tenant_name,
            environment: environment.chain(said).collect(),
            enable_auth: self.enable_auth,
            azure_like: self.azure_like,
            misfortune: self.chaos.unwrap_or_default(),
            chaos_seed: self.chaos_seed,
            subscriptions: self.subscriptions,
            event_grid_time_scale: hosted.event_grid_time_scale,
            log: hosted.log,
            ..HostOptions::new(self.packages, hosted.data)
        }
    }
}
