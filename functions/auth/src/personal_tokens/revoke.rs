//! `DELETE /v1/me/tokens/{token}`: ends a personal access token of mine.

use axum::{Json, extract::State};
use domain::{EventKind, Permission, auth::PersonalToken, kind};
use store::{Change, Found, StoreError};
use web::{Access, Caller, Endpoint, PathId, Problem};

use super::{View, epochs, guard_of};
use crate::{
    AuthState,
    followers::{ATTEMPTS_MAX, decide_again},
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::delete(
    "/v1/me/tokens/{token}",
    Access::Requires(Permission::OwnAccount),
    &[EventKind::TokenRevoked],
)
.while_closing()
.summary("End a personal access token of mine")
.response::<View>();

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(id): PathId<kind::PersonalToken>,
) -> Result<Json<View>, Problem> {
    let epochs = epochs(&state, &guard_of(&caller).await?);
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let Found { document: token, etag } =
            caller.data.get::<PersonalToken>(&id.to_string()).await?;
        if token.user != caller.user {
            return Err(Problem::not_found());
        }
        let Some((revoked, event)) = token.clone().revoke(caller.now) else {
            return Ok(Json(View::of(token, epochs, caller.now)));
        };
        match caller.commit(Change::new(event).replace(&revoked, etag)).await {
            Ok(_) => return Ok(Json(View::of(revoked, epochs, caller.now))),
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.into())
}
