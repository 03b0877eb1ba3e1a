//! `POST /v1/me/totp/confirm`: the first code of a second factor; the first full login.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use domain::EventKind;
use schemars::JsonSchema;
use serde::Deserialize;
use web::{Access, Endpoint, Enrollee, Input, Problem, Scope};

use crate::{AuthState, codes, sign_in::sign_in, tokens::Tokens};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/me/totp/confirm",
    Access::Holds(Scope::MfaEnrol),
    &[
        EventKind::MfaEnrolled,
        EventKind::MfaChallengeFailed,
        EventKind::AccountLocked,
        EventKind::SessionCreated,
    ],
)
.summary("Enrol the second factor with its first code, and sign in")
.request::<Request>()
.response::<Tokens>()
.problems(&[
    "login-over",
    "mfa-required",
    "mfa-enrolled",
    "mfa-not-offered",
    "code-invalid",
    "locked",
]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Six digits.
    code: String,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    enrollee: Enrollee,
    headers: HeaderMap,
    Input(request): Input<Request>,
) -> Result<(StatusCode, Json<Tokens>), Problem> {
    let (data, now) = (state.data(enrollee.tenant), enrollee.now);
    let verified = codes::decide(
        (&state, &data, codes::login_of(&enrollee)?, now),
        |login| login.enrol(enrollee.user, now),
        |login, credential, secret| login.confirm(credential, secret, &request.code, now),
    )
    .await?;
    Ok((StatusCode::CREATED, Json(sign_in(&state, &data, verified, &headers, now).await?)))
}
