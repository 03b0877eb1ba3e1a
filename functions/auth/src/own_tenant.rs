//! The caller's own tenant: what it is, may use and decided.

pub(crate) mod close;
pub(crate) mod entitlements;
pub(crate) mod mfa_policy;
pub(crate) mod read;
pub(crate) mod reopen;
pub(crate) mod settings;
pub(crate) mod support_access;

use axum::Json;
use domain::{AuditEvent, Target, TenantMove, TenantSettings, Timestamp};
use store::TenantRecord;
use web::{Caller, Problem};

use crate::tenants::{By, TenantView, change};

/// Moves the tenant from state to state.
async fn step(
    caller: &Caller,
    step: TenantMove,
    closes_at: Option<Timestamp>,
) -> Result<Json<TenantView>, Problem> {
    let decide = |record: &TenantRecord| {
        let (state, event) = step.from(record.state, record.tenant)?;
        let event = match closes_at {
            Some(at) => event.with("closes_at", at.to_string()),
            None => event,
        };
        Ok(Some((TenantRecord { state, closes_at, ..record.clone() }, event)))
    };
    let record = change(&caller.data, decide, By::User(caller)).await?;
    Ok(Json(record.into()))
}

/// Changes what the tenant decided for itself.
async fn set(
    caller: &Caller,
    to: impl Fn(&TenantRecord) -> Result<(TenantSettings, AuditEvent), Problem> + Send + Sync,
) -> Result<Json<TenantView>, Problem> {
    let decide = |record: &TenantRecord| {
        let (settings, event) = to(record)?;
        settings.check(caller.now)?;
        let changes = settings != record.settings;
        Ok(changes.then(|| (TenantRecord { settings, ..record.clone() }, event)))
    };
    let record = change(&caller.data, decide, By::User(caller)).await?;
    Ok(Json(record.into()))
}

fn target(caller: &Caller) -> Target {
    Target::new("tenant", caller.data.tenant())
}
