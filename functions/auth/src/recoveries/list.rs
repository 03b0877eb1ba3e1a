//! `GET /v1/recoveries`: who waits for a new second factor.

use axum::Json;
use domain::Permission;
use schemars::JsonSchema;
use serde::Serialize;
use store::ListOf;
use web::{Access, Caller, Endpoint, Problem};

use super::Listed;
use crate::records::RecoveryRecord;

/// More than ever wait at once.
const LISTED_MAX: usize = 200;

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/recoveries", Access::Requires(Permission::UserRead))
        .summary("Who waits for a new second factor")
        .response::<Response>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    recoveries: Vec<Listed>,
}

pub(crate) async fn handle(caller: Caller) -> Result<Json<Response>, Problem> {
    let of = ListOf { descending: true, limit: LISTED_MAX, ..ListOf::default() };
    let listing = caller.data.list::<RecoveryRecord>(of).await?;
    let open = listing.documents.into_iter().map(|found| found.document.0);
    let open = open.filter(|recovery| recovery.is_refusable(caller.now)).map(Listed::from);
    Ok(Json(Response { recoveries: open.collect() }))
}
