//! `PUT /v1/tenant/settings`: the notice of changes, the longest session, and which duties are kept apart.

use std::collections::BTreeSet;

use axum::Json;
use domain::{
    AuditEvent, EventKind, Permission, Role, SeparationName, Target, TenantSettings, refuse_raise,
};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{StoreError, TenantRecord};
use web::{Access, Caller, Endpoint, Input, Problem};

use super::{set, target};
use crate::{members, tenants::TenantView};

pub(crate) const ENDPOINT: Endpoint = Endpoint::put(
    "/v1/tenant/settings",
    Access::Requires(Permission::SettingsWrite),
    &[EventKind::TenantSettingsChanged],
)
.summary("Set the notice of changes, the longest session, and which duties are kept apart")
.request::<SettingsRequest>()
.response::<TenantView>()
.problems(&["sod-violation", "conflict"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsRequest {
    /// 14 to 365: how many days' notice there is at least before rows of the log are purged, and before a change of sub-processors.
    notice_days: u16,
    /// 1 to 168; sessions that began before end by it, too.
    session_max_h: u16,
    /// 15 to 10080, a day by default: how long a session lives without a sign of life.
    #[serde(default = "idle_by_default")]
    session_idle_min: u16,
    /// `runner_enrolment`, `roles_and_evidence`, `roles_and_publishing`; `mfa_reset` always holds.
    #[schemars(with = "BTreeSet<String>")]
    separations: BTreeSet<SeparationName>,
}

const fn idle_by_default() -> u16 {
    TenantSettings::SESSION_IDLE_MIN_BY_DEFAULT
}

pub(crate) async fn handle(
    caller: Caller,
    Input(request): Input<SettingsRequest>,
) -> Result<Json<TenantView>, Problem> {
    let SettingsRequest { notice_days, session_max_h, session_idle_min, separations } = request;
    let seen = &caller.tenant;
    require_kept_apart(&caller, &(&separations - &seen.settings.separations)).await?;
    set(&caller, |record| {
        // Somebody got a role since we looked at who holds what, or switched a rule.
        let rules = |tenant: &TenantRecord| tenant.settings.separations.clone();
        if record.owners_checked != seen.owners_checked || rules(record) != rules(seen) {
            return Err(StoreError::Conflict.into());
        }
        let next = TenantSettings {
            notice_days,
            session_max_h,
            session_idle_min,
            separations: separations.clone(),
            ..record.settings.clone()
        };
        let names: Vec<_> = separations.iter().map(|name| name.as_str()).collect();
        let event = AuditEvent::new(EventKind::TenantSettingsChanged, target(&caller))
            .with("notice_days", notice_days)
            .with("session_max_h", session_max_h)
            .with("session_idle_min", session_idle_min)
            .with("separations", names);
        Ok((next, event))
    })
    .await
}

/// Refuses new rules that somebody breaks already; owners hold everything whatever the rules.
async fn require_kept_apart(caller: &Caller, on: &BTreeSet<SeparationName>) -> Result<(), Problem> {
    if on.is_empty() {
        return Ok(());
    }
    for guard in members::all(&caller.data).await? {
        let is_owner = guard.roles.contains(&Role::Owner);
        if let Err(error) = refuse_raise(on, |_| is_owner, |held| guard.grants(held)) {
            return Err(caller.separated(error, Target::new("user", guard.user)).await);
        }
    }
    Ok(())
}
