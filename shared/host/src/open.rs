//! Opens an app on a backend: its keys, its source of intents, its capability, its table.

use std::sync::Arc;

use axum::{
    Router,
    response::{IntoResponse as _, Response},
};
use domain::Class;
use ports::{BreachError, Breaches, Identity, KeyPurpose, Ports};
use store::{IntentSource, Keyring, KeyringError, Records, StoreError, SystemCap};
use web::{Endpoint, FunctionApp, Gate, Problem, Routers, Setup, SetupError, Trigger};

use crate::{Config, Pwned, restore};

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
    /// Nobody can be asked whether a password leaked.
    #[error("PROOFLINE_PWNED_URL cannot be used")]
    Breaches(#[source] BreachError),
    /// What its handlers share cannot be opened.
    #[error("{0} cannot be opened")]
    App(&'static str, #[source] SetupError),
    /// The restore epoch that was reached cannot be read.
    #[error("{0} cannot tell whether the database was restored")]
    Restore(&'static str, #[source] StoreError),
}

/// Opens the app `A` with the rights of its identity.
///
/// # Errors
/// One variant for each part that can refuse.
pub async fn open<A: FunctionApp>(ports: Ports, config: &Config) -> Result<Opened, OpenError> {
    let name = A::IDENTITY.name();
    let ahead = restore::ahead(&ports, config.restore_epoch).await;
    if let Some(reached) = ahead.map_err(|error| OpenError::Restore(name, error))? {
        return Ok(behind::<A>(reached, config.restore_epoch));
    }
    let keyring = Keyring::open(&ports).await.map_err(|error| OpenError::Keys(name, error))?;
    let source = intent_source(&ports, &keyring).map_err(|error| OpenError::Keys(name, error))?;
    let records = records(&ports, config).await.map_err(|error| OpenError::Keys(name, error))?;
    #[expect(clippy::disallowed_methods, reason = "the one place, once for each app")]
    let cap = SystemCap::mint(ports.clone(), source.clone()).with_records(Arc::clone(&records));
    let setup = Setup {
        ports,
        keyring: Arc::new(keyring),
        cap,
        source,
        deployment: config.deployment.clone(),
        public_url: config.public_url.clone(),
        proxy_hops: config.proxy_hops,
        breaches: breaches(config)?,
        restore_epoch: config.restore_epoch,
        log_rotation: config.log_rotation,
        timestamp_url: config.timestamp_url.clone(),
        witnesses: config.witnesses.clone(),
    };
    let state = A::open(&setup).await.map_err(|error| OpenError::App(name, error))?;
    let Setup { ports, cap, source, deployment, public_url, .. } = setup;
    let gate = Gate::new(ports, source, A::runners(&state), &deployment, &public_url)
        .with_records(records)
        .in_restore_epoch(config.restore_epoch)
        .behind(config.proxy_hops);
    let app = A::app();
    let (endpoints, triggers) = (app.endpoints(), app.triggers());
    let routers = app.into_routers(state, &gate, &cap, A::IDENTITY);
    Ok(Opened { identity: A::IDENTITY, routers, endpoints, triggers })
}

/// Whom to ask whether a password leaked.
fn breaches(config: &Config) -> Result<Option<Arc<dyn Breaches>>, OpenError> {
    let Some(url) = &config.pwned_url else { return Ok(None) };
    let pwned = Pwned::new(url).map_err(OpenError::Breaches)?;
    Ok(Some(Arc::new(pwned)))
}

/// The app, answering nothing: its restore epoch is lower than one that was reached.
fn behind<A: FunctionApp>(reached: u64, set: u64) -> Opened {
    let app = A::IDENTITY.name();
    tracing::error!(
        app,
        reached,
        set,
        "PROOFLINE_RESTORE_EPOCH is lower than it was; nothing is served"
    );
    let app = A::app();
    let (endpoints, triggers) = (app.endpoints(), app.triggers());
    let refuse = || Router::new().fallback(async || not_served());
    let routers = Routers { public: refuse(), invocations: refuse() };
    Opened { identity: A::IDENTITY, routers, endpoints, triggers }
}

fn not_served() -> Response {
    let detail = "The database was restored since this app was configured, and its setting PROOFLINE_RESTORE_EPOCH is of before. \
                  Nothing was done. Whoever runs this deployment has to set it to the number that was reached, or one above after another restore.";
    let problem = Problem::new(Class::Unavailable, "restore-epoch-behind", detail);
    web::security_headers(problem.into_response())
}

/// Whoever holds the key signs what guards read; everybody else verifies it.
async fn records(ports: &Ports, config: &Config) -> Result<Arc<Records>, KeyringError> {
    let pinned = config.access_keys.clone();
    if KeyPurpose::AccessRecords.holder() == ports.identity {
        return Records::of_holder(ports, pinned).await;
    }
    Ok(Records::reading_pinned(ports, pinned))
}

fn intent_source(
    ports: &Ports,
    keyring: &Keyring,
) -> Result<Option<Arc<IntentSource>>, KeyringError> {
    let Some(purpose) = KeyPurpose::intent_of(ports.identity) else { return Ok(None) };
    let key = keyring.material(purpose)?;
    Ok(Some(Arc::new(IntentSource::new(ports.identity, key, Arc::clone(&ports.randomness)))))
}
