//! What follows from a change of a role for whoever has it: their guards are resolved again. Whoever loses by a role's end is signed out everywhere
//! with the same write, as when it is taken from them.
//!
//! That a role is about to change is noted before it does, in the deployment's own partition. Whoever is killed between the change and the last guard
//! leaves the note, and [`sweep`](super::sweep) does the rest.

use domain::{EventId, Permission, RoleId, TenantId, Timestamp};
use ports::Container;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, time::Duration};
use store::{Change, Document, Guard, Partition, RoleRecord, StoreError};
use web::{Caller, IdempotencyKey, Once, Problem};

use crate::{AuthState, followers, grant_role::resolved, members};

/// Notes that nobody looks at any more go by themselves.
const KEPT_FOR: Duration = Duration::from_hours(7 * 24);

/// That a role is being changed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleChange {
    pub(super) tenant: TenantId,
    pub(super) role: RoleId,
    /// The event of the change, if it is ever committed.
    pub(super) event: EventId,
    pub(super) noted_at: Timestamp,
    pub(super) is_settled: bool,
}

impl RoleChange {
    /// Marks the notes that the sweep looks at.
    pub(super) const OPEN: &'static str = "open";
}

impl Document for RoleChange {
    const CONTAINER: Container = Container::Access;
    const KIND: &'static str = "role_change";

    fn id(&self) -> String {
        format!("role-change-{}", self.event)
    }

    fn k1(&self) -> Option<String> {
        (!self.is_settled).then(|| Self::OPEN.to_owned())
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.noted_at.plus(KEPT_FOR))
    }
}

/// Commits the role as it is to be, and then resolves the guards of whoever has it.
pub(super) async fn commit(
    state: &AuthState,
    caller: &Caller,
    role: RoleId,
    change: Change,
) -> Result<(), Problem> {
    let tenant = caller.data.tenant();
    let once = Once::new(caller, IdempotencyKey(None), state.random(), &role.to_bytes());
    let (event_id, noted_at) = (once.event(), caller.now);
    let note = RoleChange { tenant, role, event: event_id, noted_at, is_settled: false };
    followers::create(&state.data(TenantId::SYSTEM), &note).await?;
    caller.commit_once(&once, change).await?;
    resolve(&caller.data, role, event_id).await?;
    Ok(())
}

/// Resolves again what the role's holders are granted. Each write can be repeated, and finds nothing to do the second time.
pub(super) async fn resolve(
    data: &Partition,
    role: RoleId,
    event: EventId,
) -> Result<usize, StoreError> {
    let has_ended = data.get::<RoleRecord>(&role.to_string()).await?.document.ended;
    let mut stale = 0;
    for guard in members::all(data).await? {
        if !guard.custom.contains(&role) {
            continue;
        }
        let granted = resolved(data, &guard.custom).await?;
        stale += usize::from(guard.granted != granted);
        let resolve = |guard: &Guard| resolved_to(guard, &granted, has_ended);
        followers::update_because(data, &guard.user.to_string(), event, resolve).await?;
    }
    Ok(stale)
}

/// The guard as its roles make it now; `None` when it is so. A second time there is nothing to sign out from.
fn resolved_to(guard: &Guard, granted: &BTreeSet<Permission>, has_ended: bool) -> Option<Guard> {
    let epoch = guard.epoch.saturating_add(u32::from(has_ended));
    (guard.granted != *granted).then(|| Guard { granted: granted.clone(), epoch, ..guard.clone() })
}
