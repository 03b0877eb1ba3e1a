//! `DELETE /v1/sessions/{session}`: signs a device of mine out.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response as HttpResponse},
};
use domain::{
    EventKind, Permission,
    auth::{Revocation, Session},
    kind,
};
use schemars::JsonSchema;
use serde::Serialize;
use store::Change;
use web::{Access, Caller, Endpoint, PathId, Problem};

use crate::{AuthState, delivery, followers};

pub(crate) const ENDPOINT: Endpoint = Endpoint::delete(
    "/v1/sessions/{session}",
    Access::Requires(Permission::OwnAccount),
    &[EventKind::SessionRevoked],
)
.while_closing()
.summary("Sign a device of mine out; its tokens no longer count")
.response::<Response>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    session: String,
    /// `revoked`.
    state: &'static str,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(id): PathId<kind::Session>,
) -> Result<HttpResponse, Problem> {
    let session = caller.data.get::<Session>(&id.to_string()).await?.document;
    if session.user != caller.user {
        return Err(Problem::not_found());
    }
    let revoke = |session: Session| session.revoke(Revocation::User, caller.now);
    if let Some((_, event)) = revoke(session) {
        caller.commit(Change::new(event)).await?;
        let follow = |session: &Session| revoke(session.clone()).map(|(revoked, _)| revoked);
        followers::update(&caller.data, &id.to_string(), follow).await?;
    }
    let answer = Json(Response { session: id.to_string(), state: "revoked" });
    if id == caller.session {
        return Ok((delivery::cleared(state.cookies), answer).into_response());
    }
    Ok(answer.into_response())
}
