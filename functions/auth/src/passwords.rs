//! Decisions on passwords: taken one after the other on what is stored, so that of many guesses at once only as many count as the lockout allows.

use domain::{
    Actor, Timestamp,
    auth::{LoginError, PasswordAnswer, PasswordRecord},
};
use store::{Change, Found, Housekeeping, HousekeepingKind, StoreError};
use web::Problem;

use crate::{
    AuthState,
    accounts::Account,
    followers::{ATTEMPTS_MAX, decide_again},
    logins::Beginning,
    records::CredentialRecord,
};

/// Decides on a password; `right` is what comparing it with the account's record gave. A right one begins a login.
pub(crate) async fn decide(
    state: &AuthState,
    account: &Account,
    right: bool,
    now: Timestamp,
) -> Result<Beginning, Problem> {
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let found = account.data.get(&CredentialRecord::id_of(account.user)).await?;
        match decide_once(state, account, found, |stored| right && *stored == account.password, now)
            .await
        {
            Ok(decision) => return decision.map_err(Problem::from),
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    // So many guesses at once that this one was never decided: an unknown address answers the same.
    if last == StoreError::Conflict { Err(LoginError::Failed.into()) } else { Err(last.into()) }
}

async fn decide_once(
    state: &AuthState,
    account: &Account,
    found: Found<CredentialRecord>,
    is_right: impl Fn(&PasswordRecord) -> bool,
    now: Timestamp,
) -> Result<Result<Beginning, LoginError>, StoreError> {
    let Found { document: CredentialRecord(credential), etag } = found;
    let right = is_right(&credential.password);
    match credential.password_checked(right, now) {
        PasswordAnswer::Accepted { credential, needs } => {
            let login = Beginning::new(state, &account.data, account.user, needs, now);
            let progress = Housekeeping::new(HousekeepingKind::LoginProgress)
                .replace(&CredentialRecord(credential), etag)
                .create(&login.record());
            account.data.keep(progress).await?;
            Ok(Ok(login))
        }
        PasswordAnswer::Refused { credential, event } => {
            let change = Change::new(event).replace(&CredentialRecord(credential), etag);
            account.data.commit(&Actor::anonymous(), now, change).await?;
            Ok(Err(LoginError::Failed))
        }
    }
}
