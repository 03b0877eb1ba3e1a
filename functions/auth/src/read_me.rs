//! `GET /v1/me`: who I am here.

use axum::{Json, extract::State};
use domain::{Permission, Plan, Role, auth::BackupCodes};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Guard, TenantRecord};
use web::{Access, Caller, Endpoint, Problem};

use crate::{
    AuthState, members,
    records::{CredentialRecord, UserRecord},
};

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
    /// How many backup codes are left; make new ones when there are three or fewer.
    backup_codes_left: usize,
    /// Whether there are so few.
    backup_codes_low: bool,
    /// Whether nobody else of the tenant can let somebody set up a new second factor. Whoever is that and loses their own waits for two operators
    /// of the service, and three days: invite another administrator.
    only_administrator: bool,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
) -> Result<Json<Response>, Problem> {
    let user = caller.data.get::<UserRecord>(&caller.user.to_string()).await?.document;
    let tenant = caller.data.get::<TenantRecord>(TenantRecord::ID).await?.document;
    let credential = CredentialRecord::id_of(caller.user);
    let credential = caller.data.find::<CredentialRecord>(&credential).await?;
    let backup = credential.and_then(|found| found.document.0.backup);
    let backup_codes_left = backup.as_ref().map_or(0, BackupCodes::remaining);
    let guard = caller.data.get::<Guard>(&caller.user.to_string()).await?.document;
    let only_administrator = guard.grants(Permission::MfaResetApprove)
        && !members::has_approver_but(&caller.data, &[caller.user]).await?;
    Ok(Json(Response {
        user: caller.user.to_string(),
        email: state.open_email(tenant.tenant, &user).await?,
        display_name: user.display_name,
        roles: caller.roles,
        tenant: tenant.tenant.to_string(),
        tenant_name: tenant.name,
        plan: tenant.plan,
        session: caller.session.to_string(),
        authenticated_at: caller.authenticated_at.to_string(),
        backup_codes_left,
        backup_codes_low: backup_codes_left <= BackupCodes::FEW,
        only_administrator,
    }))
}
