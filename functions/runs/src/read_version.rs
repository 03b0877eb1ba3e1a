//! `GET /v1/procedures/versions/{digest}`: one version, as it was signed.

use axum::Json;
use domain::Permission;
use protocol::{Digest, dsse::Envelope};
use schemars::JsonSchema;
use serde::Serialize;
use web::{Access, Caller, Endpoint, PathPart, Problem};

use crate::procedures::{VersionRecord, VersionView};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/procedures/versions/{digest}", Access::Requires(Permission::ProcedureRead))
        .summary("One version with its signed envelope")
        .response::<Response>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    #[serde(flatten)]
    version: VersionView,
    /// The signed bytes (DSSE).
    #[schemars(with = "serde_json::Value")]
    envelope: Envelope,
}

pub(crate) async fn handle(
    caller: Caller,
    PathPart(digest): PathPart<Digest>,
) -> Result<Json<Response>, Problem> {
    let record = caller.data.get::<VersionRecord>(&VersionRecord::id_of(&digest)).await?.document;
    Ok(Json(Response { version: VersionView::from(&record), envelope: record.envelope }))
}
