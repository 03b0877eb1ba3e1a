//! `POST /v1/recoveries/redeem`: the link of an approved recovery and the password; the old factor goes, and a new one is enrolled.

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    Actor, EventKind,
    auth::{Needs, Password, RecoveryError, Ticket},
    kind,
};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use store::{Change, Found, StoreError};
use web::{Access, Endpoint, Input, Problem, Visitor};

use crate::{
    AuthState,
    accounts::Account,
    ended_sessions::{Why, end_all},
    followers::{ATTEMPTS_MAX, decide_again},
    letters::Topic,
    logins::{Beginning, Begun},
    passwords::{self, Shown},
    records::{CredentialRecord, RecoveryRecord},
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/recoveries/redeem",
    Access::Public("the link's token, good for one use, and the password, with lockout"),
    &[
        EventKind::MfaResetCompleted,
        EventKind::SessionsRevokedAll,
        EventKind::LoginFailed,
        EventKind::AccountLocked,
    ],
)
.summary("Set up a new second factor with the link of an approved recovery and the password")
.request::<Request>()
.response::<Begun>()
.problems(&["recovery-invalid", "login-failed", "busy", "rate-limited"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// `pfl_rcv_…`
    #[schemars(with = "String")]
    token: SecretString,
    #[schemars(with = "String")]
    password: SecretString,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    visitor: Visitor,
    Input(request): Input<Request>,
) -> Result<(StatusCode, Json<Begun>), Problem> {
    state.limit_login(visitor.address, visitor.now).await?;
    let ticket = request.token.expose_secret().parse::<Ticket<kind::Recovery>>();
    let ticket = ticket.map_err(|_| RecoveryError::Invalid)?;
    let (data, now) = (state.data(ticket.tenant), visitor.now);
    let found = data.find::<RecoveryRecord>(&ticket.id.to_string()).await?;
    let recovery = found.ok_or(RecoveryError::Invalid)?.document.0;
    recovery.admits(&ticket, now)?;
    let id = CredentialRecord::id_of(recovery.user);
    let password = data.get::<CredentialRecord>(&id).await?.document.0.password;
    let account = Account { data, user: recovery.user, password };
    show_password(&state, &account, request.password, visitor).await?;
    let actor = Actor::user(account.user);
    let guard = end_all(&account.data, &actor, account.user, Why::MfaReset, now).await?;
    let login = redeem(&state, &account, &ticket, guard.epoch, visitor).await?;
    let what = "The second factor of your account was removed, to set up a new one";
    state.tell(&account.data, account.user, &Topic::CredentialChanged { what, when: now }).await;
    Ok((StatusCode::CREATED, Json(login.answer(&state, &account.data, now).await?)))
}

/// A wrong password counts like one at a login, and is answered like a wrong link.
async fn show_password(
    state: &AuthState,
    account: &Account,
    password: SecretString,
    visitor: Visitor,
) -> Result<(), Problem> {
    let password = Password::typed(password.expose_secret()).map_err(|_| RecoveryError::Invalid)?;
    let compared = Some(account.password.clone());
    let right = state.hasher.verify(password.clone(), compared).await?;
    let shown = Shown { password, right, device: None, from: None };
    for _ in 0..ATTEMPTS_MAX {
        let found = account.data.get(&CredentialRecord::id_of(account.user)).await?;
        match passwords::decide_once(state, account, found, &shown, visitor.now).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(_)) => return Err(RecoveryError::Invalid.into()),
            Err(error) if decide_again(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(RecoveryError::Invalid.into())
}

/// The recovery is used in the batch that takes the factor away and begins the login: of two at once, one does.
async fn redeem(
    state: &AuthState,
    account: &Account,
    ticket: &Ticket<kind::Recovery>,
    epoch: u32,
    visitor: Visitor,
) -> Result<Beginning, Problem> {
    let (data, now) = (&account.data, visitor.now);
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let Found { document: RecoveryRecord(recovery), etag } =
            data.get::<RecoveryRecord>(&ticket.id.to_string()).await?;
        let found = data.get::<CredentialRecord>(&CredentialRecord::id_of(account.user)).await?;
        let (done, event) = recovery.redeem(ticket, found.document.0.needs(), now)?;
        let login = Beginning::new(state, data, (account.user, epoch), Needs::Enrol, now);
        let change = Change::new(event)
            .replace(&RecoveryRecord(done), etag)
            .replace(&CredentialRecord(found.document.0.without_factor()), found.etag)
            .create(&login.record());
        match data.commit(&Actor::user(account.user), now, change).await {
            Ok(_) => return Ok(login),
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.into())
}
