//! `GET /v1/runner/bundles/{digest}`: a procedure version, as the customer signed it.

use axum::{
    Json,
    extract::Path,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use protocol::{Digest, routes::ENVELOPE_MEDIA_TYPE};
use web::{Access, Endpoint, Problem, RunnerCaller};

use crate::procedures::{VersionError, VersionRecord};

pub(crate) const ENDPOINT: Endpoint = Endpoint::get("/v1/runner/bundles/{digest}", Access::Runner)
    .summary("A published procedure version, as its customer signed it (DSSE)")
    .response::<serde_json::Value>()
    .problems(&["version-withdrawn"]);

pub(crate) async fn handle(
    caller: RunnerCaller,
    Path(digest): Path<String>,
) -> Result<Response, Problem> {
    let digest: Digest = digest.parse().map_err(|_| Problem::not_found())?;
    let record = caller.data.get::<VersionRecord>(&VersionRecord::id_of(&digest)).await?.document;
    if record.withdrawn.is_some() {
        return Err(VersionError::Withdrawn.into());
    }
    Ok(([(CONTENT_TYPE, ENVELOPE_MEDIA_TYPE)], Json(record.envelope)).into_response())
}
