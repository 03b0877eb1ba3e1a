//! Changes to what the tenant made of a user: committed with their event in the partition that guards read, so they hold at once.

use domain::{
    AuditEvent, MembershipError, Permission, Role, Target, UserId, not_oneself, refuse_raise,
};
use store::{Change, Found, Guard, GuardState, ListOf, Partition, StoreError, TenantRecord};
use web::{Caller, Problem};

use crate::{
    followers::{ATTEMPTS_MAX, decide_again},
    grant_role::resolved,
};

/// Users looked at in one read.
const PAGE: usize = 200;

/// Changes the guard of another user of the caller's tenant. `decide` says what it becomes and what to record; `None` when it is so already.
/// What the tenant's own roles grant, and whether one person may hold it, is read again with every try.
///
/// # Errors
/// * [`MembershipError::Oneself`], [`MembershipError::LastOwner`], `sod-violation`, and what `decide` refuses.
pub(crate) async fn change(
    caller: &Caller,
    user: UserId,
    decide: impl Fn(&Guard) -> Result<Option<(Guard, AuditEvent)>, Problem> + Send + Sync,
) -> Result<Guard, Problem> {
    not_oneself(caller.user, user)?;
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        // Before all that is decided by: whoever changes some of it meanwhile replaces this.
        let tenant = caller.data.get::<TenantRecord>(TenantRecord::ID).await?;
        let Found { document: guard, etag } = caller.data.get::<Guard>(&user.to_string()).await?;
        let Some((next, event)) = decide(&guard)? else { return Ok(guard) };
        let gives = (&next.roles, &next.custom) != (&guard.roles, &guard.custom);
        let next = if gives { raised(caller, &tenant.document, &guard, next).await? } else { next };
        let loses_owner = is_owner(&guard) && !is_owner(&next);
        if loses_owner {
            require_another_owner(&caller.data, user).await?;
        }
        let mut change = Change::new(next.recorded_in(event)).replace(&next, etag);
        if gives || loses_owner {
            change = once_at_a_time(tenant, change);
        }
        match caller.commit(change).await {
            Ok(_) => return Ok(next),
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.into())
}

/// The user with what their roles grant now, if one person may hold it.
async fn raised(
    caller: &Caller,
    tenant: &TenantRecord,
    guard: &Guard,
    next: Guard,
) -> Result<Guard, Problem> {
    let granted = resolved(&caller.data, &next.custom).await?;
    let next = Guard { granted, ..next };
    keep_apart(caller, tenant, guard, &next).await?;
    Ok(next)
}

async fn require_another_owner(data: &Partition, user: UserId) -> Result<(), Problem> {
    let others = all(data).await?;
    if others.iter().any(|guard| guard.user != user && is_owner(guard)) {
        Ok(())
    } else {
        Err(MembershipError::LastOwner.into())
    }
}

/// Also replaces the tenant's record: of two owners who remove each other at once, and of two changes that are each within the rules and
/// together not, one is decided again.
pub(crate) fn once_at_a_time(
    Found { document: tenant, etag }: Found<TenantRecord>,
    change: Change,
) -> Change {
    let owners_checked = tenant.owners_checked.saturating_add(1);
    change.replace(&TenantRecord { owners_checked, ..tenant }, etag)
}

/// Every user of a tenant.
pub(crate) async fn all(data: &Partition) -> Result<Vec<Guard>, StoreError> {
    let (mut guards, mut after) = (Vec::new(), None);
    loop {
        let page = data.list::<Guard>(ListOf { after, limit: PAGE, ..ListOf::default() }).await?;
        guards.extend(page.documents.into_iter().map(|found| found.document));
        after = page.next;
        if after.is_none() {
            return Ok(guards);
        }
    }
}

/// Whether anybody of the tenant but these can let a user set up a new second factor. Where nobody can, operators of the service have to
/// (threat T18).
pub(crate) async fn has_approver_but(data: &Partition, but: &[UserId]) -> Result<bool, StoreError> {
    let could_approve = |guard: &Guard| {
        guard.state == GuardState::Active
            && guard.grants(Permission::MfaResetApprove)
            && !but.contains(&guard.user)
    };
    let mut after = None;
    loop {
        let page = data.list::<Guard>(ListOf { after, limit: PAGE, ..ListOf::default() }).await?;
        if page.documents.iter().any(|found| could_approve(&found.document)) {
            return Ok(true);
        }
        after = page.next;
        if after.is_none() {
            return Ok(false);
        }
    }
}

fn is_owner(guard: &Guard) -> bool {
    guard.state == GuardState::Active && guard.roles.contains(&Role::Owner)
}

/// The user in another state, signed out everywhere; `None` when they are in it already.
pub(crate) fn in_state(guard: &Guard, state: GuardState) -> Option<Guard> {
    let epoch = guard.epoch.saturating_add(1);
    (guard.state != state).then(|| Guard { state, epoch, ..guard.clone() })
}

/// Refuses roles that together hold what no one person may hold, and records it.
pub(crate) async fn keep_apart(
    caller: &Caller,
    tenant: &TenantRecord,
    before: &Guard,
    next: &Guard,
) -> Result<(), Problem> {
    let on = &tenant.settings.separations;
    match refuse_raise(on, |held| before.grants(held), |held| next.grants(held)) {
        Ok(()) => Ok(()),
        Err(error) => Err(caller.separated(error, Target::new("user", next.user)).await),
    }
}
