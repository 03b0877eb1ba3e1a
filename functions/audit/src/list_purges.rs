//! `GET /v1/audit/purges`: what was purged, and what is about to be.

use axum::{Json, extract::State};
use domain::Permission;
use schemars::JsonSchema;
use serde::Serialize;
use web::{Access, Caller, Endpoint, Problem};

use crate::retention::{self, PurgeView};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/audit/purges", Access::Requires(Permission::AuditRead))
        .summary("Purges of the audit log, newest first: announced, recorded, executed")
        .response::<Response>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    purges: Vec<PurgeView>,
}

pub(crate) async fn handle(
    State(state): State<crate::State>,
    caller: Caller,
) -> Result<Json<Response>, Problem> {
    let mut purges = Vec::new();
    for plan in retention::purges(&caller.data).await? {
        purges.push(retention::view(&state, &caller, plan).await?);
    }
    Ok(Json(Response { purges }))
}
