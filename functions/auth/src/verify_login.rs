//! `POST /v1/logins/{login}/totp`: the second factor.

use axum::{extract::State, http::HeaderMap, response::Response};
use domain::{EventKind, auth::Verifying};
use schemars::JsonSchema;
use serde::Deserialize;
use web::{Access, Endpoint, Input, Problem, Visitor};

use crate::{
    AuthState,
    arriving::{Arriving, LoginTicket},
    delivery::{Delivery, Tokens},
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/logins/{login}/totp",
    Access::Public("the login, which names itself by a secret, and the code"),
    &[
        EventKind::LoginSucceeded,
        EventKind::MfaChallengeFailed,
        EventKind::AccountLocked,
        EventKind::SessionCreated,
    ],
)
.summary("Complete a login with a code of the second factor")
.request::<Request>()
.response::<Tokens>()
.problems(&[
    "cookie-ambiguous",
    "login-over",
    "mfa-enrolment-required",
    "code-invalid",
    "locked",
    "login-failed",
    "password-change-required",
]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Six digits.
    code: String,
    /// How the device wants its tokens.
    #[serde(default)]
    tokens: Delivery,
    /// What the device was given at its last login; a browser sends it as a cookie.
    device: Option<String>,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    visitor: Visitor,
    ticket: LoginTicket,
    headers: HeaderMap,
    Input(Request { code, tokens, device }): Input<Request>,
) -> Result<Response, Problem> {
    let login = Arriving::new(&state, ticket, visitor, (&headers, device.as_deref()))?;
    let check = |waiting: Verifying, credential, secret: &_| {
        waiting.check(credential, secret, &code, login.now)
    };
    let (verified, _) = login.verify(&state, check).await?;
    login.sign_in(&state, verified, (tokens, None)).await
}
