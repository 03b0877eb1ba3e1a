//! `PUT /v1/tenant/mfa-policy`: who needs a second factor of ours.

use axum::Json;
use domain::{AuditEvent, EventKind, MfaPolicy, Permission, TenantSettings};
use schemars::JsonSchema;
use serde::Deserialize;
use web::{Access, Caller, Endpoint, Input, Problem};

use super::{set, target};
use crate::tenants::TenantView;

pub(crate) const ENDPOINT: Endpoint = Endpoint::put(
    "/v1/tenant/mfa-policy",
    Access::Requires(Permission::SettingsWrite),
    &[EventKind::MfaPolicyChanged],
)
.summary("Say who needs a second factor of ours: password users, or everyone")
.request::<MfaPolicyRequest>()
.response::<TenantView>()
.problems(&["conflict"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MfaPolicyRequest {
    /// `password_users` or `everyone`.
    #[schemars(with = "String")]
    policy: MfaPolicy,
}

pub(crate) async fn handle(
    caller: Caller,
    Input(MfaPolicyRequest { policy }): Input<MfaPolicyRequest>,
) -> Result<Json<TenantView>, Problem> {
    set(&caller, |record| {
        let event = AuditEvent::new(EventKind::MfaPolicyChanged, target(&caller))
            .with("policy", policy.name());
        Ok((TenantSettings { mfa_policy: policy, ..record.settings.clone() }, event))
    })
    .await
}
