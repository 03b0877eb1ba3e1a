//! What follows from a change of a role for whoever has it: their guards are resolved again.
//!
//! That a role is about to change is noted before it does, in the deployment's own partition. Whoever is killed between the change and the last guard
//! leaves the note, and [`sweep`](super::sweep) does the rest.

use domain::{EventId, RoleId, TenantId, Timestamp};
use ports::Container;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::{Change, Document, Guard, Partition, StoreError};
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
    let mut stale = 0;
    for guard in members::all(data).await? {
        if !guard.custom.contains(&role) {
            continue;
        }
        let granted = resolved(data, &guard.custom).await?;
        stale += usize::from(guard.granted != granted);
        let resolve = |guard: &Guard| {
            (guard.granted != granted).then(|| Guard { granted: granted.clone(), ..guard.clone() })
        };
        followers::update_because(data, &guard.user.to_string(), event, resolve).await?;
    }
    Ok(stale)
}
