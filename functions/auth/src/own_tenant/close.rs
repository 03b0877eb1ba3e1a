//! `POST /v1/tenant/close`: closes the tenant, unless a legal hold is set.

use axum::{Json, extract::State};
use domain::{Class, EventKind, Permission, TenantMove};
use schemars::JsonSchema;
use serde::Deserialize;
use web::{Access, Caller, Endpoint, Input, Problem};

use super::step;
use crate::{AuthState, close_tenants, tenants::TenantView};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/tenant/close",
    Access::Requires(Permission::TenantClose),
    &[EventKind::TenantClosing],
)
.summary("Close the tenant: read and export for 30 days, then its keys are destroyed")
.success(200)
.request::<CloseRequest>()
.response::<TenantView>()
.problems(&["name-mismatch", "state-transition", "hold-active", "conflict"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseRequest {
    /// The tenant's name, typed again.
    name: String,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    Input(CloseRequest { name }): Input<CloseRequest>,
) -> Result<Json<TenantView>, Problem> {
    if name != caller.tenant.name {
        let detail = "Type the tenant's name exactly as it is, to close it.";
        return Err(Problem::new(Class::Invalid, "name-mismatch", detail));
    }
    close_tenants::require_no_hold(&caller.data).await?;
    close_tenants::note(&state, caller.data.tenant()).await?;
    let closes_at = caller.now.plus(TenantMove::GRACE);
    step(&caller, TenantMove::BeginClosing, Some(closes_at)).await
}
