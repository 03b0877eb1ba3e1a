//! `POST /v1/logins`: the password.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use domain::{
    EventKind,
    auth::{Email, LoginError, Password},
};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use web::{Access, Endpoint, Input, Problem, Visitor};

use crate::{
    AuthState, accounts, decoys::Decoys, devices::Device, logins::Begun, passwords, unfinished,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/logins",
    Access::Public(
        "the password, with lockout; the same work and the same answer for an unknown user",
    ),
    &[EventKind::LoginFailed, EventKind::AccountLocked, EventKind::MfaResetRequested],
)
.summary("Begin a login with e-mail address and password")
.request::<Request>()
.response::<Begun>()
.problems(&[
    "cookie-ambiguous",
    "login-failed",
    "mfa-enrolment-unfinished",
    "busy",
    "rate-limited",
]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    email: String,
    #[schemars(with = "String")]
    password: SecretString,
    /// What the device was given at its last login; a browser sends it as a cookie.
    device: Option<String>,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    visitor: Visitor,
    headers: HeaderMap,
    Input(request): Input<Request>,
) -> Result<(StatusCode, Json<Begun>), Problem> {
    state.limit_login(visitor.address, visitor.now).await?;
    let device = Device::of(&state, &headers, visitor, request.device.as_deref())?;
    let password =
        Password::typed(request.password.expose_secret()).map_err(|_| LoginError::Failed)?;
    let email = Email::parse(&request.email).ok();
    let account = match &email {
        Some(email) => accounts::find(&state, email).await?,
        None => None,
    };
    let decoy = Decoys::one(&state, email.as_ref());
    if account.is_none() {
        decoy.read().await?;
    }
    let compared = account.as_ref().map(|account| account.password.clone());
    let right = state.hasher.verify(password.clone(), compared).await?;
    let Some(account) = account else {
        decoy.count(visitor.now).await?;
        return Err(LoginError::Failed.into());
    };
    let known = device.known_to(&state, account.user, visitor.now);
    let shown = passwords::Shown { password, right, device: known, from: Some(device) };
    let login = passwords::decide(&state, &account, &shown, visitor.now).await?;
    if login.is_enrolment() {
        return Err(unfinished::refuse(&state, &account, &request.email, visitor).await);
    }
    Ok((StatusCode::CREATED, Json(login.answer(&state, &account.data, visitor.now).await?)))
}
