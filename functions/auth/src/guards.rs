//! Users' guards: the copy of a user's roles and state that every app reads. The user record is the source; a missing guard is made again.

use domain::{UserId, auth::LoginError};
use store::{Guard, GuardState, Partition};
use web::Problem;

use crate::{followers, records::UserRecord};

/// The guard of a user who showed the password; made when a crash left none.
///
/// # Errors
/// * [`LoginError::Failed`]: disabled; the same as a wrong password.
pub(crate) async fn of(data: &Partition, user: UserId) -> Result<Guard, Problem> {
    let guard = match data.find::<Guard>(&user.to_string()).await? {
        Some(found) => found.document,
        None => make(data, &data.get::<UserRecord>(&user.to_string()).await?.document).await?,
    };
    match guard.state {
        GuardState::Disabled => Err(LoginError::Failed.into()),
        GuardState::PendingMfa | GuardState::Active => Ok(guard),
    }
}

/// Makes the guard of a new user, who has no second factor yet.
pub(crate) async fn make(data: &Partition, user: &UserRecord) -> Result<Guard, Problem> {
    let state = GuardState::PendingMfa;
    let guard = Guard { user: user.user, roles: user.roles.clone(), state, epoch: 0 };
    followers::create(data, &guard).await?;
    Ok(guard)
}

/// The guard of a user who showed both factors; active from now on.
///
/// # Errors
/// * [`LoginError::Failed`] when it is disabled.
pub(crate) async fn activate(data: &Partition, user: UserId) -> Result<Guard, Problem> {
    of(data, user).await?;
    let activate = |guard: &Guard| match guard.state {
        GuardState::PendingMfa => Some(Guard { state: GuardState::Active, ..guard.clone() }),
        GuardState::Active | GuardState::Disabled => None,
    };
    let guard = followers::update(data, &user.to_string(), activate).await?;
    match guard.state {
        GuardState::Active => Ok(guard),
        GuardState::PendingMfa | GuardState::Disabled => Err(LoginError::Failed.into()),
    }
}
