//! `POST /v1/tokens/refresh`: the next access token and refresh token of a session.

use axum::{Json, extract::State};
use domain::{
    Actor, EventKind, Timestamp,
    auth::{RefreshError, RefreshToken, Rotation, Session},
};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use store::{
    Change, Found, Guard, GuardState, Housekeeping, HousekeepingKind, Partition, StoreError,
};
use web::{Access, Endpoint, Input, Problem, Visitor};

use crate::{
    AuthState,
    followers::{ATTEMPTS_MAX, decide_again},
    tokens::Tokens,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/tokens/refresh",
    Access::Public("the refresh token, under a MAC and good for one use"),
    &[EventKind::RefreshReused],
)
.summary("Get the next tokens of a session")
.success(200)
.request::<Request>()
.response::<Tokens>()
.problems(&["refresh-invalid"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    #[schemars(with = "String")]
    refresh_token: SecretString,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    visitor: Visitor,
    Input(request): Input<Request>,
) -> Result<Json<Tokens>, Problem> {
    let token = RefreshToken::open(request.refresh_token.expose_secret(), &state.keys.refresh)?;
    let data = state.data(token.tenant);
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        match rotate(&data, &token, visitor.now).await {
            Ok(session) => {
                return Ok(Json(state.tokens(token.tenant, &session?, visitor.now)?));
            }
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.into())
}

/// Decides on what is stored now. After a lost answer the decision is taken again: the successor that was stored then counts.
async fn rotate(
    data: &Partition,
    token: &RefreshToken,
    now: Timestamp,
) -> Result<Result<Session, RefreshError>, StoreError> {
    let Some(Found { document: session, etag }) =
        data.find::<Session>(&token.session.to_string()).await?
    else {
        return Ok(Err(RefreshError));
    };
    let Some(epoch) = epoch_of(data, &session).await? else { return Ok(Err(RefreshError)) };
    match session.clone().rotate(token.generation, epoch, now) {
        Rotation::Rotate(next) => {
            let rotation =
                Housekeeping::new(HousekeepingKind::SessionRotation).replace(&next, etag);
            data.keep(rotation).await?;
            Ok(Ok(next))
        }
        Rotation::SameAgain => Ok(Ok(session)),
        Rotation::Reused(dead, event) => {
            data.commit(&Actor::anonymous(), now, Change::new(event)).await?;
            data.keep(Housekeeping::new(HousekeepingKind::Follower).replace(&dead, etag)).await?;
            Ok(Err(RefreshError))
        }
        Rotation::Expired => Ok(Err(RefreshError)),
    }
}

/// The epoch of the session's user, if they may act.
async fn epoch_of(data: &Partition, session: &Session) -> Result<Option<u32>, StoreError> {
    let guard = data.find::<Guard>(&session.user.to_string()).await?;
    let active = guard.filter(|guard| guard.document.state == GuardState::Active);
    Ok(active.map(|guard| guard.document.epoch))
}
