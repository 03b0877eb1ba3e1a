//! `GET /v1/procedures`: what Runners can execute.

use axum::Json;
use domain::{Permission, ProcedureId, Timestamp, VersionId};
use protocol::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::ListOf;
use web::{Access, Caller, Endpoint, Problem, Selection};

use crate::procedures::ProcedureRecord;

/// The most on one page.
const PAGE_MAX: usize = 100;

pub(crate) const ENDPOINT: Endpoint = Endpoint::get("/v1/procedures", Access::Requires(Permission::ProcedureRead))
    .summary("The procedures with their newest version, by key; `after` continues a page, `limit` is at most 100")
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
    procedures: Vec<ProcedureView>,
    /// Pass as `after` for the next page.
    next: Option<String>,
}

#[derive(JsonSchema, Serialize)]
struct ProcedureView {
    #[schemars(with = "String")]
    procedure: ProcedureId,
    key: String,
    title: String,
    /// The highest revision.
    revision: u32,
    #[schemars(with = "String")]
    version: VersionId,
    #[schemars(with = "String")]
    digest: Digest,
    #[schemars(with = "String")]
    published_at: Timestamp,
}

pub(crate) async fn handle(
    caller: Caller,
    Selection(Page { after, limit }): Selection<Page>,
) -> Result<Json<Response>, Problem> {
    let limit = limit.unwrap_or(50).clamp(1, PAGE_MAX);
    let page =
        caller.data.list::<ProcedureRecord>(ListOf { after, limit, ..ListOf::default() }).await?;
    let procedures = page.documents.into_iter().map(|found| view(found.document)).collect();
    Ok(Json(Response { procedures, next: page.next }))
}

fn view(record: ProcedureRecord) -> ProcedureView {
    let ProcedureRecord { procedure, key, title, revision, version, digest, published_at } = record;
    ProcedureView { procedure, key, title, revision, version, digest, published_at }
}
