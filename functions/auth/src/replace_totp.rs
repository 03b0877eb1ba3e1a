//! `POST /v1/me/totp/next`, `POST /v1/me/totp/next/confirm`: another authenticator app in the place of the one that counts (threat T15).
//!
//! It takes the old factor, shown within the last five minutes: by its code or, when it is lost, by a backup code at the login.

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    EventKind, Permission,
    auth::{Credential, TotpSecret},
};
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use store::{Found, Housekeeping, HousekeepingKind};
use web::{Access, Caller, Endpoint, Input, Problem};

use crate::{
    AuthState,
    codes::{self, Factor},
    ended_sessions::{Why, end_all},
    letters::Topic,
    offer_totp::{ISSUER, Offer},
    records::{CredentialRecord, UserRecord},
};

pub(crate) const OFFER: Endpoint =
    Endpoint::post("/v1/me/totp/next", Access::Requires(Permission::OwnCredentials), &[])
        .summary("Ask for the secret of a second factor that is to take the place of mine")
        .response::<Offer>()
        .problems(&["mfa-not-offered", "conflict"]);

pub(crate) const CONFIRM: Endpoint = Endpoint::post(
    "/v1/me/totp/next/confirm",
    Access::Requires(Permission::OwnCredentials),
    &[
        EventKind::MfaEnrolled,
        EventKind::MfaChallengeFailed,
        EventKind::AccountLocked,
        EventKind::SessionsRevokedAll,
    ],
)
.summary("Replace my second factor with the first code of the new one; every device is signed out")
.success(200)
.request::<Request>()
.response::<Response>()
.problems(&["mfa-not-offered", "code-invalid", "locked"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Six digits of the new app.
    code: String,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// `replaced`. Sign in again.
    second_factor: &'static str,
}

pub(crate) async fn offer(
    State(state): State<AuthState>,
    caller: Caller,
) -> Result<(StatusCode, Json<Offer>), Problem> {
    let (data, tenant) = (&caller.data, caller.data.tenant());
    let Found { document: CredentialRecord(credential), etag } =
        data.get::<CredentialRecord>(&CredentialRecord::id_of(caller.user)).await?;
    let secret = TotpSecret::new(state.random());
    let sealed = state.seal_totp(tenant, caller.user, &secret).await?;
    let offered = CredentialRecord(credential.offer_next_factor(sealed, caller.now)?);
    data.keep(Housekeeping::new(HousekeepingKind::LoginProgress).replace(&offered, etag)).await?;
    let user = data.get::<UserRecord>(&caller.user.to_string()).await?.document;
    let email = state.open_email(tenant, &user).await?;
    let otpauth_uri = secret.uri(ISSUER, &email).expose_secret().to_owned();
    let secret = secret.base32().expose_secret().to_owned();
    Ok((StatusCode::CREATED, Json(Offer { secret, otpauth_uri })))
}

pub(crate) async fn confirm(
    State(state): State<AuthState>,
    caller: Caller,
    Input(request): Input<Request>,
) -> Result<Json<Response>, Problem> {
    let check = |credential: Credential, secret: &_| {
        credential.replace_factor(secret, &request.code, caller.now)
    };
    codes::decide_signed_in(&state, &caller, Factor::Next, check).await?;
    end_all(&caller.data, &caller.actor(), caller.user, Why::FactorReplaced, caller.now).await?;
    let (what, when) = ("The second factor of your account was replaced", caller.now);
    let topic = Topic::CredentialChanged { what, when };
    state.tell(&caller.data, caller.user, &topic).await;
    Ok(Json(Response { second_factor: "replaced" }))
}
