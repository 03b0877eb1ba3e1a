//! `POST /v1/logins`: the password.

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    EventKind,
    auth::{Email, LoginError, Password},
};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use web::{Access, Endpoint, Input, Problem, Visitor};

use crate::{AuthState, accounts, logins::Begun, passwords};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/logins",
    Access::Public(
        "the password, with lockout; the same work and the same answer for an unknown user",
    ),
    &[EventKind::LoginFailed, EventKind::AccountLocked],
)
.summary("Begin a login with e-mail address and password")
.request::<Request>()
.response::<Begun>()
.problems(&["login-failed", "busy"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    email: String,
    #[schemars(with = "String")]
    password: SecretString,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    visitor: Visitor,
    Input(request): Input<Request>,
) -> Result<(StatusCode, Json<Begun>), Problem> {
    let password =
        Password::typed(request.password.expose_secret()).map_err(|_| LoginError::Failed)?;
    let account = match Email::parse(&request.email) {
        Ok(email) => accounts::find(&state, &email).await?,
        Err(_) => None,
    };
    let compared = account.as_ref().map(|account| account.password.clone());
    let right = state.hasher.verify(password, compared).await?;
    let account = account.ok_or(LoginError::Failed)?;
    let login = passwords::decide(&state, &account, right, visitor.now).await?;
    Ok((StatusCode::CREATED, Json(login.answer(&state, &account.data, visitor.now).await?)))
}
