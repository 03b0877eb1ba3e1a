//! `PUT /v1/platform/tenants/{tenant}/plan`: sets a tenant's plan.

use axum::{Json, extract::State};
use domain::{AuditEvent, EventKind, Permission, Plan, Target, TenantId, kind};
use schemars::JsonSchema;
use serde::Deserialize;
use store::TenantRecord;
use web::{Access, Caller, Endpoint, Input, PathId, Problem};

use super::{Response, apply};
use crate::AuthState;

pub(crate) const ENDPOINT: Endpoint = Endpoint::put(
    "/v1/platform/tenants/{tenant}/plan",
    Access::Requires(Permission::PlatformTenantWrite),
    &[EventKind::PlanChanged],
)
.summary("Set a tenant's plan")
.request::<Request>()
.response::<Response>()
.problems(&["conflict"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// `free`, `pro`, `business` or `enterprise`.
    #[schemars(with = "String")]
    plan: Plan,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(tenant): PathId<kind::Tenant>,
    Input(Request { plan }): Input<Request>,
) -> Result<Json<Response>, Problem> {
    let decide =
        |record: &TenantRecord| Ok((record.plan != plan).then(|| with(record, tenant, plan)));
    apply(&state, &caller, tenant, decide).await
}

fn with(record: &TenantRecord, tenant: TenantId, plan: Plan) -> (TenantRecord, AuditEvent) {
    let event = AuditEvent::new(EventKind::PlanChanged, Target::new("tenant", tenant))
        .with("from", record.plan.name())
        .with("to", plan.name());
    (TenantRecord { plan, ..record.clone() }, event)
}
