//! `POST /v1/me/totp`: the secret of a second factor to enrol.

use axum::{Json, extract::State, http::StatusCode};
use domain::auth::TotpSecret;
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use store::{Found, Housekeeping, HousekeepingKind};
use web::{Access, Endpoint, Enrollee, Problem, Scope};

use crate::{
    AuthState, codes,
    records::{CredentialRecord, UserRecord},
};

/// What authenticator apps show as the account's issuer.
pub(crate) const ISSUER: &str = "Proofline";

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::post("/v1/me/totp", Access::Holds(Scope::MfaEnrol), &[])
        .summary("Ask for the secret of a second factor to enrol")
        .response::<Offer>()
        .problems(&["login-over", "mfa-required", "mfa-enrolled"]);

/// What an authenticator app is given.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Offer {
    /// Base 32, to be typed into an app.
    pub(crate) secret: String,
    /// To be scanned by an app.
    pub(crate) otpauth_uri: String,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    enrollee: Enrollee,
) -> Result<(StatusCode, Json<Offer>), Problem> {
    let (data, now) = (state.data(enrollee.tenant), enrollee.now);
    let login = codes::login(&data, codes::login_of(&enrollee)?).await?.document.0;
    let enrolling = login.enrol(enrollee.user, now)?;
    let Found { document: CredentialRecord(credential), etag } =
        data.get::<CredentialRecord>(&CredentialRecord::id_of(enrollee.user)).await?;
    let secret = TotpSecret::new(state.random());
    let sealed = state.seal_totp(enrollee.tenant, enrollee.user, &secret).await?;
    let offered = CredentialRecord(enrolling.offer(credential, sealed, now)?);
    data.keep(Housekeeping::new(HousekeepingKind::LoginProgress).replace(&offered, etag)).await?;
    let user = data.get::<UserRecord>(&enrollee.user.to_string()).await?.document;
    let email = state.open_email(enrollee.tenant, &user).await?;
    let otpauth_uri = secret.uri(ISSUER, &email).expose_secret().to_owned();
    let secret = secret.base32().expose_secret().to_owned();
    Ok((StatusCode::CREATED, Json(Offer { secret, otpauth_uri })))
}
