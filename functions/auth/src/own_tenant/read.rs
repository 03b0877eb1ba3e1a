//! `GET /v1/tenant`: the tenant, its state and its settings.

use axum::Json;
use domain::Permission;
use store::TenantRecord;
use web::{Access, Caller, Endpoint};

use crate::tenants::TenantView;

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/tenant", Access::Requires(Permission::TenantRead))
        .summary("The tenant, its state and its settings")
        .response::<TenantView>();

pub(crate) async fn handle(caller: Caller) -> Json<TenantView> {
    Json(TenantRecord::clone(&caller.tenant).into())
}
