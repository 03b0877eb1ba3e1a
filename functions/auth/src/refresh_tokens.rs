//! `POST /v1/tokens/refresh`: the next access token and refresh token of a session.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use domain::{
    Actor, EventKind, TenantSettings, Timestamp,
    auth::{Bounds, LimitError, RefreshError, RefreshToken, Rotation, Session},
};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use store::{
    Change, Found, Guard, GuardState, Housekeeping, HousekeepingKind, Partition, StoreError,
    TenantRecord,
};
use web::{Access, Endpoint, Input, Problem, Visitor};

use crate::{
    AuthState,
    delivery::{Delivery, Tokens, refresh_token},
    devices::Device,
    followers::{ATTEMPTS_MAX, decide_again},
    letters::Topic,
    limits,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/tokens/refresh",
    Access::Public("the refresh token, under a MAC and good for one use"),
    &[EventKind::RefreshReused],
)
.summary("Get the next tokens of a session; a browser sends its cookie and no token")
.success(200)
.request::<Request>()
.response::<Tokens>()
.problems(&["refresh-invalid", "rate-limited", "credentials-ambiguous", "cookie-ambiguous"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    #[schemars(with = "Option<String>")]
    refresh_token: Option<SecretString>,
}

/// Why no tokens are handed out.
enum Refused {
    Invalid,
    Reused(Session),
    TooOften(LimitError),
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    visitor: Visitor,
    headers: HeaderMap,
    Input(request): Input<Request>,
) -> Result<Response, Problem> {
    let (text, delivery) = refresh_token(request.refresh_token, &headers, state.cookies)?;
    let token = RefreshToken::open(text.expose_secret(), &state.keys.refresh)?;
    let data = state.data(token.tenant);
    // The token of a program comes from no browser, whatever cookies come along.
    let device = match delivery {
        Delivery::Body => None,
        Delivery::Cookies => Some(Device::of(&state, &headers, visitor, None)?),
    };
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        match rotate(&state, &data, &token, device.as_ref()).await {
            Ok(Ok(session)) => {
                let given = state.given(token.tenant, &session, visitor.now).await?;
                return given.answer(StatusCode::OK, delivery, state.cookies);
            }
            Ok(Err(refused)) => return Err(answer(&state, &data, refused, visitor.now).await),
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.into())
}

/// Decides on what is stored now, by the clock as it is now: the grace of the token before begins here, however long the request waited. After a lost answer the decision is taken again: the successor that was stored then counts.
async fn rotate(
    state: &AuthState,
    data: &Partition,
    token: &RefreshToken,
    device: Option<&Device>,
) -> Result<Result<Session, Refused>, StoreError> {
    let Some(Found { document: session, etag }) =
        data.find::<Session>(&token.session.to_string()).await?
    else {
        return Ok(Err(Refused::Invalid));
    };
    let Some((epoch, settings)) = bounds_of(data, &session).await? else {
        return Ok(Err(Refused::Invalid));
    };
    let (bounds, now) = (Bounds { epoch, settings: &settings }, state.clock.now());
    let device = device.and_then(|device| device.known_to(state, session.user, now));
    match session.clone().rotate(token.generation, device, bounds, now) {
        Rotation::Rotate(next) => {
            let rotation =
                Housekeeping::new(HousekeepingKind::SessionRotation).replace(&next, etag);
            data.keep(rotation).await?;
            Ok(Ok(next))
        }
        Rotation::SameAgain => Ok(Ok(session)),
        Rotation::Reused(dead, event) => {
            let promise = data.commit(&Actor::anonymous(), now, Change::new(event)).await?;
            let follower = Housekeeping::new(HousekeepingKind::Follower).because(promise.event);
            data.keep(follower.replace(&dead, etag)).await?;
            Ok(Err(Refused::Reused(dead)))
        }
        Rotation::Expired => Ok(Err(Refused::Invalid)),
        Rotation::TooOften(error) => Ok(Err(Refused::TooOften(error))),
    }
}

/// Whoever shows a token that came back learns no more than anyone else; the user does.
async fn answer(state: &AuthState, data: &Partition, refused: Refused, now: Timestamp) -> Problem {
    match refused {
        Refused::Invalid => RefreshError.into(),
        Refused::TooOften(error) => limits::refused(error),
        Refused::Reused(session) => {
            let what = "A device was signed out, because a copy of its token was used";
            state.tell(data, session.user, &Topic::CredentialChanged { what, when: now }).await;
            RefreshError.into()
        }
    }
}

/// The epoch of the session's user and the settings of their tenant, if they may act.
async fn bounds_of(
    data: &Partition,
    session: &Session,
) -> Result<Option<(u32, TenantSettings)>, StoreError> {
    let guard = data.find::<Guard>(&session.user.to_string()).await?;
    let tenant = data.find::<TenantRecord>(TenantRecord::ID).await?;
    let active = guard.filter(|guard| guard.document.state == GuardState::Active);
    let admits = tenant.filter(|tenant| tenant.document.state.admits());
    Ok(active.zip(admits).map(|(guard, tenant)| (guard.document.epoch, tenant.document.settings)))
}
