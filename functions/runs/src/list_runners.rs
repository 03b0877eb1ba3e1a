//! `GET /v1/runners`: the tenant's Runners.

use axum::Json;
use domain::{Feature, Permission};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::ListOf;
use web::{Access, Caller, Endpoint, Problem, Selection};

use crate::runners::{RunnerRecord, RunnerView};

/// The most on one page.
const PAGE_MAX: usize = 100;

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/runners", Access::Requires(Permission::RunnerRead))
        .summary("The Runners, newest first; `after` continues a page, `limit` is at most 100")
        .with(Feature::Runner)
        .query::<Page>()
        .response::<Response>();

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// The `next` of the page before.
    after: Option<String>,
    /// 1 to 100; 50 unless another is asked for. More counts as 100.
    limit: Option<usize>,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    runners: Vec<RunnerView>,
    /// Pass as `after` for the next page.
    next: Option<String>,
}

pub(crate) async fn handle(
    caller: Caller,
    Selection(Page { after, limit }): Selection<Page>,
) -> Result<Json<Response>, Problem> {
    let limit = limit.unwrap_or(50).clamp(1, PAGE_MAX);
    let of = ListOf { descending: true, after, limit, ..ListOf::default() };
    let page = caller.data.list::<RunnerRecord>(of).await?;
    let runners = page.documents.into_iter().map(|found| found.document.into()).collect();
    Ok(Json(Response { runners, next: page.next }))
}
