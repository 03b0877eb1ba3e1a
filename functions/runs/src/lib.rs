//! Runners, procedures, runs and drill-downs.
//!
//! In scope: the `runs` function app. It lets Runners in, publishes what customers signed, takes in what Runners say, and carries drill-downs that
//! it cannot read.
//! Out of scope: the rules (`domain`), what is signed and how (`protocol`), expressions (`check`), who is admitted (`web`).

mod approve_runner;
mod ask_witnesses;
mod chains;
mod customer_keys;
mod described;
mod drilldowns;
mod enrol_runner;
mod fetch_bundle;
mod fetch_commands;
mod ingest;
mod ingest_event;
mod ingest_events;
mod issue_enrolment;
mod keyset;
mod lint_procedure;
mod list_keys;
mod list_procedures;
mod list_receipts;
mod list_runners;
mod list_runs;
mod log_witness;
mod post_alarm;
mod post_cosignature;
mod post_result;
mod procedures;
mod publish_version;
mod put_customer_keys;
mod quarantine;
mod read_checkpoint;
mod read_config;
mod read_customer_keys;
mod read_drilldown;
mod read_run;
mod read_runner;
mod read_statement;
mod read_version;
mod request_drilldown;
mod revoke_runner;
mod runners;
mod state;
mod statements;
#[cfg(test)]
mod tests;
mod versions;
mod withdraw_version;
mod witnesses;

use std::sync::Arc;

use async_trait::async_trait;
use ports::Identity;
use web::{App, FunctionApp, RunnerKeys, Setup, SetupError};

pub use state::RunsState;

/// The `runs` function app.
#[derive(Debug)]
pub struct Runs;

#[async_trait]
impl FunctionApp for Runs {
    type State = RunsState;
    const IDENTITY: Identity = Identity::Runs;

    fn app() -> App<RunsState> {
        App::default()
            .route(&list_keys::ENDPOINT, list_keys::handle)
            .route(&put_customer_keys::ENDPOINT, put_customer_keys::handle)
            .route(&read_customer_keys::ENDPOINT, read_customer_keys::handle)
            .route(&issue_enrolment::ENDPOINT, issue_enrolment::handle)
            .route(&enrol_runner::ENDPOINT, enrol_runner::handle)
            .route(&list_runners::ENDPOINT, list_runners::handle)
            .route(&read_runner::ENDPOINT, read_runner::handle)
            .route(&approve_runner::ENDPOINT, approve_runner::handle)
            .route(&revoke_runner::ENDPOINT, revoke_runner::handle)
            .route(&lint_procedure::ENDPOINT, lint_procedure::handle)
            .route(&publish_version::ENDPOINT, publish_version::handle)
            .route(&list_procedures::ENDPOINT, list_procedures::handle)
            .route(&read_version::ENDPOINT, read_version::handle)
            .route(&withdraw_version::ENDPOINT, withdraw_version::handle)
            .route(&read_config::ENDPOINT, read_config::handle)
            .route(&fetch_bundle::ENDPOINT, fetch_bundle::handle)
            .route(&ingest_events::ENDPOINT, ingest_events::handle)
            .route(&list_receipts::ENDPOINT, list_receipts::handle)
            .route(&fetch_commands::ENDPOINT, fetch_commands::handle)
            .route(&post_result::ENDPOINT, post_result::handle)
            .route(&read_checkpoint::ENDPOINT, read_checkpoint::handle)
            .route(&post_cosignature::ENDPOINT, post_cosignature::handle)
            .route(&post_alarm::ENDPOINT, post_alarm::handle)
            .route(&list_runs::ENDPOINT, list_runs::handle)
            .route(&read_run::ENDPOINT, read_run::handle)
            .route(&read_statement::ENDPOINT, read_statement::handle)
            .route(&request_drilldown::ENDPOINT, request_drilldown::handle)
            .route(&read_drilldown::ENDPOINT, read_drilldown::handle)
            .on(&ingest_event::TRIGGER, ingest_event::handle)
            .on(&ask_witnesses::TRIGGER, ask_witnesses::handle)
    }

    async fn open(setup: &Setup) -> Result<RunsState, SetupError> {
        RunsState::open(setup)
    }

    fn runners(state: &RunsState) -> Option<Arc<dyn RunnerKeys>> {
        Some(Arc::new(state.clone()))
    }
}
