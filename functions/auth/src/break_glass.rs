//! `POST /v1/platform/tenants/{tenant}/recoveries/{recovery}/agree`: a tenant's only administrator lost the second factor. Two operators agree
//! that they set up a new one; then everyone of the tenant is told, and has three days to refuse (threat T18).

use axum::{Json, extract::State};
use domain::{
    EventKind, Permission, RecoveryId, TenantId, Timestamp,
    auth::{Recovery, RecoveryError, Ticket},
    kind,
};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Change, Found, StoreError};
use web::{Access, Caller, Endpoint, Input, PathPair, Problem};

use crate::{
    AuthState, guards,
    letters::Topic,
    members,
    platform_tenants::{Elsewhere, ReasonRequest, reason_of},
    records::RecoveryRecord,
};

pub(crate) const AGREE: Endpoint = Endpoint::post(
    "/v1/platform/tenants/{tenant}/recoveries/{recovery}/agree",
    Access::Requires(Permission::PlatformBreakGlass),
    &[EventKind::BreakGlassUsed],
)
.summary("Agree that a tenant's only administrator sets up a new second factor; the second operator's word opens it, three days later")
.success(200)
.request::<ReasonRequest>()
.response::<Response>()
.problems(&[
    "recovery-has-administrator",
    "recovery-same-operator",
    "recovery-not-open",
    "validation",
]);

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    #[schemars(with = "String")]
    recovery: RecoveryId,
    /// From when on the link counts; `null` while another operator has to agree, too.
    #[schemars(with = "Option<String>")]
    opens_at: Option<Timestamp>,
    #[schemars(with = "String")]
    ends_at: Timestamp,
}

pub(crate) async fn agree(
    State(state): State<AuthState>,
    caller: Caller,
    PathPair(tenant, id): PathPair<TenantId, RecoveryId>,
    Input(ReasonRequest { reason }): Input<ReasonRequest>,
) -> Result<Json<Response>, Problem> {
    let (elsewhere, _) = Elsewhere::reach(&state, &caller, tenant).await?;
    let ticket = Ticket::<kind::Recovery>::new(tenant, id, state.random());
    let reason = reason_of(&reason)?;
    let (agreed, change) = decide(&elsewhere, &caller, &ticket, reason).await?;
    if let Some(from) = agreed.opens_at {
        announce(&state, &elsewhere, &agreed, &ticket, from).await?;
    }
    write(&elsewhere, &caller, change).await?;
    let Recovery { recovery, opens_at, ends_at, .. } = agreed;
    Ok(Json(Response { recovery, opens_at, ends_at }))
}

/// Decides on what is stored; nothing is written yet.
async fn decide(
    elsewhere: &Elsewhere,
    caller: &Caller,
    ticket: &Ticket<kind::Recovery>,
    reason: String,
) -> Result<(Recovery, Change), Problem> {
    let Found { document: RecoveryRecord(recovery), etag } =
        elsewhere.data.get::<RecoveryRecord>(&ticket.id.to_string()).await?;
    let involved = [recovery.user, recovery.requested_by];
    let others = members::has_approver_but(&elsewhere.data, &involved).await?;
    let (agreed, mut event) = recovery.break_glass(caller.user, others, ticket, caller.now)?;
    event.reason = Some(reason);
    let change = Change::new(event).replace(&RecoveryRecord(agreed.clone()), etag);
    Ok((agreed, change))
}

/// Writes it: of two operators at once, one is the second.
async fn write(elsewhere: &Elsewhere, caller: &Caller, change: Change) -> Result<(), Problem> {
    match elsewhere.commit(caller, change).await {
        Ok(()) => Ok(()),
        Err(StoreError::Conflict) => Err(RecoveryError::NotOpen.into()),
        Err(error) => Err(error.into()),
    }
}

/// The user gets the link, everyone else of the tenant the news, before it is written: it opens for nobody who could not have seen it.
async fn announce(
    state: &AuthState,
    elsewhere: &Elsewhere,
    agreed: &Recovery,
    ticket: &Ticket<kind::Recovery>,
    from: Timestamp,
) -> Result<(), Problem> {
    let link = state.link("recovery", &ticket.expose());
    let opened = Topic::RecoveryOpened { link: &link, from, until: agreed.ends_at };
    for guard in members::all(&elsewhere.data).await? {
        if guards::is_alone(&elsewhere.data, &guard).await? {
            continue;
        }
        let topic = if guard.user == agreed.user {
            opened.clone()
        } else {
            Topic::RecoveryAnnounced { from }
        };
        state.tell_first(&elsewhere.data, guard.user, &topic).await?;
    }
    Ok(())
}
