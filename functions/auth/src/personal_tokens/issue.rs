//! `POST /v1/me/tokens`: issues a personal access token for a program.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    EventKind, Permission,
    auth::{PersonalToken, PersonalTokenText, TokenWish},
};
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use store::Change;
use web::{Access, Caller, Endpoint, Input, Problem};

use super::{View, epochs, guard_of};
use crate::{AuthState, letters::Topic};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/me/tokens",
    Access::Requires(Permission::TokenIssue),
    &[EventKind::TokenIssued],
)
.summary("Issue a personal access token for a program; it is shown this once")
.request::<Request>()
.response::<Issued>()
.problems(&[
    "token-name-invalid",
    "token-scope-invalid",
    "token-scope-beyond",
    "token-lifetime-invalid",
]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// 1 to 100 characters.
    name: String,
    /// What it may do: names of permissions that its user has and that ask for no second factor.
    #[schemars(with = "Vec<String>")]
    scopes: Vec<Permission>,
    /// 1 to 365.
    days: u32,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Issued {
    /// `pfl_pat_…`, to be sent as bearer token. It is shown this once.
    secret: String,
    #[serde(flatten)]
    token: View,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    Input(request): Input<Request>,
) -> Result<(StatusCode, Json<Issued>), Problem> {
    let guard = guard_of(&caller).await?;
    let (id, tenant) = (state.id(caller.now), caller.data.tenant());
    let text = PersonalTokenText::new(tenant, id, state.random());
    let lifetime = Duration::from_hours(u64::from(request.days).saturating_mul(24));
    let wish = TokenWish { name: request.name, scopes: request.scopes, lifetime };
    let epochs = epochs(&state, &guard);
    let grants = |permission| guard.grants(permission);
    let (token, event) =
        PersonalToken::issue(&text, (caller.user, epochs), wish, grants, caller.now)?;
    caller.commit(Change::new(event).create(&token)).await?;
    let (what, when) = ("A personal access token was issued for your account", caller.now);
    state.tell(&caller.data, caller.user, &Topic::CredentialChanged { what, when }).await;
    let secret = text.expose().expose_secret().to_owned();
    let token = View::of(token, epochs, caller.now);
    Ok((StatusCode::CREATED, Json(Issued { secret, token })))
}
