//! Turns an app into a process: configuration, telemetry, choice of backend, the custom-handler server.
//!
//! In scope: what the Azure Functions host expects of a custom handler (one port, readiness, envelopes, deadlines, signals, log lines).
//! Out of scope: what an app answers (`functions/*`), who is admitted (`web`), the stand-in for the Functions host (`standalone`).

mod access_log;
mod backend;
mod config;
mod deadline;
mod doors;
mod open;
mod opening;
mod process;
mod pwned;
mod restore;
mod serve;
mod telemetry;

pub use backend::{BackendError, ports};
pub use config::{
    AzureConfig, Backend, Config, ConfigError, Counts, RootPassphrase, SETTINGS, Setting,
};
pub use deadline::Deadlines;
pub use doors::{handler, handler_within};
pub use open::{OpenError, Opened, open};
pub use process::{causes, run, run_until};
pub use pwned::Pwned;
pub use serve::{serve, stop_signal};
pub use telemetry::{LogForm, start_telemetry};
