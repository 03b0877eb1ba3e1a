//! `POST /v1/invitations/{invitation}/resend`: sends an invitation again, with a new token and a new term.

use axum::{Json, extract::State};
use domain::{EventKind, Permission, auth::Ticket, kind};
use store::{Change, Found};
use web::{Access, Caller, Endpoint, PathId, Problem};

use super::{InvitationView, address, mail, require_giving, seats, view};
use crate::{AuthState, records::InvitationRecord};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/invitations/{invitation}/resend",
    Access::Requires(Permission::UserInvite),
    &[EventKind::UserInvited],
)
.summary("Send an invitation again, with a new token and a new term; the token before is void")
.success(200)
.response::<InvitationView>()
.problems(&[
    "invitation-invalid",
    "entitlement-required",
    "owners-only",
    "platform-role",
    "conflict",
]);

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(id): PathId<kind::Invitation>,
) -> Result<Json<InvitationView>, Problem> {
    let Found { document: InvitationRecord(invitation), etag } =
        caller.data.get::<InvitationRecord>(&id.to_string()).await?;
    require_giving(&caller, invitation.role).await?;
    seats::require_one_more(&caller, Some(id)).await?;
    let to = address(&state, caller.data.tenant(), &invitation).await?;
    if let Some(to) = &to {
        state.limit_invitations(caller.data.tenant(), to, caller.now).await?;
    }
    let ticket = Ticket::<kind::Invitation>::new(caller.data.tenant(), id, state.random());
    let (invitation, event) = invitation.renew(ticket.sha256(), caller.now)?;
    let record = InvitationRecord(invitation.clone());
    caller.commit(Change::new(event).replace(&record, etag)).await?;
    let mailed = match &to {
        Some(to) => Some(mail(&state, &caller.tenant.name, to, (&ticket, &invitation)).await),
        None => None,
    };
    Ok(Json(view(&state, caller.data.tenant(), &invitation, mailed).await?))
}
