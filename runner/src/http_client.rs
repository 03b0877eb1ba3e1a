//! HTTP clients, all made alike: no proxy from the environment, no redirects unless asked for, a name of our own.

use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client that is not built yet.
pub(crate) fn builder() -> ClientBuilder {
    Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("proofline-runner/", env!("CARGO_PKG_VERSION")))
}

/// The client of `settings`, with the machine's trusted roots.
///
/// # Errors
/// The machine has no trusted roots, or TLS cannot be set up.
pub(crate) fn build(settings: ClientBuilder) -> Result<Client, reqwest::Error> {
    settings.build()
}
