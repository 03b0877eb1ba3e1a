//! `GET /v1/roles`: the tenant's own roles.

use axum::Json;
use domain::Permission;
use schemars::JsonSchema;
use serde::Serialize;
use web::{Access, Caller, Endpoint, Problem};

use super::{RoleView, all};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/roles", Access::Requires(Permission::UserRead))
        .summary("The tenant's own roles")
        .response::<Roles>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Roles {
    roles: Vec<RoleView>,
}

pub(crate) async fn handle(caller: Caller) -> Result<Json<Roles>, Problem> {
    let roles = all(&caller.data).await?.into_iter().map(RoleView::from).collect();
    Ok(Json(Roles { roles }))
}
