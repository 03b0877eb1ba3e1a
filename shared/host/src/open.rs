//! Opens an app on a backend: its keys, its source of intents, its capability, its table.

use std::sync::Arc;

use ports::{Identity, KeyPurpose, Ports};
use store::{IntentSource, Keyring, KeyringError, SystemCap};
use web::{Endpoint, FunctionApp, Gate, Routers, Setup, SetupError, Trigger};

use crate::Config;

/// An app that can answer.
pub struct Opened {
    /// Whose rights it has.
    pub identity: Identity,
    /// What answers.
    pub routers: Routers,
    /// Its endpoints.
    pub endpoints: Vec<&'static Endpoint>,
    /// Its triggers.
    pub triggers: Vec<&'static Trigger>,
}

/// Why an app did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its keys cannot be used.
    #[error("the keys of {0} cannot be used")]
    Keys(&'static str, #[source] KeyringError),
    /// What its handlers share cannot be opened.
    #[error("{0} cannot be opened")]
    App(&'static str, #[source] SetupError),
}

/// Opens the app `A` with the rights of its identity.
///
/// # Errors
/// One variant for each part that can refuse.
pub async fn open<A: FunctionApp>(ports: Ports, config: &Config) -> Result<Opened, OpenError> {
    let name = A::IDENTITY.name();
    let keyring = Keyring::open(&ports).await.map_err(|error| OpenError::Keys(name, error))?;
    let source = intent_source(&ports, &keyring).map_err(|error| OpenError::Keys(name, error))?;
    #[expect(clippy::disallowed_methods, reason = "the one place, once for each app")]
    let cap = SystemCap::mint(ports.clone(), source.clone());
    let setup = Setup {
        ports,
        keyring: Arc::new(keyring),
        cap,
        source,
        deployment: config.deployment.clone(),
        public_url: config.public_url.clone(),
    };
    let state = A::open(&setup).await.map_err(|error| OpenError::App(name, error))?;
    let Setup { ports, cap, source, deployment, public_url, .. } = setup;
    let gate = Gate::new(ports, source, A::runners(&state), &deployment, &public_url);
    let app = A::app();
    let (endpoints, triggers) = (app.endpoints(), app.triggers());
    let routers = app.into_routers(state, &gate, &cap, A::IDENTITY);
    Ok(Opened { identity: A::IDENTITY, routers, endpoints, triggers })
}

fn intent_source(
    ports: &Ports,
    keyring: &Keyring,
) -> Result<Option<Arc<IntentSource>>, KeyringError> {
    let Some(purpose) = KeyPurpose::intent_of(ports.identity) else { return Ok(None) };
    let key = keyring.material(purpose)?;
    Ok(Some(Arc::new(IntentSource::new(ports.identity, key, Arc::clone(&ports.randomness)))))
}
