//! `GET /v1/platform/tenants/{tenant}`: a tenant's plan, state and entitlements.

use axum::{Json, extract::State};
use domain::{Permission, kind};
use web::{Access, Caller, Endpoint, PathId, Problem};

use super::{Elsewhere, Response};
use crate::AuthState;

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/platform/tenants/{tenant}", Access::Requires(Permission::PlatformRead))
        .summary("A tenant's plan, state and entitlements")
        .response::<Response>();

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(tenant): PathId<kind::Tenant>,
) -> Result<Json<Response>, Problem> {
    let (_, record) = Elsewhere::reach(&state, &caller, tenant).await?;
    Ok(Json(record.into()))
}
