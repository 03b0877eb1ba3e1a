//! `GET /v1/audit/verifications`: what the last verifications found, those that nobody asked for included.

use axum::Json;
use domain::{Feature, Permission};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::ListOf;
use web::{Access, Caller, Endpoint, Problem, Selection};

use crate::verification::VerificationRecord;

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/audit/verifications", Access::Requires(Permission::AuditRead))
        .summary(
            "List what verifications of the log found, newest first; `cursor` continues a page",
        )
        .with(Feature::AuditRead)
        .query::<Query>()
        .response::<Response>();

const PAGE: usize = 50;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// The `next` of the page before.
    cursor: Option<String>,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// Newest first.
    verifications: Vec<VerificationRecord>,
    /// Pass as `cursor` for older ones.
    next: Option<String>,
}

pub(crate) async fn handle(
    caller: Caller,
    Selection(query): Selection<Query>,
) -> Result<Json<Response>, Problem> {
    let of = ListOf { descending: true, after: query.cursor, limit: PAGE, ..ListOf::default() };
    let listing = caller.data.list::<VerificationRecord>(of).await?;
    let verifications = listing.documents.into_iter().map(|found| found.document).collect();
    Ok(Json(Response { verifications, next: listing.next }))
}
