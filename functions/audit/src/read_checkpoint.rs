//! `GET /v1/audit/checkpoint`: the last signed head, for whoever wants to pin it.

use axum::{extract::State, http::header, response::IntoResponse};
use domain::{Feature, Permission};
use web::{Access, Caller, Endpoint, Problem};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/audit/checkpoint", Access::Requires(Permission::AuditRead))
        .summary("Read the last signed checkpoint (C2SP tlog-checkpoint)")
        .with(Feature::AuditRead)
        .problems(&["nothing-signed"]);

pub(crate) async fn handle(
    State(state): State<crate::State>,
    caller: Caller,
) -> Result<impl IntoResponse, Problem> {
    let checkpoint = crate::export::checkpoint(&state, caller.data.tenant()).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], checkpoint.note))
}
