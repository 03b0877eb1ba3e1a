//! `DELETE /v1/invitations/{invitation}`: takes an invitation back.

use axum::{Json, extract::State};
use domain::{EventKind, Permission, kind};
use store::{Change, Found};
use web::{Access, Caller, Endpoint, PathId, Problem};

use super::{InvitationView, view};
use crate::{AuthState, records::InvitationRecord};

pub(crate) const ENDPOINT: Endpoint = Endpoint::delete(
    "/v1/invitations/{invitation}",
    Access::Requires(Permission::UserInvite),
    &[EventKind::InvitationRevoked],
)
.summary("Take an invitation back")
.response::<InvitationView>()
.problems(&["invitation-invalid", "conflict"]);

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(id): PathId<kind::Invitation>,
) -> Result<Json<InvitationView>, Problem> {
    let Found { document: InvitationRecord(invitation), etag } =
        caller.data.get::<InvitationRecord>(&id.to_string()).await?;
    let (invitation, event) = invitation.revoke()?;
    let record = InvitationRecord(invitation.clone());
    caller.commit(Change::new(event).replace(&record, etag)).await?;
    Ok(Json(view(&state, caller.data.tenant(), &invitation, None).await?))
}
