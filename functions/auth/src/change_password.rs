//! `POST /v1/me/password`: another password, for somebody who is signed in. Every device is signed out, this one included.

use axum::{Json, extract::State};
use domain::{
    AuditEvent, EventKind, Permission, Target,
    auth::{
        Breach, LoginError, NewPassword, Password, PasswordAnswer, PasswordError, PasswordRecord,
    },
};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::{Change, Found, Housekeeping, HousekeepingKind, StoreError};
use web::{Access, Caller, Endpoint, Input, Problem};

use crate::{
    AuthState,
    ended_sessions::{Why, end_all},
    followers::{ATTEMPTS_MAX, decide_again},
    letters::Topic,
    passwords::failures_in,
    records::{CredentialRecord, UserRecord},
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/me/password",
    Access::Requires(Permission::OwnCredentials),
    &[
        EventKind::PasswordChanged,
        EventKind::PasswordRejectedBreached,
        EventKind::SessionsRevokedAll,
        EventKind::StepUpFailed,
        EventKind::AccountLocked,
    ],
)
.summary("Choose another password; every device is signed out, this one included")
.success(200)
.request::<Request>()
.response::<Response>()
.problems(&[
    "login-failed",
    "password-too-short",
    "password-too-long",
    "password-guessable",
    "password-breached",
    "busy",
    "conflict",
]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    #[schemars(with = "String")]
    current_password: SecretString,
    /// 12 to 128 characters.
    #[schemars(with = "String")]
    new_password: SecretString,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// `changed`. Sign in again.
    password: &'static str,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    Input(request): Input<Request>,
) -> Result<Json<Response>, Problem> {
    let compared = show_current(&state, &caller, request.current_password).await?;
    let (password, breach) = choose(&state, &caller, request.new_password).await?;
    let record = state.hasher.make(password, state.random()).await?;
    end_all(&caller.data, &caller.actor(), caller.user, Why::PasswordChange, caller.now).await?;
    write(&caller, &compared, &record, breach).await?;
    end_all(&caller.data, &caller.actor(), caller.user, Why::PasswordChange, caller.now).await?;
    let (what, when) = ("The password of your account was changed", caller.now);
    state.tell(&caller.data, caller.user, &Topic::CredentialChanged { what, when }).await;
    Ok(Json(Response { password: "changed" }))
}

/// The record that the current password is the one of. A wrong one counts like one at a login.
async fn show_current(
    state: &AuthState,
    caller: &Caller,
    current: SecretString,
) -> Result<PasswordRecord, Problem> {
    let id = CredentialRecord::id_of(caller.user);
    let compared = caller.data.get::<CredentialRecord>(&id).await?.document.0.password;
    let password = Password::typed(current.expose_secret()).map_err(|_| LoginError::Failed)?;
    let right = state.hasher.verify(password, Some(compared.clone())).await?;
    for _ in 0..ATTEMPTS_MAX {
        match decide(state, caller, &compared, right).await {
            Ok(true) => return Ok(compared),
            Ok(false) => return Err(LoginError::Failed.into()),
            Err(error) if decide_again(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // So many guesses at once that this one was never decided: it is answered like a wrong one, even if it was right.
    Err(LoginError::Failed.into())
}

/// Decides on what is stored now and writes it, right or wrong: of many guesses at once only as many count as the lockout allows.
async fn decide(
    state: &AuthState,
    caller: &Caller,
    compared: &PasswordRecord,
    right: bool,
) -> Result<bool, StoreError> {
    let Found { document: CredentialRecord(credential), etag } =
        caller.data.get::<CredentialRecord>(&CredentialRecord::id_of(caller.user)).await?;
    let right = right && credential.password == *compared;
    match credential.password_shown_again(right, caller.now) {
        PasswordAnswer::Accepted { credential, needs: _ } => {
            let progress = Housekeeping::new(HousekeepingKind::LoginProgress);
            caller.data.keep(progress.replace(&CredentialRecord(credential), etag)).await?;
            Ok(true)
        }
        PasswordAnswer::Refused { credential, event, notify } => {
            let failures = failures_in(&event);
            let change = Change::new(event).replace(&CredentialRecord(credential), etag);
            caller.commit(change).await?;
            if notify {
                let topic = Topic::PasswordGuessed { failures, when: caller.now };
                state.tell(&caller.data, caller.user, &topic).await;
            }
            Ok(false)
        }
    }
}

/// A password that may be chosen. That one which leaked was refused is recorded.
async fn choose(
    state: &AuthState,
    caller: &Caller,
    new: SecretString,
) -> Result<(NewPassword, Breach), Problem> {
    let user = caller.data.get::<UserRecord>(&caller.user.to_string()).await?.document;
    let email = state.open_email(caller.data.tenant(), &user).await?;
    let context = [email.as_str(), &user.display_name, &caller.tenant.name];
    let typed = Password::typed(new.expose_secret())?;
    let chosen = match NewPassword::choose(typed.clone(), &context) {
        Ok(password) => state.choose(&typed, caller.now).await.map(|breach| (password, breach)),
        Err(error) => Err(error),
    };
    if chosen.as_ref().err() == Some(&PasswordError::Breached) {
        let target = Target::new("user", caller.user);
        let event = AuditEvent::denied(EventKind::PasswordRejectedBreached, target, "breached");
        caller.commit(Change::new(event)).await?;
    }
    chosen.map_err(Problem::from)
}

/// Only over the password that was shown: of two changes at once, one is refused.
async fn write(
    caller: &Caller,
    compared: &PasswordRecord,
    record: &PasswordRecord,
    breach: Breach,
) -> Result<(), Problem> {
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let Found { document: CredentialRecord(credential), etag } =
            caller.data.get::<CredentialRecord>(&CredentialRecord::id_of(caller.user)).await?;
        if credential.password != *compared {
            return Err(StoreError::Conflict.into());
        }
        let event = AuditEvent::new(EventKind::PasswordChanged, Target::new("user", caller.user));
        let next = CredentialRecord(credential.with_password(record.clone(), breach));
        match caller.commit(Change::new(event).replace(&next, etag)).await {
            Ok(_) => return Ok(()),
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.into())
}
