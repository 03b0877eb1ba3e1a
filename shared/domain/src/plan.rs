//! What a tenant pays for: plans as data, and what an operator changed for one tenant.

mod table;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Class, Fault};

/// What a tenant pays for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// To try it.
    Free,
    /// One team.
    Pro,
    /// Runners and self-service audit.
    Business,
    /// Everything; the default of a self-hosted deployment.
    Enterprise,
}

impl Plan {
    /// Every plan, smallest first.
    pub const ALL: [Self; 4] = [Self::Free, Self::Pro, Self::Business, Self::Enterprise];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Pro => "pro",
            Self::Business => "business",
            Self::Enterprise => "enterprise",
        }
    }

    /// Whether the plan includes `feature` (mission §3.1).
    pub fn includes(self, feature: Feature) -> bool {
        table::row(self).features.contains(&feature)
    }

    /// How much of `quota` the plan includes; `None` is as much as is asked for.
    pub fn quota(self, quota: Quota) -> Option<u32> {
        table::row(self).quotas.iter().find(|(known, _)| *known == quota).map(|(_, limit)| *limit)
    }
}

macro_rules! entitlements {
    ($(#[$doc:meta])* $type:ident: $($variant:ident = $name:literal: $what:literal;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum $type {
            $(#[doc = $what] #[serde(rename = $name)] $variant,)*
        }

        impl $type {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name that settings and refusals carry: add, never rename.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The one with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

entitlements! {
    /// What a plan includes or not.
    Feature:
    Runner = "runner": "Customer-controlled Runners.";
    AuditRead = "audit.read": "Reading, verifying and exporting the audit log without asking us.";
    AiLocal = "ai.local": "Models on the customer's own machines.";
    AiExternal = "ai.external": "Models of an outside provider, with consent.";
    SsoOidc = "sso.oidc": "Sign-in with an OpenID Connect provider.";
    SsoSaml = "sso.saml": "Sign-in with a SAML 2.0 provider.";
    Scim = "scim": "Users provisioned by SCIM 2.0.";
    Cmk = "cmk": "A key of the customer's own over the tenant's keys.";
    Hsm = "hsm": "Keys in hardware.";
    Mtls = "mtls": "Client certificates at the door.";
    MinTls13 = "min_tls13": "A host name that refuses TLS 1.2.";
    Webhooks = "webhooks": "Events to the customer's own endpoint.";
    Esign = "esign": "Electronic signatures.";
    CustomRoles = "custom_roles": "Roles of the tenant's own.";
    AuditRetentionConfigurable = "audit.retention_configurable": "The tenant chooses how long its log is kept.";
}

entitlements! {
    /// What a plan includes up to a number.
    Quota:
    Seats = "seats": "Users and open invitations.";
    RunnersMax = "runners_max": "Runners that are not revoked.";
    RunsPerMonth = "runs_per_month": "Accepted runs in a calendar month.";
    ApiRequestsPerMinute = "api_requests_per_minute": "Requests of the tenant's users and programs in a minute, at one instance.";
    AuditRetentionMonths = "audit.retention_months": "Months for which the audit log is kept.";
    EvidenceCustodySaasGb = "evidence_custody_saas_gb": "GB of evidence in our custody.";
}

/// What an operator changed for one tenant.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Overrides {
    /// Features given or taken.
    pub features: BTreeMap<Feature, bool>,
    /// Other limits.
    pub quotas: BTreeMap<Quota, u32>,
}

/// What a tenant may use: its plan, and what was changed for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entitlements<'a> {
    plan: Plan,
    overrides: &'a Overrides,
}

/// Why something is not the tenant's to use. Names the feature and the smallest plan that has it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EntitlementError {
    /// Not in the plan.
    #[error("the plan {} does not include {}{}", .plan.name(), .feature.name(), upgrade(*.plan_min))]
    Feature {
        /// The tenant's.
        plan: Plan,
        /// What was asked for.
        feature: Feature,
        /// The smallest plan with it.
        plan_min: Option<Plan>,
    },
    /// Used up.
    #[error("the plan {} includes {limit} of {}, and they are used up", .plan.name(), .quota.name())]
    Quota {
        /// The tenant's.
        plan: Plan,
        /// What was asked for.
        quota: Quota,
        /// How much there is.
        limit: u32,
    },
}

fn upgrade(plan: Option<Plan>) -> String {
    plan.map(|plan| format!("; the plan {} does", plan.name())).unwrap_or_default()
}

impl Fault for EntitlementError {
    fn class(&self) -> Class {
        Class::Forbidden
    }

    fn code(&self) -> &'static str {
        "entitlement-required"
    }
}

impl<'a> Entitlements<'a> {
    /// Of a tenant with this plan and these changes.
    pub const fn new(plan: Plan, overrides: &'a Overrides) -> Self {
        Self { plan, overrides }
    }

    /// The tenant's plan.
    pub const fn plan(&self) -> Plan {
        self.plan
    }

    /// Whether the tenant may use `feature`.
    pub fn includes(&self, feature: Feature) -> bool {
        let changed = self.overrides.features.get(&feature).copied();
        changed.unwrap_or_else(|| self.plan.includes(feature))
    }

    /// How much of `quota` the tenant has; `None` is as much as is asked for.
    pub fn quota(&self, quota: Quota) -> Option<u32> {
        self.overrides.quotas.get(&quota).copied().or_else(|| self.plan.quota(quota))
    }

    /// Refuses what the tenant may not use.
    ///
    /// # Errors
    /// * [`EntitlementError::Feature`].
    pub fn require(&self, feature: Feature) -> Result<(), EntitlementError> {
        if self.includes(feature) {
            return Ok(());
        }
        let plan_min = Plan::ALL.into_iter().find(|plan| plan.includes(feature));
        Err(EntitlementError::Feature { plan: self.plan, feature, plan_min })
    }

    /// Refuses one more when `used` are used.
    ///
    /// # Errors
    /// * [`EntitlementError::Quota`].
    pub fn require_one_more(&self, quota: Quota, used: usize) -> Result<(), EntitlementError> {
        match self.quota(quota) {
            Some(limit) if u64::try_from(used).unwrap_or(u64::MAX) >= u64::from(limit) => {
                Err(EntitlementError::Quota { plan: self.plan, quota, limit })
            }
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of mission §3.1, row by row.
    #[test]
    fn the_plans_include_what_the_design_says() {
        let from_business = [false, false, true, true];
        let only_enterprise = [false, false, false, true];
        let rows = [
            (Feature::Runner, from_business),
            (Feature::AiLocal, from_business),
            (Feature::AiExternal, [true; 4]),
            (Feature::SsoOidc, from_business),
            (Feature::SsoSaml, only_enterprise),
            (Feature::Scim, only_enterprise),
            (Feature::Cmk, only_enterprise),
            (Feature::Hsm, only_enterprise),
            (Feature::Mtls, only_enterprise),
            (Feature::AuditRead, from_business),
        ];
        for (feature, expected) in rows {
            assert_eq!(Plan::ALL.map(|plan| plan.includes(feature)), expected, "{feature:?}");
        }
        let months = Plan::ALL.map(|plan| plan.quota(Quota::AuditRetentionMonths));
        assert_eq!(months, [Some(13), Some(13), Some(13), Some(84)]);
    }

    /// A larger plan never takes anything away.
    #[test]
    fn a_larger_plan_includes_the_smaller_one() {
        for (smaller, larger) in Plan::ALL.into_iter().zip(Plan::ALL.into_iter().skip(1)) {
            for feature in Feature::ALL {
                assert!(!smaller.includes(*feature) || larger.includes(*feature), "{feature:?}");
            }
            for quota in Quota::ALL {
                let (less, more) = (smaller.quota(*quota), larger.quota(*quota));
                assert!(more.is_none() || less.is_some_and(|less| Some(less) <= more), "{quota:?}");
            }
        }
    }

    #[test]
    fn an_override_counts_before_the_plan_and_for_its_own_key_alone() {
        let overrides = Overrides {
            features: BTreeMap::from([(Feature::Runner, true), (Feature::AiExternal, false)]),
            quotas: BTreeMap::from([(Quota::Seats, 4)]),
        };
        let entitlements = Entitlements::new(Plan::Free, &overrides);
        assert!(entitlements.includes(Feature::Runner));
        assert!(!entitlements.includes(Feature::AiExternal));
        assert!(!entitlements.includes(Feature::AuditRead));
        assert_eq!(entitlements.quota(Quota::Seats), Some(4));
        assert_eq!(entitlements.require_one_more(Quota::Seats, 3), Ok(()));
        assert!(entitlements.require_one_more(Quota::Seats, 4).is_err());
    }

    /// Threat T77.
    #[test]
    fn a_refusal_names_the_feature_the_plan_and_the_smallest_plan_that_has_it() {
        let overrides = Overrides::default();
        let refusal = Entitlements::new(Plan::Pro, &overrides).require(Feature::SsoSaml);
        assert_eq!(
            refusal.unwrap_err().to_string(),
            "the plan pro does not include sso.saml; the plan enterprise does"
        );
    }

    #[test]
    fn names_are_found_again_and_are_the_serialised_ones() {
        for feature in Feature::ALL {
            assert_eq!(serde_json::to_value(feature).unwrap(), feature.name());
            assert_eq!(Feature::from_name(feature.name()), Some(*feature));
        }
        for quota in Quota::ALL {
            assert_eq!(serde_json::to_value(quota).unwrap(), quota.name());
            assert_eq!(Quota::from_name(quota.name()), Some(*quota));
        }
        for plan in Plan::ALL {
            assert_eq!(serde_json::to_value(plan).unwrap(), plan.name());
        }
    }
}
