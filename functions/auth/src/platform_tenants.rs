//! What whoever runs the deployment does to tenants. Each of it is in that tenant's own log.
//!
//! Only here does a path name a tenant; the caller is a user of the platform's own tenant, with a second factor shown just now.

pub(crate) mod create;
mod elsewhere;
pub(crate) mod invite_owner;
pub(crate) mod list;
pub(crate) mod overrides;
pub(crate) mod plan;
pub(crate) mod read;
pub(crate) mod resume;
pub(crate) mod suspend;

use std::ops::RangeInclusive;

use axum::Json;
use domain::{AuditEvent, TenantId, TenantMove, is_line};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::TenantRecord;
use web::{Caller, Problem};

use crate::{
    AuthState,
    tenants::{By, EntitlementsView, TenantView, change},
};

pub(crate) use elsewhere::Elsewhere;

/// Characters of a reason.
const REASON_CHARS: RangeInclusive<usize> = 10..=500;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonRequest {
    /// Why: 10 to 500 characters. The tenant reads it in its log.
    pub(crate) reason: String,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    tenant: TenantView,
    entitlements: EntitlementsView,
}

impl From<TenantRecord> for Response {
    fn from(record: TenantRecord) -> Self {
        Self { entitlements: EntitlementsView::of(&record), tenant: record.into() }
    }
}

/// A reason as it is recorded.
pub(crate) fn reason_of(reason: &str) -> Result<String, Problem> {
    let reason = reason.trim();
    let refused = || {
        let detail = "A reason has 10 to 500 characters and no line breaks.";
        Problem::new(domain::Class::Invalid, "validation", detail)
    };
    if is_line(reason, REASON_CHARS) { Ok(reason.to_owned()) } else { Err(refused()) }
}

/// Moves a tenant from state to state, for a reason.
async fn step(
    state: &AuthState,
    caller: &Caller,
    tenant: TenantId,
    step: TenantMove,
    reason: &str,
) -> Result<Json<Response>, Problem> {
    let reason = reason_of(reason)?;
    let decide = |record: &TenantRecord| {
        let (state, mut event) = step.from(record.state, tenant)?;
        event.reason = Some(reason.clone());
        Ok(Some((TenantRecord { state, ..record.clone() }, event)))
    };
    apply(state, caller, tenant, decide).await
}

/// Changes a tenant's record in the operator's name.
async fn apply(
    state: &AuthState,
    caller: &Caller,
    tenant: TenantId,
    decide: impl Fn(&TenantRecord) -> Result<Option<(TenantRecord, AuditEvent)>, Problem> + Send + Sync,
) -> Result<Json<Response>, Problem> {
    let (elsewhere, _) = Elsewhere::reach(state, caller, tenant).await?;
    let by = By::Operator(caller, &elsewhere);
    Ok(Json(change(&elsewhere.data, decide, by).await?.into()))
}
