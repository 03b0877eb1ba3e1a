//! `GET /v1/runner/config`: how a Runner stands, and with which keys we sign. A Runner that waits asks this and nothing else.

use axum::{Json, extract::State};
use protocol::routes::ConfigAnswer;
use web::{Access, Endpoint, Problem, RunnerCaller};

use crate::{
    RunsState, described,
    runners::{RunnerRecord, wire_state},
};

/// A Runner asks again after this, in seconds.
const POLL_AFTER_S: u32 = 5;

pub(crate) const ENDPOINT: Endpoint = Endpoint::get("/v1/runner/config", Access::Runner)
    .admitting_waiting()
    .summary("How this Runner stands, and the control plane's keys")
    .response::<described::Standing>();

pub(crate) async fn handle(
    State(state): State<RunsState>,
    caller: RunnerCaller,
) -> Result<Json<ConfigAnswer>, Problem> {
    let record = caller.data.get::<RunnerRecord>(&caller.runner.to_string()).await?.document;
    Ok(Json(ConfigAnswer {
        runner: caller.runner,
        state: wire_state(record.state),
        keyset: state.keyset.current(caller.now).await?,
        root_jwk: state.keyset.root_jwk(),
        poll_after_s: POLL_AFTER_S,
        server_time: caller.now,
    }))
}
