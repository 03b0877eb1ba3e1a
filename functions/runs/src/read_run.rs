//! `GET /v1/runs/{run}`: one run, with its steps and the commitments to its evidence.

use axum::Json;
use domain::{Permission, kind};
use protocol::statement::{EvidenceReference, RunnerReference, Step};
use schemars::JsonSchema;
use serde::Serialize;
use web::{Access, Caller, Endpoint, PathId, Problem};

use crate::list_runs::{RunView, statement_of};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/runs/{run}", Access::Requires(Permission::RunRead))
        .summary("One run with its steps, checks and evidence; values stay with the Runner")
        .response::<Response>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    #[serde(flatten)]
    run: RunView,
    /// Which Runner executed, and with what.
    #[schemars(with = "serde_json::Value")]
    executed_by: RunnerReference,
    /// In the order of execution.
    #[schemars(with = "Vec<serde_json::Value>")]
    steps: Vec<Step>,
    /// What was collected: the root of each commitment.
    #[schemars(with = "Vec<serde_json::Value>")]
    evidence: Vec<EvidenceReference>,
}

pub(crate) async fn handle(
    caller: Caller,
    PathId(run): PathId<kind::Run>,
) -> Result<Json<Response>, Problem> {
    let record = statement_of(&caller.data, run).await?;
    let predicate = record.statement()?.predicate;
    Ok(Json(Response {
        run: RunView::from(&record),
        executed_by: predicate.runner,
        steps: predicate.steps,
        evidence: predicate.evidence,
    }))
}
