//! `POST /v1/users/{user}/recovery`: asks another administrator to let a user set up a new second factor.

use axum::{Json, extract::State, http::StatusCode};
use domain::{EventKind, Permission, auth::Recovery, kind};
use schemars::JsonSchema;
use serde::Serialize;
use store::Change;
use web::{Access, Caller, Endpoint, PathId, Problem};

use super::{Deciders, Listed};
use crate::{
    AuthState,
    letters::Topic,
    records::{RecoveryRecord, UserRecord},
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/users/{user}/recovery",
    Access::Requires(Permission::MfaResetRequest),
    &[EventKind::MfaResetRequested],
)
.summary("Ask another administrator to let a user set up a new second factor")
.response::<Requested>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Requested {
    #[serde(flatten)]
    recovery: Listed,
    /// Who can approve it.
    decided_by: Deciders,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(user): PathId<kind::User>,
) -> Result<(StatusCode, Json<Requested>), Problem> {
    caller.data.get::<UserRecord>(&user.to_string()).await?;
    let (recovery, event) = Recovery::request(state.id(caller.now), user, caller.user, caller.now);
    let record = RecoveryRecord(recovery.clone());
    caller.commit(Change::new(event).create(&record)).await?;
    let when = caller.now;
    state.tell(&caller.data, user, &Topic::RecoveryRequested { when }).await;
    let decided_by = Deciders::of(&caller.data, &recovery).await?;
    Ok((StatusCode::CREATED, Json(Requested { recovery: recovery.into(), decided_by })))
}
