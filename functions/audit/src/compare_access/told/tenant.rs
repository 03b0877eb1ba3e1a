//! What the log says of the tenant itself: what it pays for, what an operator changed for it, and what it decided.

use std::collections::BTreeSet;

use domain::{Overrides, SupportAccess, TenantSettings};
use serde_json::{Map, Value};
use store::TenantRecord;

use super::{member, names};
use crate::search::Row;

/// A tenant as the log made it; nothing is compared of which no row speaks.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct ToldTenant {
    plan: Option<String>,
    state: Option<String>,
    /// Its name, and until when it is granted.
    support: Option<(String, Option<String>)>,
    mfa_policy: Option<String>,
    settings: Option<ToldSettings>,
    /// Features, then quotas.
    overrides: Option<(Map<String, Value>, Map<String, Value>)>,
}

/// What one row says of all of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct ToldSettings {
    notice_days: Option<u64>,
    session_max_h: Option<u64>,
    session_idle_min: Option<u64>,
    separations: BTreeSet<String>,
}

impl ToldTenant {
    pub(super) fn take(&mut self, row: &Row) {
        let text = |name: &str| member(row, name).as_str().map(str::to_owned);
        match row.action.as_str() {
            "tenant.created" => self.plan = text("plan").or(self.plan.take()),
            "tenant.plan.changed" => self.plan = text("to"),
            "tenant.support_access.changed" => {
                self.support = text("access").map(|access| (access, text("until")));
            }
            "iam.mfa_policy.changed" => self.mfa_policy = text("policy"),
            "tenant.settings.changed" => self.settings = Some(ToldSettings::of(row)),
            "tenant.entitlement.overridden" => {
                let of = |name| member(row, name).as_object().cloned().unwrap_or_default();
                self.overrides = Some((of("features"), of("quotas")));
            }
            "tenant.suspended" | "tenant.resumed" | "tenant.closing" | "tenant.closed" => {
                self.state = text("to");
            }
            _ => {}
        }
    }

    /// In what a tenant's record is not as the log made it.
    pub(super) fn differs(&self, tenant: &TenantRecord) -> Option<&'static str> {
        let settings = &tenant.settings;
        let as_recorded = [
            ("plan", is_or_unknown(self.plan.as_deref(), tenant.plan.name())),
            ("state", is_or_unknown(self.state.as_deref(), tenant.state.name())),
            ("support_access", is_or_unknown(self.support.clone(), support(settings))),
            ("mfa_policy", is_or_unknown(self.mfa_policy.as_deref(), settings.mfa_policy.name())),
            ("settings", self.settings.as_ref().is_none_or(|told| told.are(settings))),
            ("overrides", is_or_unknown(self.overrides.clone(), overrides(&tenant.overrides))),
        ];
        as_recorded.into_iter().find(|(_, is_same)| !is_same).map(|(what, _)| what)
    }
}

impl ToldSettings {
    fn of(row: &Row) -> Self {
        let number = |name: &str| member(row, name).as_u64();
        Self {
            notice_days: number("notice_days"),
            session_max_h: number("session_max_h"),
            session_idle_min: number("session_idle_min"),
            separations: names(member(row, "separations")),
        }
    }

    fn are(&self, stored: &TenantSettings) -> bool {
        let rules: BTreeSet<_> =
            stored.separations.iter().map(|rule| rule.as_str().to_owned()).collect();
        is_or_unknown(self.notice_days, stored.notice_days.into())
            && is_or_unknown(self.session_max_h, stored.session_max_h.into())
            && is_or_unknown(self.session_idle_min, stored.session_idle_min.into())
            && self.separations == rules
    }
}

/// Whether `stored` is what was told; what nothing was told of is as it may be.
fn is_or_unknown<T: PartialEq>(told: Option<T>, stored: T) -> bool {
    told.is_none_or(|told| told == stored)
}

fn support(settings: &TenantSettings) -> (String, Option<String>) {
    let until = match settings.support_access {
        SupportAccess::GrantedUntil(until) => Some(until.to_string()),
        SupportAccess::Off | SupportAccess::Ask => None,
    };
    (settings.support_access.name().to_owned(), until)
}

/// As the row names them, which has no dots in names.
fn overrides(stored: &Overrides) -> (Map<String, Value>, Map<String, Value>) {
    let key = |name: &str| name.replace('.', "_");
    let features = stored.features.iter().map(|(feature, on)| (key(feature.name()), (*on).into()));
    let quotas = stored.quotas.iter().map(|(quota, limit)| (key(quota.name()), (*limit).into()));
    (features.collect(), quotas.collect())
}

#[cfg(test)]
mod tests;
