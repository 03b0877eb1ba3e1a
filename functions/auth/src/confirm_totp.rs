//! `POST /v1/me/totp/confirm`: the first code of a second factor, and the backup codes in return.

use axum::{Json, extract::State, http::StatusCode};
use domain::EventKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use web::{Access, Endpoint, Enrollee, Input, Problem, Scope};

use crate::{AuthState, backup_codes, codes};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/me/totp/confirm",
    Access::Holds(Scope::MfaEnrol),
    &[EventKind::BackupCodesGenerated, EventKind::MfaChallengeFailed, EventKind::AccountLocked],
)
.summary(
    "Show the first code of a second factor, and get the backup codes; acknowledge them to sign in",
)
.success(200)
.request::<Request>()
.response::<Response>()
.problems(&[
    "login-over",
    "mfa-required",
    "mfa-enrolled",
    "mfa-not-offered",
    "code-invalid",
    "locked",
    "busy",
]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Six digits.
    code: String,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// Ten codes, each for one login without the authenticator app. They are shown this once.
    backup_codes: Vec<String>,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    enrollee: Enrollee,
    Input(request): Input<Request>,
) -> Result<(StatusCode, Json<Response>), Problem> {
    let (data, now) = (state.data(enrollee.tenant), enrollee.now);
    let id = codes::login_of(&enrollee)?;
    // Ten hashes are work that only an open login is worth.
    codes::login(&data, id).await?.document.0.enrol(enrollee.user, now)?;
    let (shown, backup) = backup_codes::make(&state, now).await?;
    let confirm = |login: domain::auth::Enrolling, credential, secret: &_| {
        login.confirm(credential, secret, &request.code, backup.clone(), now)
    };
    let enrol = |login: domain::auth::Login| login.enrol(enrollee.user, now);
    codes::decide((&state, &data, id, now), enrol, confirm).await?;
    Ok((StatusCode::OK, Json(Response { backup_codes: shown })))
}
