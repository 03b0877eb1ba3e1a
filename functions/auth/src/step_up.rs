//! `POST /v1/step-up`: the second factor again, for what needs it fresh (RFC 9470).

use axum::{Json, extract::State};
use domain::{
    EventKind, Permission,
    auth::{Credential, Session},
};
use schemars::JsonSchema;
use serde::Deserialize;
use web::{Access, Caller, Endpoint, Input, Problem};

use crate::{
    AuthState,
    codes::{self, Factor},
    followers,
    tokens::Bearer,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/step-up",
    Access::Requires(Permission::OwnAccount),
    &[EventKind::StepUpSucceeded, EventKind::StepUpFailed, EventKind::AccountLocked],
)
.while_closing()
.summary("Show the second factor again, and get an access token that says so")
.success(200)
.request::<Request>()
.response::<Bearer>()
.problems(&["code-invalid", "locked"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Six digits.
    code: String,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    Input(request): Input<Request>,
) -> Result<Json<Bearer>, Problem> {
    let check =
        |credential: Credential, secret: &_| credential.step_up(secret, &request.code, caller.now);
    let shown = codes::decide_signed_in(&state, &caller, Factor::Current, check).await?;
    let step_up =
        |session: &Session| session.clone().step_up(&shown).filter(|next| next != session);
    let session = followers::update(&caller.data, &caller.session.to_string(), step_up).await?;
    Ok(Json(state.access_token(caller.data.tenant(), &session, caller.now).await?))
}
