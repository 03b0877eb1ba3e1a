//! `PUT /v1/tenant/support-access`: whether an operator may visit.

use axum::Json;
use domain::{AuditEvent, EventKind, Permission, SupportAccess, TenantSettings};
use schemars::JsonSchema;
use serde::Deserialize;
use web::{Access, Caller, Endpoint, Input, Problem};

use super::{set, target};
use crate::tenants::TenantView;

pub(crate) const ENDPOINT: Endpoint = Endpoint::put(
    "/v1/tenant/support-access",
    Access::Requires(Permission::SettingsWrite),
    &[EventKind::SupportAccessChanged],
)
.summary("Say whether an operator may visit; `off` ends a visit that is on")
.request::<SupportRequest>()
.response::<TenantView>()
.problems(&["conflict"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SupportRequest {
    /// `"off"`, `"ask"`, or `{"granted_until": time}` within the next 30 days.
    #[schemars(with = "serde_json::Value")]
    access: SupportAccess,
}

pub(crate) async fn handle(
    caller: Caller,
    Input(SupportRequest { access }): Input<SupportRequest>,
) -> Result<Json<TenantView>, Problem> {
    set(&caller, |record| {
        let event = AuditEvent::new(EventKind::SupportAccessChanged, target(&caller))
            .with("access", access.name());
        let event = match access {
            SupportAccess::GrantedUntil(until) => event.with("until", until.to_string()),
            SupportAccess::Off | SupportAccess::Ask => event,
        };
        Ok((TenantSettings { support_access: access, ..record.settings.clone() }, event))
    })
    .await
}
