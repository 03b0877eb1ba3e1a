//! Decisions on passwords: taken one after the other on what is stored, so that of many guesses at once only as many count as the lockout allows.

use domain::{
    Actor, AuditEvent, Timestamp,
    auth::{Credential, DeviceId, LoginError, Password, PasswordAnswer},
};
use store::{Change, Found, Housekeeping, HousekeepingKind, StoreError};
use web::Problem;

use crate::{
    AuthState,
    accounts::Account,
    devices::Device,
    followers::{ATTEMPTS_MAX, decide_again},
    guards,
    letters::Topic,
    logins::Beginning,
    records::CredentialRecord,
};

/// A password that somebody showed for an account.
pub(crate) struct Shown {
    pub(crate) password: Password,
    /// What comparing it with the account's record gave.
    pub(crate) right: bool,
    /// The user's device that it came from, if it is known.
    pub(crate) device: Option<DeviceId>,
    /// What is known of where it came from.
    pub(crate) from: Option<Device>,
}

/// Decides on a password. A right one begins a login.
pub(crate) async fn decide(
    state: &AuthState,
    account: &Account,
    shown: &Shown,
    now: Timestamp,
) -> Result<Beginning, Problem> {
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let found = account.data.get(&CredentialRecord::id_of(account.user)).await?;
        match decide_once(state, account, found, shown, now).await {
            Ok(Ok(credential)) => match begin(state, account, credential, shown, now).await {
                Ok(login) => return Ok(login),
                Err(error) if decide_again(&error) => last = error,
                Err(error) => return Err(error.into()),
            },
            Ok(Err(error)) => return Err(error.into()),
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    // So many guesses at once that this one was never decided: an unknown address answers the same.
    if last == StoreError::Conflict { Err(LoginError::Failed.into()) } else { Err(last.into()) }
}

/// Counts a wrong password; a right one changes nothing yet.
pub(crate) async fn decide_once(
    state: &AuthState,
    account: &Account,
    found: Found<CredentialRecord>,
    shown: &Shown,
    now: Timestamp,
) -> Result<Result<Found<Credential>, LoginError>, StoreError> {
    let Found { document: CredentialRecord(credential), etag } = found;
    let right = shown.right && credential.password == account.password;
    match credential.password_checked(right, shown.device, now) {
        PasswordAnswer::Accepted { credential, needs: _ } => {
            Ok(Ok(Found { document: credential, etag }))
        }
        PasswordAnswer::Refused { credential, event, notify } => {
            let failures = failures_in(&event);
            let event = match &shown.from {
                Some(device) => device.recorded_in(event, account.user),
                None => event,
            };
            let change = Change::new(event).replace(&CredentialRecord(credential), etag);
            account.data.commit(&Actor::anonymous(), now, change).await?;
            if notify {
                tell_of_lock(state, account, failures, now).await;
            }
            Ok(Err(LoginError::Failed))
        }
    }
}

/// Begins the login of a user whose password was right.
async fn begin(
    state: &AuthState,
    account: &Account,
    Found { document, etag }: Found<Credential>,
    shown: &Shown,
    now: Timestamp,
) -> Result<Beginning, StoreError> {
    let credential = state.rechecked(document, &shown.password, now).await;
    let credential = state.rehashed(credential, &shown.password).await;
    // Read before the login is written: whoever changes the password in between raises it afterwards.
    let epoch = guards::epoch_of(&account.data, account.user).await?;
    let user = (account.user, epoch);
    let login = Beginning::new(state, &account.data, user, credential.needs(), now);
    let progress = Housekeeping::new(HousekeepingKind::LoginProgress)
        .replace(&CredentialRecord(credential), etag)
        .create(&login.record());
    account.data.keep(progress).await?;
    Ok(login)
}

impl AuthState {
    /// The credential, with the password that was right hashed as new ones are: with the current pepper, algorithm and cost. If that cannot be
    /// now, the next login does it.
    async fn rehashed(&self, credential: Credential, password: &Password) -> Credential {
        let compared = credential.password.clone();
        match self.hasher.remake(password, &compared, self.random()).await {
            Ok(Some(current)) => credential.with_rehashed(&compared, current),
            Ok(None) => credential,
            Err(error) => {
                tracing::warn!(error = %error, "a password was not hashed anew");
                credential
            }
        }
    }
}

/// How many failures in a row an event says that there were.
pub(crate) fn failures_in(event: &AuditEvent) -> u32 {
    let failures = event.data.get("failures").and_then(serde_json::Value::as_u64);
    u32::try_from(failures.unwrap_or_default()).unwrap_or(u32::MAX)
}

async fn tell_of_lock(state: &AuthState, account: &Account, failures: u32, now: Timestamp) {
    let is_final = failures >= 100;
    let topic = Topic::AccountLocked { failures, is_final, when: now };
    state.tell(&account.data, account.user, &topic).await;
}
