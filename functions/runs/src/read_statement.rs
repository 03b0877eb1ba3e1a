//! `GET /v1/runs/{run}/statement`: what the Runner signed, and what we answered, for anyone to verify.

use axum::{
    Json,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use domain::{Permission, kind};
use protocol::routes::ENVELOPE_MEDIA_TYPE;
use web::{Access, Caller, Endpoint, PathId, Problem};

use crate::{described, list_runs::statement_of};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/runs/{run}/statement", Access::Requires(Permission::RunRead))
        .summary("The run's statement, as its Runner signed it (DSSE)")
        .response::<described::Envelope>()
        .gives(&[ENVELOPE_MEDIA_TYPE]);

pub(crate) async fn handle(
    caller: Caller,
    PathId(run): PathId<kind::Run>,
) -> Result<Response, Problem> {
    let record = statement_of(&caller.data, run).await?;
    Ok(([(CONTENT_TYPE, ENVELOPE_MEDIA_TYPE)], Json(record.envelope)).into_response())
}
