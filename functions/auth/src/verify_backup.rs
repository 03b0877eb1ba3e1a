//! `POST /v1/logins/{login}/backup-code`: a backup code in place of the second factor.

use axum::{extract::State, http::HeaderMap, response::Response};
use domain::{
    EventKind,
    auth::{BackupCode, BackupCodes, CodeHash, Verifying},
};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use web::{Access, Endpoint, Input, Problem, Visitor};

use crate::{
    AuthState,
    arriving::{Arriving, LoginTicket},
    codes,
    delivery::{Delivery, Tokens},
    letters::Topic,
    records::CredentialRecord,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/logins/{login}/backup-code",
    Access::Public("the login, which names itself by a secret, and the code, good for one use"),
    &[
        EventKind::BackupCodeUsed,
        EventKind::MfaChallengeFailed,
        EventKind::AccountLocked,
        EventKind::SessionCreated,
    ],
)
.summary("Complete a login with a backup code")
.request::<Request>()
.response::<Tokens>()
.problems(&[
    "cookie-ambiguous",
    "login-over",
    "mfa-enrolment-required",
    "code-invalid",
    "locked",
    "login-failed",
    "busy",
    "password-change-required",
]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// `NN-XXXX-XXXX-XXXX-XXXX`
    #[schemars(with = "String")]
    code: SecretString,
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
    let (code, right) = compare(&state, &login, &code).await?;
    let check = |waiting: Verifying, credential, _: &_| {
        waiting.check_backup(credential, &code, right.as_ref(), login.now)
    };
    let (verified, credential) = login.verify(&state, check).await?;
    let (what, when) = ("A backup code was used to sign in", login.now);
    let topic = Topic::CredentialChanged { what, when };
    state.tell(&login.data, credential.user, &topic).await;
    let left = credential.backup.as_ref().map_or(0, BackupCodes::remaining);
    login.sign_in(&state, verified, (tokens, Some(left))).await
}

/// The code that was typed, and the hash that it is the code of. One hash is compared, the one at the code's place, before the decision is
/// taken on what is stored then (threat T16). A text that is no code at all is compared like one that is wrong, and counts like it.
async fn compare(
    state: &AuthState,
    login: &Arriving,
    text: &SecretString,
) -> Result<(BackupCode, Option<CodeHash>), Problem> {
    let begun = codes::login(&login.data, login.ticket.id).await?.document.0;
    let waiting = begun.verify(&login.ticket, login.now)?;
    let id = CredentialRecord::id_of(waiting.user());
    let backup = login.data.get::<CredentialRecord>(&id).await?.document.0.backup;
    let typed = BackupCode::typed(text.expose_secret());
    let code = typed.clone().unwrap_or_else(|| BackupCode::new(0, state.random()));
    let compared = backup.filter(|_| typed.is_some());
    let right = state.hasher.verify_backup(code.clone(), compared).await?;
    Ok((code, right))
}
