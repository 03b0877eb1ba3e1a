//! `POST /v1/recoveries/{recovery}/approve`: lets a user set up a new second factor.

use axum::{Json, extract::State};
use domain::{
    EventKind, Permission,
    auth::{Approver, Recovery, Ticket},
    kind,
};
use store::Found;
use web::{Access, Caller, Endpoint, PathId, Problem};

use super::{Listed, write};
use crate::{
    AuthState,
    letters::Topic,
    records::{RecoveryRecord, UserRecord},
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/recoveries/{recovery}/approve",
    Access::Requires(Permission::MfaResetApprove),
    &[EventKind::MfaResetApproved],
)
.summary(
    "Let a user set up a new second factor; they get a link by mail and need their password, too",
)
.success(200)
.response::<Listed>()
.problems(&["recovery-own", "recovery-approver-too-new", "recovery-not-open", "conflict"]);

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(id): PathId<kind::Recovery>,
) -> Result<Json<Listed>, Problem> {
    let approver = caller.data.get::<UserRecord>(&caller.user.to_string()).await?.document;
    let approver = Approver { user: caller.user, since: approver.created_at };
    let Found { document: RecoveryRecord(recovery), etag } =
        caller.data.get::<RecoveryRecord>(&id.to_string()).await?;
    let ticket = Ticket::<kind::Recovery>::new(caller.data.tenant(), id, state.random());
    let (granted, event) = recovery.approve(approver, &ticket, caller.now)?;
    post_link(&state, &caller, &granted, &ticket).await?;
    Ok(Json(write(&caller, (granted, event), etag).await?.into()))
}

/// Before the approval is written: a link of one that is not opens nothing, and an approval whose link was lost would be decided for good.
async fn post_link(
    state: &AuthState,
    caller: &Caller,
    granted: &Recovery,
    ticket: &Ticket<kind::Recovery>,
) -> Result<(), Problem> {
    let link = state.link("recovery", &ticket.expose());
    let topic = Topic::RecoveryApproved { link: &link, until: granted.ends_at };
    state.tell_first(&caller.data, granted.user, &topic).await
}
