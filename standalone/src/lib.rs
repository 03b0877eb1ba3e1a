//! The one binary: every function app, the demo, the Runner, the verifier and the client.
//!
//! In scope: the command line, and a stand-in on this machine for the Azure Functions host and for Event Grid, so that timers, queue messages
//! and events reach the apps in the same envelopes as in Azure.
//! Out of scope: what apps answer (`functions/*`), how an app becomes a process (`host`).

mod apps;
mod command;
#[expect(
    clippy::indexing_slicing,
    reason = "a `serde_json::Value` answers null where it has nothing; it never panics"
)]
mod demo;
mod hosted_app;
mod inbox;
mod operator;
mod package_host;
mod root_key;
mod serve;

pub use apps::APPS;
pub use command::main;
pub use hosted_app::{HostedApp, Lifeline};
pub use inbox::{Inbox, InboxError};
pub use package_host::{
    HostError, HostOptions, Hosting, Misfortune, Mistake, Rule, Subscribed, Times, host_packages,
};
pub use serve::{
    BackendName, BootstrapError, Invited, Layout, Log, NcrontabError, Options, ServeError, Serving,
    serve,
};
