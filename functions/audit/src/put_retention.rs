//! `PUT /v1/audit/retention`: chooses how long the log is kept.

use axum::Json;
use domain::{AuditEvent, EventKind, Permission, Target, retention::choose};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{Change, retention::RetentionRecord};
use web::{Access, Caller, Endpoint, Input, Problem};

use crate::retention::{self, Retention};

pub(crate) const ENDPOINT: Endpoint = Endpoint::put(
    "/v1/audit/retention",
    Access::Requires(Permission::RetentionWrite),
    &[EventKind::RetentionPolicyChanged],
)
.summary("Choose how long the audit log is kept; a shorter time takes effect with the next purge, after its notice")
.request::<Request>()
.response::<Retention>()
.problems(&["entitlement-required", "conflict", "exists"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// For how many months, 13 to 180; null leaves it to the plan.
    months: Option<u32>,
}

pub(crate) async fn handle(
    caller: Caller,
    Input(request): Input<Request>,
) -> Result<Json<Retention>, Problem> {
    let chosen = choose(&caller.tenant.entitlements(), request.months)?;
    let found = retention::choice(&caller.data).await?;
    let before = found.as_ref().and_then(|found| found.document.choice.months);
    let event = AuditEvent::new(
        EventKind::RetentionPolicyChanged,
        Target::new("log", caller.data.tenant()),
    )
    .with("new", chosen.months)
    .with("old", before);
    let record = RetentionRecord { choice: chosen.clone() };
    let change = match found {
        None => Change::new(event).create(&record),
        Some(found) => Change::new(event).replace(&record, found.etag),
    };
    caller.commit(change).await?;
    Ok(Json(Retention::of(&caller, &chosen)))
}
