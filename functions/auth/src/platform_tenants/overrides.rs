//! `PUT /v1/platform/tenants/{tenant}/entitlements`: what a tenant has beside its plan, or lacks of it.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use domain::{
    AuditEvent, EventKind, Feature, Overrides, Permission, Quota, Target, TenantId, kind,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::TenantRecord;
use web::{Access, Caller, Endpoint, Input, PathId, Problem};

use super::{Response, apply, reason_of};
use crate::AuthState;

pub(crate) const ENDPOINT: Endpoint = Endpoint::put(
    "/v1/platform/tenants/{tenant}/entitlements",
    Access::Requires(Permission::PlatformTenantWrite),
    &[EventKind::EntitlementOverridden],
)
.summary(
    "Set what a tenant has beside its plan, or lacks of it; what is left out is as the plan says",
)
.request::<Request>()
.response::<Response>()
.problems(&["conflict"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Features given (`true`) or taken (`false`).
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, bool>")]
    features: BTreeMap<Feature, bool>,
    /// Other limits.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, u32>")]
    quotas: BTreeMap<Quota, u32>,
    /// Why: 10 to 500 characters.
    reason: String,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(tenant): PathId<kind::Tenant>,
    Input(Request { features, quotas, reason }): Input<Request>,
) -> Result<Json<Response>, Problem> {
    let reason = reason_of(&reason)?;
    let overrides = Overrides { features, quotas };
    let decide = |record: &TenantRecord| {
        let next = || TenantRecord { overrides: overrides.clone(), ..record.clone() };
        let changes = record.overrides != overrides;
        Ok(changes.then(|| (next(), event(tenant, &overrides, &reason))))
    };
    apply(&state, &caller, tenant, decide).await
}

fn event(tenant: TenantId, Overrides { features, quotas }: &Overrides, reason: &str) -> AuditEvent {
    let key = |name: &str| name.replace('.', "_");
    let features: Map<_, Value> =
        features.iter().map(|(feature, on)| (key(feature.name()), (*on).into())).collect();
    let quotas: Map<_, Value> =
        quotas.iter().map(|(quota, limit)| (key(quota.name()), (*limit).into())).collect();
    let event = AuditEvent::new(EventKind::EntitlementOverridden, Target::new("tenant", tenant))
        .with("features", Value::Object(features))
        .with("quotas", Value::Object(quotas));
    AuditEvent { reason: Some(reason.to_owned()), ..event }
}
