//! `GET /v1/runner/bundles/{digest}`: a procedure version, as the customer signed it.

use axum::{
    Json,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use domain::Feature;
use protocol::{Digest, routes::ENVELOPE_MEDIA_TYPE};
use web::{Access, Endpoint, PathPart, Problem, RunnerCaller};

use crate::{
    described,
    procedures::{VersionError, VersionRecord},
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::get("/v1/runner/bundles/{digest}", Access::Runner)
    .with(Feature::Runner)
    .summary("A published procedure version, as its customer signed it (DSSE)")
    .response::<described::Envelope>()
    .gives(&[ENVELOPE_MEDIA_TYPE])
    .problems(&["version-withdrawn"]);

pub(crate) async fn handle(
    caller: RunnerCaller,
    PathPart(digest): PathPart<Digest>,
) -> Result<Response, Problem> {
    let record = caller.data.get::<VersionRecord>(&VersionRecord::id_of(&digest)).await?.document;
    if record.withdrawn.is_some() {
        return Err(VersionError::Withdrawn.into());
    }
    Ok(([(CONTENT_TYPE, ENVELOPE_MEDIA_TYPE)], Json(record.envelope)).into_response())
}
