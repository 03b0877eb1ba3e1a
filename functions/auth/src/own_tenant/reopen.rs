//! `POST /v1/tenant/reopen`: takes the closing back, within its 30 days.

use axum::Json;
use domain::{EventKind, Permission, TenantMove};
use web::{Access, Caller, Endpoint, Problem};

use super::step;
use crate::tenants::TenantView;

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/tenant/reopen",
    Access::Requires(Permission::TenantClose),
    &[EventKind::TenantResumed],
)
.summary("Take the closing back, within its 30 days")
.success(200)
.while_closing()
.response::<TenantView>()
.problems(&["state-transition", "conflict"]);

pub(crate) async fn handle(caller: Caller) -> Result<Json<TenantView>, Problem> {
    step(&caller, TenantMove::Reopen, None).await
}
