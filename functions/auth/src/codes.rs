//! Decisions on codes: taken on what is stored, written with their event, taken again when someone else was faster.

use domain::{
    Actor, EventKind, LoginId, Timestamp, UserId,
    auth::{
        CodeAnswer, CodeShown, Credential, EnrolmentError, Login, LoginError, StepUpAnswer,
        TotpSecret,
    },
};
use store::{Change, Found, Partition, StoreError};
use web::{Caller, Enrollee, Problem};

use crate::{
    AuthState,
    followers::{ATTEMPTS_MAX, decide_again},
    guards,
    letters::Topic,
    records::{CredentialRecord, LoginRecord},
};

/// Finds a login. One that began before its user was signed out everywhere is over: the password that it began with may be another's by now.
///
/// # Errors
/// * [`LoginError::Over`]: there is none, or no longer.
pub(crate) async fn login(data: &Partition, id: LoginId) -> Result<Found<LoginRecord>, Problem> {
    let found = data.find::<LoginRecord>(&LoginRecord::id_of(id)).await?;
    let Found { document: LoginRecord(login), etag } = found.ok_or(LoginError::Over)?;
    let epoch = guards::epoch_of(data, login.user).await?;
    Ok(Found { document: LoginRecord(login.in_epoch(epoch)?), etag })
}

/// The login that an enrolment token was issued with: its `jti`.
///
/// # Errors
/// * [`LoginError::Over`]: it names none.
pub(crate) fn login_of(enrollee: &Enrollee) -> Result<LoginId, LoginError> {
    enrollee.claims.jti.parse().map_err(|_| LoginError::Over)
}

/// Decides on a code of the login `id`: `step` takes the login to the state that waits for one, `check` is that state's rule. With what the
/// right code led to comes the credential as it is then.
pub(crate) async fn decide<S, V>(
    (state, data, id, now): (&AuthState, &Partition, LoginId, Timestamp),
    step: impl Fn(Login) -> Result<S, LoginError>,
    check: impl Fn(S, Credential, &TotpSecret) -> Result<CodeAnswer<V>, EnrolmentError>,
) -> Result<(V, Credential), Problem> {
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let Found { document: LoginRecord(login), etag: login_etag } = login(data, id).await?;
        let user = login.user;
        let step = step(login)?;
        let Found { document: CredentialRecord(credential), etag } =
            data.get::<CredentialRecord>(&CredentialRecord::id_of(user)).await?;
        let secret = state.totp_secret(data.tenant(), &credential).await?;
        let (outcome, actor, login, credential, event) = match check(step, credential, &secret)? {
            CodeAnswer::Right { verified, login, credential, event } => {
                (Ok((verified, credential.clone())), Actor::user(user), login, credential, event)
            }
            CodeAnswer::Wrong { error, login, credential, event } => {
                (Err(error), Actor::anonymous(), login, credential, event)
            }
        };
        let kind = event.kind;
        let change = Change::new(event)
            .replace(&LoginRecord(login), login_etag)
            .replace(&CredentialRecord(credential), etag);
        match data.commit(&actor, now, change).await {
            Ok(_) => {
                tell_of_lock((state, data, user, now), kind).await;
                return outcome.map_err(Problem::from);
            }
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.into())
}

/// Which of a user's second factors a code is of.
#[derive(Clone, Copy)]
pub(crate) enum Factor {
    /// The one that counts.
    Current,
    /// The one that is to take its place.
    Next,
}

/// Decides on a code of somebody who is signed in: `check` is the rule, for the credential as it is then and the secret of that factor.
pub(crate) async fn decide_signed_in(
    state: &AuthState,
    caller: &Caller,
    factor: Factor,
    check: impl Fn(Credential, &TotpSecret) -> StepUpAnswer,
) -> Result<CodeShown, Problem> {
    let tenant = caller.data.tenant();
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let Found { document: CredentialRecord(credential), etag } =
            caller.data.get::<CredentialRecord>(&CredentialRecord::id_of(caller.user)).await?;
        let secret = match factor {
            Factor::Current => state.totp_secret(tenant, &credential).await?,
            Factor::Next => state.next_totp_secret(tenant, &credential).await?,
        };
        let (outcome, credential, event) = match check(credential, &secret) {
            StepUpAnswer::Right { shown, credential, event } => (Ok(shown), credential, event),
            StepUpAnswer::Wrong { error, credential, event } => (Err(error), credential, event),
        };
        let kind = event.kind;
        let change = Change::new(event).replace(&CredentialRecord(credential), etag);
        match caller.commit(change).await {
            Ok(_) => {
                tell_of_lock((state, &caller.data, caller.user, caller.now), kind).await;
                return outcome.map_err(Problem::from);
            }
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.into())
}

/// Tells a user that a code locked them, if that is what was recorded of it: whoever comes as far as to guess codes knows the password, or has a
/// device of theirs (threat T11).
pub(crate) async fn tell_of_lock(
    (state, data, user, now): (&AuthState, &Partition, UserId, Timestamp),
    recorded: EventKind,
) {
    if recorded == EventKind::AccountLocked {
        state.tell(data, user, &Topic::CodesLocked { when: now }).await;
    }
}
