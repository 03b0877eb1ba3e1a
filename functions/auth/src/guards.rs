//! Users' guards: the copy of a user's roles and state that every app reads. The user record is the source; a missing guard is made again.

use domain::{EventId, UserId, auth::LoginError};
use store::{Guard, GuardState, Partition, StoreError, TenantRecord};
use web::Problem;

use crate::{followers, records::UserRecord};

/// The guard of a user who showed the password; made when a crash left none.
///
/// # Errors
/// * [`LoginError::Failed`]: disabled; the same as a wrong password.
pub(crate) async fn of(data: &Partition, user: UserId) -> Result<Guard, Problem> {
    let guard = if let Some(found) = data.find::<Guard>(&user.to_string()).await? {
        found.document
    } else {
        let user = data.get::<UserRecord>(&user.to_string()).await?.document;
        let guard = Guard::new(user.user, user.roles);
        followers::create(data, &guard).await?;
        guard
    };
    let tenant = data.get::<TenantRecord>(TenantRecord::ID).await?.document;
    match guard.state {
        GuardState::PendingMfa | GuardState::Active if tenant.state.admits() => Ok(guard),
        GuardState::PendingMfa | GuardState::Active | GuardState::Locked | GuardState::Disabled => {
            Err(LoginError::Failed.into())
        }
    }
}

/// The guard of a user, whatever it says.
pub(crate) async fn find(data: &Partition, user: UserId) -> Result<Option<Guard>, Problem> {
    Ok(data.find::<Guard>(&user.to_string()).await?.map(|found| found.document))
}

/// The epoch of a user's guard; one that a crash left out begins with zero.
pub(crate) async fn epoch_of(data: &Partition, user: UserId) -> Result<u32, StoreError> {
    let guard = data.find::<Guard>(&user.to_string()).await?;
    Ok(guard.map_or(0, |found| found.document.epoch))
}

/// Keeps the guard of a new user, who has no second factor yet, as the event says that it is.
pub(crate) async fn keep(data: &Partition, guard: &Guard, event: EventId) -> Result<(), Problem> {
    Ok(followers::create_because(data, guard, event).await?)
}

/// The guard of a user who showed both factors; active from now on.
///
/// # Errors
/// * [`LoginError::Failed`] when it is disabled.
pub(crate) async fn activate(data: &Partition, user: UserId) -> Result<Guard, Problem> {
    of(data, user).await?;
    let activate = |guard: &Guard| match guard.state {
        GuardState::PendingMfa => Some(Guard { state: GuardState::Active, ..guard.clone() }),
        GuardState::Active | GuardState::Locked | GuardState::Disabled => None,
    };
    let guard = followers::update(data, &user.to_string(), activate).await?;
    match guard.state {
        GuardState::Active => Ok(guard),
        GuardState::PendingMfa | GuardState::Locked | GuardState::Disabled => {
            Err(LoginError::Failed.into())
        }
    }
}
