//! Users' guards: what every app reads of a user. A guard is signed, and made before its user is: a user who has none is one whose guard somebody
//! removed.

use domain::{
    EventId, UserId,
    auth::{InvitationError, LoginError},
};
use store::{Guard, GuardState, Partition, StoreError, TenantRecord};
use web::Problem;

use crate::{followers, records::UserRecord};

/// The guard of a user who showed the password.
///
/// # Errors
/// * [`LoginError::Failed`]: disabled, or without a guard; the same as a wrong password.
pub(crate) async fn of(data: &Partition, user: UserId) -> Result<Guard, Problem> {
    let guard = find(data, user).await?.ok_or(LoginError::Failed)?;
    let tenant = data.get::<TenantRecord>(TenantRecord::ID).await?.document;
    match guard.state {
        GuardState::PendingMfa | GuardState::Active if tenant.state.admits() => Ok(guard),
        GuardState::PendingMfa | GuardState::Active | GuardState::Locked | GuardState::Disabled => {
            Err(LoginError::Failed.into())
        }
    }
}

/// The guard of a user who came in, whatever it says. That there is none is an alarm: nothing that is kept elsewhere of a user is signed, so nothing
/// makes it again.
pub(crate) async fn find(data: &Partition, user: UserId) -> Result<Option<Guard>, StoreError> {
    let found = data.find::<Guard>(&user.to_string()).await?;
    if found.is_none() {
        let (tenant, why) = (data.tenant(), "it was removed");
        tracing::error!(alarm = "access-record", tenant.id = %tenant, record = %user, why, "a user has no guard");
    }
    Ok(found.map(|found| found.document))
}

/// The epoch of a user's guard. Whoever has none gets no further than [`of`], whatever this says.
pub(crate) async fn epoch_of(data: &Partition, user: UserId) -> Result<u32, StoreError> {
    Ok(find(data, user).await?.map_or(0, |guard| guard.epoch))
}

/// Keeps the guard of a user who is about to come in. Until they do, it lets nobody in.
///
/// Whoever is killed before the user is made leaves it alone: the next try takes it up, as long as it is as it was made.
///
/// # Errors
/// * [`InvitationError`]: there is one that somebody came in with, or that was changed since.
pub(crate) async fn keep_first(data: &Partition, guard: &Guard) -> Result<(), Problem> {
    followers::create(data, guard).await?;
    let kept = data.get::<Guard>(&guard.user.to_string()).await?.document;
    if kept == *guard { Ok(()) } else { Err(InvitationError.into()) }
}

/// Names in a guard the event with which its user came in, once that is known.
pub(crate) async fn name_event(
    data: &Partition,
    guard: &Guard,
    event: EventId,
) -> Result<(), StoreError> {
    let named = |kept: &Guard| (kept == guard).then(|| kept.clone());
    followers::update_because(data, &guard.user.to_string(), event, named).await?;
    Ok(())
}

/// Whether a guard is all that there is of its user: whoever redeemed the invitation was killed. Nobody ever came in with it, as the guard itself says.
pub(crate) async fn is_alone(data: &Partition, guard: &Guard) -> Result<bool, StoreError> {
    let is_new = guard.state == GuardState::PendingMfa && guard.epoch == 0;
    Ok(is_new && data.find::<UserRecord>(&guard.user.to_string()).await?.is_none())
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
