//! `POST /v1/invitations`: invites a person by mail.

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    EventKind, InvitationId, Permission, Role, Target,
    auth::{Email, Invitation, InvitedAddress, Ticket},
    kind, refuse_combination,
};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Change;
use web::{Access, Caller, Endpoint, Input, Problem};

use super::{InvitationView, mail, require_giving, seats, view};
use crate::{AuthState, records::InvitationRecord};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/invitations",
    Access::Requires(Permission::UserInvite),
    &[EventKind::UserInvited],
)
.summary("Invite a person by mail")
.request::<Request>()
.response::<InvitationView>()
.problems(&[
    "email-invalid",
    "entitlement-required",
    "owners-only",
    "platform-role",
    "sod-violation",
    "conflict",
]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    email: String,
    /// A built-in role by its name.
    #[schemars(with = "String")]
    role: Role,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    Input(Request { email, role }): Input<Request>,
) -> Result<(StatusCode, Json<InvitationView>), Problem> {
    let email = Email::parse(&email)?;
    require_giving(&caller, role).await?;
    seats::require_one_more(&caller, None).await?;
    let id: InvitationId = state.id(caller.now);
    keep_apart(&caller, id, role).await?;
    state.limit_invitations(caller.data.tenant(), email.as_str(), caller.now).await?;
    let ticket = Ticket::<kind::Invitation>::new(caller.data.tenant(), id, state.random());
    let (invitation, event) =
        Invitation::issue(id, &ticket.sha256(), role, Invitation::LIFETIME, caller.now)?;
    let address = InvitedAddress {
        index: email.index(&state.keys.index),
        sealed: state.seal_invited(caller.data.tenant(), id, &email).await?,
    };
    let invitation = invitation.sent(caller.user, address);
    let record = InvitationRecord(invitation.clone());
    let event = event.personal("email", id, email.as_str());
    caller.commit(Change::new(event).create(&record)).await?;
    let mailed = mail(&state, &caller.tenant.name, email.as_str(), (&ticket, &invitation)).await;
    Ok((
        StatusCode::CREATED,
        Json(view(&state, caller.data.tenant(), &invitation, Some(mailed)).await?),
    ))
}

/// Refuses to invite somebody to what the tenant keeps apart.
async fn keep_apart(caller: &Caller, id: InvitationId, role: Role) -> Result<(), Problem> {
    let on = &caller.tenant.settings.separations;
    match refuse_combination(on, |permission| role.grants(permission)) {
        Ok(()) => Ok(()),
        Err(error) => Err(caller.separated(error, Target::new("invitation", id)).await),
    }
}
