//! Timer `sweep_roles`: what follows from the change of a role, where whoever changed it did not come to it.
//!
//! A note is looked at until the change is two minutes old, so that a role which is given while it changes is resolved as well.

use std::time::Duration;

use domain::{TenantId, Timestamp};
use serde_json::{Value, json};
use store::{Document as _, Found, ListOf, Partition, RoleRecord, StoreError};
use web::{Job, Problem, Trigger};

use super::following::{RoleChange, resolve};
use crate::{AuthState, followers};

pub(crate) const TRIGGER: Trigger = Trigger::timer("sweep_roles", "30 * * * * *", &[]);

/// Notes that one tick looks at.
const NOTES_MAX: usize = 200;
const SETTLED_AFTER: Duration = Duration::from_mins(2);

pub(crate) async fn handle(_state: AuthState, job: Job, _timer: Value) -> Result<Value, Problem> {
    let system = job.cap.partition(TenantId::SYSTEM, TRIGGER.name);
    let open = Some(RoleChange::OPEN.to_owned());
    let of = ListOf { k1: open, limit: NOTES_MAX, ..ListOf::default() };
    let mut repaired = 0;
    for Found { document: note, .. } in system.list::<RoleChange>(of).await?.documents {
        let data = job.cap.partition(note.tenant, TRIGGER.name);
        repaired += follow(&data, &note).await?;
        settle(&system, &note, job.now).await?;
    }
    if repaired > 0 {
        tracing::warn!(repaired, "guards were behind the roles that they name");
    }
    Ok(json!({"repaired": repaired}))
}

/// How many guards were behind. A change that was noted and never committed has no followers.
async fn follow(data: &Partition, note: &RoleChange) -> Result<usize, StoreError> {
    let place = Some((RoleRecord::CONTAINER, RoleRecord::SHARD));
    match data.promised(place, note.event).await {
        Ok(_) => resolve(data, note.role, note.event).await,
        Err(StoreError::NotFound) => Ok(0),
        Err(error) => Err(error),
    }
}

async fn settle(system: &Partition, note: &RoleChange, now: Timestamp) -> Result<(), StoreError> {
    let settle = |note: &RoleChange| {
        let is_due = !note.is_settled && now.since(note.noted_at) >= SETTLED_AFTER;
        is_due.then(|| RoleChange { is_settled: true, ..note.clone() })
    };
    followers::update(system, &note.id(), settle).await.map(|_| ())
}
