//! `POST /v1/me/totp/acknowledge`: the backup codes are kept; the second factor counts, and the first full login is complete.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use domain::{
    Actor, EventKind,
    auth::{Acknowledged, MfaVerified},
};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{Change, Found, Partition, StoreError};
use web::{Access, Endpoint, Enrollee, Input, Problem, Scope, Visitor};

use crate::{
    AuthState, codes,
    delivery::{Delivery, Tokens},
    devices::Device,
    followers::{ATTEMPTS_MAX, decide_again},
    letters::Topic,
    records::{CredentialRecord, LoginRecord},
    sign_in::sign_in,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/me/totp/acknowledge",
    Access::Holds(Scope::MfaEnrol),
    &[EventKind::MfaEnrolled, EventKind::SessionCreated],
)
.summary("Say that the backup codes are kept, and sign in")
.request::<Request>()
.response::<Tokens>()
.problems(&["cookie-ambiguous", "login-over", "mfa-required", "mfa-not-offered", "login-failed"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// How the device wants its tokens.
    #[serde(default)]
    tokens: Delivery,
    /// What the device was given at its last login; a browser sends it as a cookie.
    device: Option<String>,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    visitor: Visitor,
    enrollee: Enrollee,
    headers: HeaderMap,
    Input(request): Input<Request>,
) -> Result<Response, Problem> {
    let (data, now) = (state.data(enrollee.tenant), enrollee.now);
    let device = Device::of(&state, &headers, visitor, request.device.as_deref())?;
    let verified = acknowledge(&data, &enrollee).await?;
    let what = "A second factor was set up for your account";
    state.tell(&data, enrollee.user, &Topic::CredentialChanged { what, when: now }).await;
    let given = sign_in(&state, &data, verified, (&device, request.tokens), now).await?;
    given.answer(StatusCode::CREATED, request.tokens, state.cookies)
}

async fn acknowledge(data: &Partition, enrollee: &Enrollee) -> Result<MfaVerified, Problem> {
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let Found { document: LoginRecord(login), etag: login_etag } =
            codes::login(data, codes::login_of(enrollee)?).await?;
        let enrolling = login.enrol(enrollee.user, enrollee.now)?;
        let Found { document: CredentialRecord(credential), etag } =
            data.get::<CredentialRecord>(&CredentialRecord::id_of(enrollee.user)).await?;
        let Acknowledged { verified, login, credential, event } =
            enrolling.acknowledge(credential)?;
        let change = Change::new(event)
            .replace(&LoginRecord(login), login_etag)
            .replace(&CredentialRecord(credential), etag);
        match data.commit(&Actor::user(enrollee.user), enrollee.now, change).await {
            Ok(_) => return Ok(verified),
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.into())
}
