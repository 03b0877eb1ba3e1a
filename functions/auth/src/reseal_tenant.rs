//! Queue `reseal`: what is due for the keys of one tenant. The message is the tenant's identifier.
//!
//! First the keys themselves are wrapped anew, if another key or another version of it should wrap them. Then every field is sealed anew that is
//! sealed under an older version, page by page: where it is, is stored after each page, so that whoever is killed goes on there, and a message
//! that comes twice does nothing twice. People sign in meanwhile; what they write at the same time counts, and is sealed anew next.

use std::time::Duration;

use domain::{Actor, AuditEvent, Class, EventKind, Target, TenantId, Timestamp};
use ports::{KeyPurpose, QueueName};
use serde_json::{Value, json};
use store::{Change, FieldError, Found, Housekeeping, HousekeepingKind, Partition, StoreError};
use web::{Job, Problem, Trigger};

use crate::{
    AuthState,
    resealing::{self, Resealing},
};

pub(crate) const TRIGGER: Trigger = Trigger::queue(
    "reseal_tenant",
    QueueName::Reseal,
    &[EventKind::KeyRotated, EventKind::KeyRewrapped],
);

/// Pages of one invocation; then another message goes on.
const PAGES_MAX: usize = 10;

pub(crate) async fn handle(state: AuthState, job: Job, message: String) -> Result<Value, Problem> {
    let refused =
        |_| Problem::new(Class::Invalid, "validation", "The message is not a tenant's identifier.");
    let tenant = message.parse::<TenantId>().map_err(refused)?;
    let data = job.cap.partition(tenant, TRIGGER.name);
    match rewrap(&state, &data, job.now).await {
        Ok(()) => {}
        // Their decision: the next day asks again.
        Err(Due::Withheld) => return Ok(json!({"withheld": true})),
        Err(Due::Other(problem)) => return Err(problem),
    }
    match reseal(&state, &data, job.now).await {
        Ok(resealed) => Ok(json!({"resealed": resealed})),
        // Another message of the same tenant is a page ahead.
        Err(Due::Other(problem)) if problem.code == "conflict" => Ok(json!({"resealed": null})),
        Err(Due::Withheld) => Ok(json!({"withheld": true})),
        Err(Due::Other(problem)) => Err(problem),
    }
}

/// Why nothing more was done.
enum Due {
    /// The tenant does not let us use its own key.
    Withheld,
    Other(Problem),
}

impl From<FieldError> for Due {
    fn from(error: FieldError) -> Self {
        if matches!(error, FieldError::Withheld(_)) {
            Self::Withheld
        } else {
            Self::Other(error.into())
        }
    }
}

impl From<StoreError> for Due {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

impl From<Problem> for Due {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

/// The row first: whoever is killed after it finds the rest to do, and says so again.
async fn rewrap(state: &AuthState, data: &Partition, now: Timestamp) -> Result<(), Due> {
    let due = state.fields.rewraps(data.tenant()).await?;
    if due.is_empty() {
        return Ok(());
    }
    let event = AuditEvent::new(EventKind::KeyRewrapped, target()).with("versions", due);
    data.commit(&actor(), now, Change::new(event)).await?;
    state.fields.rewrap(data.tenant()).await?;
    Ok(())
}

/// How many fields were sealed anew now; 0 when there was nothing to do.
async fn reseal(state: &AuthState, data: &Partition, now: Timestamp) -> Result<u64, Due> {
    let Some(target) = state.fields.reseals_to(data.tenant()).await? else { return Ok(0) };
    let mut at = begin(data, target, now).await?;
    let before = at.document.resealed;
    for _ in 0..PAGES_MAX {
        let next = resealing::page(state, data, &at.document).await?;
        let resealed = next.resealed;
        if next.is_done() {
            end(state, data, Found { document: next, etag: at.etag }, now).await?;
            return Ok(resealed - before);
        }
        let step = Housekeeping::new(HousekeepingKind::Cursor).replace(&next, at.etag);
        data.keep(step).await?;
        at = data.get(Resealing::ID).await?;
    }
    let tenant = data.tenant().to_string();
    let sent = state.queue.send(QueueName::Reseal, &tenant, Duration::ZERO).await;
    sent.map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(at.document.resealed - before)
}

/// Where it stands; from the beginning for a version that nobody began with.
async fn begin(
    data: &Partition,
    target: u32,
    now: Timestamp,
) -> Result<Found<Resealing>, StoreError> {
    let found = data.find::<Resealing>(Resealing::ID).await?;
    let fresh = Resealing::new(target, now);
    let event = event(&fresh, "begun");
    let change = match found {
        Some(found) if found.document.target == target && !found.document.is_done() => {
            return Ok(found);
        }
        Some(found) => Change::new(event).replace(&fresh, found.etag),
        None => Change::new(event).create(&fresh),
    };
    match data.commit(&actor(), now, change).await {
        Ok(_) | Err(StoreError::Exists) => data.get(Resealing::ID).await,
        Err(error) => Err(error),
    }
}

/// Every field was looked at. The versions before are retired if each could be sealed anew; if not, they stay, and tomorrow it is tried again.
async fn end(
    state: &AuthState,
    data: &Partition,
    Found { document: done, etag }: Found<Resealing>,
    now: Timestamp,
) -> Result<(), Due> {
    if done.failed == 0 {
        state.fields.retire_below(data.tenant(), done.target).await?;
    }
    let change = Change::new(event(&done, "resealed")).replace(&done, etag);
    data.commit(&actor(), now, change).await?;
    Ok(())
}

fn event(at: &Resealing, state: &'static str) -> AuditEvent {
    AuditEvent::new(EventKind::KeyRotated, target())
        .with("version", at.target)
        .with("state", state)
        .with("resealed", at.resealed)
        .with("failed", at.failed)
}

fn target() -> Target {
    Target::new("key", KeyPurpose::AuthFields.name())
}

fn actor() -> Actor {
    Actor::system("reseal")
}
