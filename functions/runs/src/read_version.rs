//! `GET /v1/procedures/versions/{digest}`: one version, as it was signed.

use axum::{Json, extract::Path};
use domain::Permission;
use protocol::{Digest, dsse::Envelope};
use schemars::JsonSchema;
use serde::Serialize;
use web::{Access, Caller, Endpoint, Problem};

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
    Path(digest): Path<String>,
) -> Result<Json<Response>, Problem> {
    let digest: Digest = digest.parse().map_err(|_| Problem::not_found())?;
    let record = caller.data.get::<VersionRecord>(&VersionRecord::id_of(&digest)).await?.document;
    Ok(Json(Response { version: VersionView::from(&record), envelope: record.envelope }))
}
