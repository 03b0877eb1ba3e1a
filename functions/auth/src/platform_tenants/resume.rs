//! `POST /v1/platform/tenants/{tenant}/resume`: takes a suspended tenant into use again.

use axum::{Json, extract::State};
use domain::{EventKind, Permission, TenantMove, kind};
use web::{Access, Caller, Endpoint, Input, PathId, Problem};

use super::{ReasonRequest, Response, step};
use crate::AuthState;

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/platform/tenants/{tenant}/resume",
    Access::Requires(Permission::PlatformTenantWrite),
    &[EventKind::TenantResumed],
)
.summary("Take a suspended tenant into use again")
.success(200)
.request::<ReasonRequest>()
.response::<Response>()
.problems(&["state-transition", "conflict"]);

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(tenant): PathId<kind::Tenant>,
    Input(ReasonRequest { reason }): Input<ReasonRequest>,
) -> Result<Json<Response>, Problem> {
    step(&state, &caller, tenant, TenantMove::Resume, &reason).await
}
