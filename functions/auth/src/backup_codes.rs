//! `POST /v1/me/backup-codes`: ten new backup codes; the old ones are void.

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    AuditEvent, EventKind, Permission, Target, Timestamp,
    auth::{BackupCode, BackupCodes, EnrolmentError, Needs},
};
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use store::{Change, Found, StoreError};
use web::{Access, Caller, Endpoint, Problem};

use crate::{
    AuthState,
    followers::{ATTEMPTS_MAX, decide_again},
    letters::Topic,
    records::CredentialRecord,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/me/backup-codes",
    Access::Requires(Permission::OwnCredentials),
    &[EventKind::BackupCodesGenerated],
)
.summary("Make ten new backup codes; the old ones are void")
.response::<Response>()
.problems(&["busy", "conflict"]);

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// Ten codes, each for one login without the authenticator app. They are shown this once.
    backup_codes: Vec<String>,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
) -> Result<(StatusCode, Json<Response>), Problem> {
    let (shown, backup) = make(&state, caller.now).await?;
    replace(&caller, backup).await?;
    let (what, when) = ("New backup codes were made for your account", caller.now);
    state.tell(&caller.data, caller.user, &Topic::CredentialChanged { what, when }).await;
    Ok((StatusCode::CREATED, Json(Response { backup_codes: shown })))
}

async fn replace(caller: &Caller, backup: BackupCodes) -> Result<(), Problem> {
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let Found { document: CredentialRecord(credential), etag } =
            caller.data.get::<CredentialRecord>(&CredentialRecord::id_of(caller.user)).await?;
        if credential.needs() == Needs::Enrol {
            return Err(EnrolmentError::NotOffered.into());
        }
        let event =
            AuditEvent::new(EventKind::BackupCodesGenerated, Target::new("user", caller.user));
        let next = CredentialRecord(credential.with_backup(backup.clone()));
        match caller.commit(Change::new(event).replace(&next, etag)).await {
            Ok(_) => return Ok(()),
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.into())
}

/// Ten codes as they are shown, and as they are kept.
pub(crate) async fn make(
    state: &AuthState,
    now: Timestamp,
) -> Result<(Vec<String>, BackupCodes), Problem> {
    let codes: Vec<_> =
        (0..BackupCodes::COUNT).map(|place| BackupCode::new(place, state.random())).collect();
    let shown = codes.iter().map(|code| code.expose().expose_secret().to_owned()).collect();
    let salted = codes.into_iter().map(|code| (code, state.random())).collect();
    Ok((shown, state.hasher.make_backup(salted, now).await?))
}
