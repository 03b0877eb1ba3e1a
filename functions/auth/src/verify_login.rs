//! `POST /v1/logins/{login}/totp`: the second factor.

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::{HeaderMap, StatusCode, request::Parts},
};
use domain::{
    EventKind,
    auth::{LoginError, Ticket},
    kind,
};
use schemars::JsonSchema;
use serde::Deserialize;
use web::{Access, Endpoint, Input, Problem, Visitor};

use crate::{AuthState, codes, sign_in::sign_in, tokens::Tokens};

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
.problems(&["login-over", "mfa-enrolment-required", "code-invalid", "locked", "login-failed"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Six digits.
    code: String,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    visitor: Visitor,
    LoginTicket(ticket): LoginTicket,
    headers: HeaderMap,
    Input(request): Input<Request>,
) -> Result<(StatusCode, Json<Tokens>), Problem> {
    let (data, now) = (state.data(ticket.tenant), visitor.now);
    let verified = codes::decide(
        (&state, &data, ticket.id, now),
        |login| login.verify(&ticket, now),
        |login, credential, secret| Ok(login.check(credential, secret, &request.code, now)),
    )
    .await?;
    Ok((StatusCode::CREATED, Json(sign_in(&state, &data, verified, &headers, now).await?)))
}

/// The login of the path. A text that names none is a login that is over.
pub(crate) struct LoginTicket(Ticket<kind::Login>);

impl<S: Send + Sync> FromRequestParts<S> for LoginTicket {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let over = || Problem::from(LoginError::Over);
        let Path(text) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| over())?;
        text.parse().map(Self).map_err(|_| over())
    }
}
