//! `GET /v1/runner/receipts?after=`: receipts that a Runner did not get, because its statements came through Event Grid or an answer was lost.

use axum::Json;
use protocol::routes::ReceiptsAnswer;
use schemars::JsonSchema;
use serde::Deserialize;
use store::ListOf;
use web::{Access, Endpoint, Problem, RunnerCaller, Selection};

use crate::{described, statements::StatementRecord};

/// The most in one answer.
const PAGE_MAX: usize = 100;

pub(crate) const ENDPOINT: Endpoint = Endpoint::get("/v1/runner/receipts", Access::Runner)
    .summary(
        "The receipts of this Runner's statements after a sequence number, in order; at most 100",
    )
    .query::<After>()
    .response::<described::Receipts>();

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct After {
    /// The sequence number after which they begin; all unless it says so.
    #[serde(default)]
    after: u64,
}

pub(crate) async fn handle(
    caller: RunnerCaller,
    Selection(After { after }): Selection<After>,
) -> Result<Json<ReceiptsAnswer>, Problem> {
    let of = ListOf {
        k1: Some(caller.runner.to_string()),
        after: Some(StatementRecord::id_of(caller.runner, after)),
        limit: PAGE_MAX,
        ..ListOf::default()
    };
    let page = caller.runs().list::<StatementRecord>(of).await?;
    let receipts = page.documents.into_iter().map(|found| found.document.receipt).collect();
    Ok(Json(ReceiptsAnswer { receipts }))
}
