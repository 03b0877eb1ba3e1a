//! The end of every login: a session, and tokens for it.

use axum::http::{HeaderMap, header::USER_AGENT};
use domain::{
    Actor, Timestamp,
    auth::{MfaVerified, Session},
};
use store::{Change, Partition};
use web::Problem;

use crate::{AuthState, followers, guards, tokens::Tokens};

/// Signs a device in. `verified` is the proof of both factors; there is no other way here.
pub(crate) async fn sign_in(
    state: &AuthState,
    data: &Partition,
    verified: MfaVerified,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Tokens, Problem> {
    let guard = guards::activate(data, verified.user()).await?;
    let device = device_of(headers);
    let (session, event) = Session::open(verified, state.id(now), device, guard.epoch, now);
    data.commit(&Actor::user(session.user), now, Change::new(event)).await?;
    followers::create(data, &session).await?;
    state.tokens(data.tenant(), &session, now)
}

/// What the device calls itself.
fn device_of(headers: &HeaderMap) -> &str {
    headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("unnamed device")
}
