//! `POST /v1/platform/tenants`: makes a customer's tenant, and invites its owner.

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    AuditEvent, EventKind, Permission, Plan, Target, TenantId, TenantKind, Timestamp, auth::Email,
    tenant_name,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Change, TenantRecord};
use web::{Access, Caller, Endpoint, Input, Problem};

use super::{Elsewhere, invite_owner::invite};
use crate::{
    AuthState,
    invitations::InvitationView,
    tenant_entries::{TenantEntry, enter},
    tenants::TenantView,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/platform/tenants",
    Access::Requires(Permission::PlatformTenantWrite),
    &[EventKind::TenantCreated, EventKind::UserInvited],
)
.summary("Make a customer's tenant, and invite its owner by mail")
.request::<Request>()
.response::<Response>()
.problems(&["tenant-name-invalid", "email-invalid"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// 1 to 100 characters on one line.
    name: String,
    /// `free`, `pro`, `business` or `enterprise`.
    #[schemars(with = "String")]
    plan: Plan,
    /// Who is invited as its owner.
    owner_email: String,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    tenant: TenantView,
    /// The owner's.
    invitation: InvitationView,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    Input(Request { name, plan, owner_email }): Input<Request>,
) -> Result<(StatusCode, Json<Response>), Problem> {
    let (name, email) = (tenant_name(&name)?, Email::parse(&owner_email)?);
    let tenant: TenantId = state.id(caller.now);
    let elsewhere = Elsewhere::found(&state, &caller, tenant)?;
    enter(&state, &TenantEntry { tenant, kind: TenantKind::Customer, at: caller.now }).await?;
    let (record, event) = new(tenant, name, plan, caller.now);
    elsewhere.commit(&caller, Change::new(event).create(&record)).await?;
    let invitation = invite(&state, &caller, (&elsewhere, &record), &email).await?;
    Ok((StatusCode::CREATED, Json(Response { tenant: record.into(), invitation })))
}

fn new(tenant: TenantId, name: String, plan: Plan, now: Timestamp) -> (TenantRecord, AuditEvent) {
    let event = AuditEvent::new(EventKind::TenantCreated, Target::new("tenant", tenant))
        .with("plan", plan.name());
    (TenantRecord::new(tenant, name, plan, now), event)
}
