//! Removes what is over its time: by queue and timer only, with an identity of its own, and without public HTTP.
//!
//! It goes through the tenants again and again, and does what is due: it removes intents that the log holds for a week, or whose personal details
//! were erased, files of old exports, and the bodies of rows that are over their time, and the keys of tenants that are closed for good. For the bodies it announces a purge, waits for its notice or for an administrator, has an export
//! made, writes a row into the log that accounts for the purge, waits until that row is signed and witnessed, and only then removes. Every
//! step is in a document or in the log before the next begins, so that whoever is killed goes on where he was.
//!
//! In scope: those steps, and the only right to remove anything. Out of scope: the rules (`domain::retention`), rows that are gone as verifiers
//! see them (`chain::purge`), what administrators see and decide (`audit`).

mod announce;
mod bodies;
mod commits;
mod cut;
mod exports;
mod facts;
mod forgotten;
mod intents;
mod leads;
mod progress;
mod purge_tenant;
mod record;
mod staying;
mod sweep_purges;
mod tail;
mod tenant_keys;
mod tick;
mod turns;

use async_trait::async_trait;
use ports::{Identity, Ports};
use web::{App, FunctionApp, Setup, SetupError};

/// The app.
#[derive(Debug)]
pub struct Purge;

/// What its triggers share.
#[derive(Clone)]
pub struct State {
    pub(crate) ports: Ports,
}

#[async_trait]
impl FunctionApp for Purge {
    type State = State;
    const IDENTITY: Identity = Identity::Purge;

    fn app() -> App<State> {
        App::default()
            .on(&purge_tenant::TRIGGER, purge_tenant::handle)
            .on(&sweep_purges::TRIGGER, sweep_purges::handle)
    }

    async fn open(setup: &Setup) -> Result<State, SetupError> {
        Ok(State { ports: setup.ports.clone() })
    }
}
