//! Whoever has a role of the tenant's own becomes more with it: what holds for giving roles holds for changing them.

use domain::not_oneself;
use store::{Guard, RoleRecord, TenantRecord};
use web::{Caller, Problem};

use crate::{
    grant_role::resolved,
    members::{all, keep_apart},
};

/// Refuses a change that its own holder makes, or that lets one of its holders do what the tenant keeps apart.
///
/// # Errors
/// * `own-membership`, `sod-violation`.
pub(super) async fn check(
    caller: &Caller,
    tenant: &TenantRecord,
    before: &RoleRecord,
    next: &RoleRecord,
) -> Result<(), Problem> {
    if before.permissions == next.permissions {
        return Ok(());
    }
    for guard in all(&caller.data).await? {
        if guard.custom.contains(&next.role) {
            not_oneself(caller.user, guard.user)?;
            keep_apart(caller, tenant, &guard, &with(caller, &guard, next).await?).await?;
        }
    }
    Ok(())
}

/// The holder of `role` once it is so.
async fn with(caller: &Caller, guard: &Guard, role: &RoleRecord) -> Result<Guard, Problem> {
    let mut others = guard.custom.clone();
    others.remove(&role.role);
    let mut granted = resolved(&caller.data, &others).await?;
    granted.extend(role.permissions.iter().copied());
    Ok(Guard { granted, ..guard.clone() })
}
