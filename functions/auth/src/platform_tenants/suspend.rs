//! `POST /v1/platform/tenants/{tenant}/suspend`: takes a tenant out of use.

use axum::{Json, extract::State};
use domain::{EventKind, Permission, TenantMove, kind};
use web::{Access, Caller, Endpoint, Input, PathId, Problem};

use super::{ReasonRequest, Response, step};
use crate::AuthState;

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/platform/tenants/{tenant}/suspend",
    Access::Requires(Permission::PlatformTenantWrite),
    &[EventKind::TenantSuspended],
)
.summary("Take a tenant out of use: nobody signs in, data is kept")
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
    step(&state, &caller, tenant, TenantMove::Suspend, &reason).await
}
