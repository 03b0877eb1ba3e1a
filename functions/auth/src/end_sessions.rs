//! `DELETE /v1/sessions`, `POST /v1/sessions/revoke-others`: signs me out everywhere, or everywhere else.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response as HttpResponse},
};
use domain::{
    AuditEvent, EventKind, Permission, Target,
    auth::{Bounds, Revocation, Session},
};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Change, Guard, ListOf};
use web::{Access, Caller, Endpoint, Problem};

use crate::{
    AuthState, delivery,
    ended_sessions::{Why, end_all},
    followers,
};

/// More devices than anyone signs in within seven days.
const LISTED_MAX: usize = 200;

pub(crate) const ALL: Endpoint = Endpoint::delete(
    "/v1/sessions",
    Access::Requires(Permission::OwnAccount),
    &[EventKind::SessionsRevokedAll],
)
.while_closing()
.summary("Sign me out everywhere, here too; personal access tokens end as well")
.response::<Response>();

pub(crate) const OTHERS: Endpoint = Endpoint::post(
    "/v1/sessions/revoke-others",
    Access::Requires(Permission::OwnAccount),
    &[EventKind::SessionRevoked],
)
.while_closing()
.success(200)
.summary("Sign every other device of mine out")
.response::<Response>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// How many devices; `null` for all of them.
    revoked: Option<usize>,
}

pub(crate) async fn all(
    State(state): State<AuthState>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    end_all(&caller.data, &caller.actor(), caller.user, Why::User, caller.now).await?;
    let cleared = delivery::cleared(state.cookies);
    Ok((cleared, Json(Response { revoked: None })).into_response())
}

/// One event for all of them, then each of them: whatever is not reached now is ended by the next try.
pub(crate) async fn others(caller: Caller) -> Result<Json<Response>, Problem> {
    let guard = caller.data.get::<Guard>(&caller.user.to_string()).await?.document;
    let bounds = Bounds { epoch: guard.epoch, settings: &caller.tenant.settings };
    let mine = Some(caller.user.to_string());
    let of = ListOf { k1: mine, descending: true, limit: LISTED_MAX, ..ListOf::default() };
    let listing = caller.data.list::<Session>(of).await?;
    let sessions = listing.documents.into_iter().map(|found| found.document);
    let is_other = |session: &Session| {
        session.session != caller.session && session.is_alive(bounds, caller.now)
    };
    let others: Vec<_> = sessions.filter(is_other).collect();
    if others.is_empty() {
        return Ok(Json(Response { revoked: Some(0) }));
    }
    let event = AuditEvent::new(EventKind::SessionRevoked, Target::new("user", caller.user))
        .with("why", Revocation::Others.name())
        .with("sessions", others.len());
    let promise = caller.commit(Change::new(event)).await?;
    for session in &others {
        let end = |session: &Session| {
            session.clone().revoke(Revocation::Others, caller.now).map(|(revoked, _)| revoked)
        };
        let id = session.session.to_string();
        followers::update_because(&caller.data, &id, promise.event, end).await?;
    }
    Ok(Json(Response { revoked: Some(others.len()) }))
}
