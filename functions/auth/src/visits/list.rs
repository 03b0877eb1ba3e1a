//! `GET /v1/visits`: who visited the tenant, asks to, or is here now.

use axum::Json;
use domain::Permission;
use schemars::JsonSchema;
use serde::Serialize;
use store::{ListOf, VisitRecord};
use web::{Access, Caller, Endpoint, Problem};

use super::VisitView;

/// Visits of a tenant that are listed.
const LISTED_MAX: usize = 200;

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/visits", Access::Requires(Permission::TenantRead))
        .summary("Who visited the tenant, asks to, or is here now; newest first")
        .response::<Visits>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Visits {
    visits: Vec<VisitView>,
}

pub(crate) async fn handle(caller: Caller) -> Result<Json<Visits>, Problem> {
    let of = ListOf { descending: true, limit: LISTED_MAX, ..ListOf::default() };
    let page = caller.data.list::<VisitRecord>(of).await?;
    let visits = page.documents.into_iter().map(|found| found.document.0.into()).collect();
    Ok(Json(Visits { visits }))
}
