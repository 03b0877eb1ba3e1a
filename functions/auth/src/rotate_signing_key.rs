//! Trigger `rotate_signing_key`: once a week the next key of access tokens is published, a day before it signs; once a quarter there is another
//! pepper of passwords.

use domain::{Actor, AuditEvent, EventKind, Target, TenantId};
use serde_json::{Value, json};
use store::{Change, KeyringError};
use web::{Job, Problem, Trigger};

use crate::AuthState;

pub(crate) const TRIGGER: Trigger =
    Trigger::timer("rotate_signing_key", "0 17 * * * *", &[EventKind::KeyRotated]);

pub(crate) async fn handle(state: AuthState, job: Job, _timer: Value) -> Result<Value, Problem> {
    let rotated = state.signing.rotate(job.now).await;
    let rotated = rotated.map_err(|error: KeyringError| Problem::internal(&error))?;
    let pepper = state.keys.peppers.rotate(job.now).await;
    let pepper = pepper.map_err(|error: KeyringError| Problem::internal(&error))?;
    record(&job, "access-token", rotated).await?;
    record(&job, "pepper", pepper).await?;
    Ok(json!({"published": rotated, "pepper": pepper}))
}

async fn record(job: &Job, key: &'static str, version: Option<u32>) -> Result<(), Problem> {
    let Some(version) = version else { return Ok(()) };
    let event = AuditEvent::new(EventKind::KeyRotated, Target::new("key", key));
    let data = job.cap.partition(TenantId::SYSTEM, "rotate_signing_key");
    let change = Change::new(event.with("version", version));
    data.commit(&Actor::system("rotate_signing_key"), job.now, change).await?;
    Ok(())
}
