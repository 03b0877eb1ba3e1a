//! `GET /v1/tenant/entitlements`: what the tenant may use.

use axum::Json;
use domain::Permission;
use web::{Access, Caller, Endpoint};

use crate::tenants::EntitlementsView;

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/tenant/entitlements", Access::Requires(Permission::TenantRead))
        .summary("What the tenant may use: its plan, and what was changed for it")
        .response::<EntitlementsView>();

pub(crate) async fn handle(caller: Caller) -> Json<EntitlementsView> {
    Json(EntitlementsView::of(&caller.tenant))
}
