//! `GET /v1/me`: who I am here.

use axum::{Json, extract::State};
use domain::{Permission, Plan, Role};
use schemars::JsonSchema;
use serde::Serialize;
use store::TenantRecord;
use web::{Access, Caller, Endpoint, Problem};

use crate::{AuthState, records::UserRecord};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/me", Access::Requires(Permission::OwnAccount))
        .summary("Who I am, and what I may do here")
        .response::<Response>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    user: String,
    email: String,
    display_name: String,
    #[schemars(with = "Vec<String>")]
    roles: Vec<Role>,
    tenant: String,
    tenant_name: String,
    #[schemars(with = "String")]
    plan: Plan,
    /// The session of this request.
    session: String,
    /// When the second factor was last shown.
    authenticated_at: String,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
) -> Result<Json<Response>, Problem> {
    let user = caller.data.get::<UserRecord>(&caller.user.to_string()).await?.document;
    let tenant = caller.data.get::<TenantRecord>(TenantRecord::ID).await?.document;
    Ok(Json(Response {
        user: caller.user.to_string(),
        email: state.open_email(tenant.tenant, &user)?,
        display_name: user.display_name,
        roles: caller.roles,
        tenant: tenant.tenant.to_string(),
        tenant_name: tenant.name,
        plan: tenant.plan,
        session: caller.session.to_string(),
        authenticated_at: caller.authenticated_at.to_string(),
    }))
}
