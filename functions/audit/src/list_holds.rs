//! `GET /v1/audit/holds`: legal holds.

use axum::Json;
use domain::Permission;
use schemars::JsonSchema;
use serde::Serialize;
use store::retention::holds;
use web::{Access, Caller, Endpoint, Problem};

use crate::retention::HoldView;

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/audit/holds", Access::Requires(Permission::AuditRead))
        .summary("Legal holds on rows of the audit log, released ones as well")
        .response::<Response>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    holds: Vec<HoldView>,
}

pub(crate) async fn handle(caller: Caller) -> Result<Json<Response>, Problem> {
    let holds = holds(&caller.data).await?;
    Ok(Json(Response { holds: holds.into_iter().map(HoldView::from).collect() }))
}
