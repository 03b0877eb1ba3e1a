//! `POST /v1/platform/tenants/{tenant}/owner`: invites the owner of a tenant that has nobody yet, again or at another address.

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    Class, EventKind, Permission, Role,
    auth::{Email, Invitation, InvitedAddress, Ticket},
    kind,
};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{Change, TenantRecord};
use web::{Access, Caller, Endpoint, Input, PathId, Problem};

use super::Elsewhere;
use crate::{
    AuthState, guards,
    invitations::{InvitationView, mail, view},
    members,
    records::InvitationRecord,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/platform/tenants/{tenant}/owner",
    Access::Requires(Permission::PlatformTenantWrite),
    &[EventKind::UserInvited],
)
.summary("Invite the owner of a tenant that has nobody yet; afterwards its own people invite")
.request::<Request>()
.response::<InvitationView>()
.problems(&["email-invalid", "tenant-has-users"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Who is invited.
    email: String,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(tenant): PathId<kind::Tenant>,
    Input(Request { email }): Input<Request>,
) -> Result<(StatusCode, Json<InvitationView>), Problem> {
    let email = Email::parse(&email)?;
    let (elsewhere, record) = Elsewhere::reach(&state, &caller, tenant).await?;
    require_nobody(&elsewhere).await?;
    let invited = invite(&state, &caller, (&elsewhere, &record), &email).await?;
    Ok((StatusCode::CREATED, Json(invited)))
}

/// Refuses a tenant that has users. One who was about to come in and did not is none.
async fn require_nobody(elsewhere: &Elsewhere) -> Result<(), Problem> {
    for guard in members::all(&elsewhere.data).await? {
        if !guards::is_alone(&elsewhere.data, &guard).await? {
            let detail = "This tenant has users: its owner or an administrator invites whoever else is to come in.";
            return Err(Problem::new(Class::Conflict, "tenant-has-users", detail));
        }
    }
    Ok(())
}

/// Invites the first owner. The operator never sees the token, which goes by mail alone.
pub(super) async fn invite(
    state: &AuthState,
    caller: &Caller,
    (elsewhere, record): (&Elsewhere, &TenantRecord),
    email: &Email,
) -> Result<InvitationView, Problem> {
    let (tenant, id) = (record.tenant, state.id(caller.now));
    let ticket = Ticket::<kind::Invitation>::new(tenant, id, state.random());
    let lifetime = Invitation::LIFETIME;
    let (invitation, event) =
        Invitation::issue(id, &ticket.sha256(), Role::Owner, lifetime, caller.now)?;
    let address = InvitedAddress {
        index: email.index(&state.keys.index),
        sealed: state.seal_invited(tenant, id, email).await?,
    };
    let invitation = invitation.sent(caller.user, address);
    let event = event.personal("email", id, email.as_str());
    let change = Change::new(event).create(&InvitationRecord(invitation.clone()));
    elsewhere.commit(caller, change).await?;
    let mailed = mail(state, &record.name, email.as_str(), (&ticket, &invitation)).await;
    view(state, tenant, &invitation, Some(mailed)).await
}
