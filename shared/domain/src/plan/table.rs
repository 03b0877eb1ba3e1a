//! The plans, as data: change what is sold here, and nowhere else.

use super::{
    Feature::{
        self, AiExternal, AiLocal, AuditRead, CustomRoles, Esign, Runner, SsoOidc, Webhooks,
    },
    Plan,
    Quota::{
        self, ApiRequestsPerMinute, AuditRetentionMonths, EvidenceCustodySaasGb, RunnersMax,
        RunsPerMonth, Seats,
    },
};

/// One plan. A quota that it does not name is not limited.
pub(super) struct Row {
    pub(super) features: &'static [Feature],
    pub(super) quotas: &'static [(Quota, u32)],
}

const FREE: Row = Row {
    features: &[AiExternal],
    quotas: &[
        (Seats, 3),
        (RunnersMax, 0),
        (RunsPerMonth, 100),
        (ApiRequestsPerMinute, 60),
        (AuditRetentionMonths, 13),
        (EvidenceCustodySaasGb, 1),
    ],
};

const PRO: Row = Row {
    features: &[AiExternal, Esign, Webhooks],
    quotas: &[
        (Seats, 25),
        (RunnersMax, 0),
        (RunsPerMonth, 2_000),
        (ApiRequestsPerMinute, 300),
        (AuditRetentionMonths, 13),
        (EvidenceCustodySaasGb, 25),
    ],
};

const BUSINESS: Row = Row {
    features: &[AiExternal, Esign, Webhooks, Runner, AiLocal, SsoOidc, AuditRead, CustomRoles],
    quotas: &[
        (Seats, 250),
        (RunnersMax, 25),
        (RunsPerMonth, 50_000),
        (ApiRequestsPerMinute, 1_200),
        (AuditRetentionMonths, 13),
        (EvidenceCustodySaasGb, 250),
    ],
};

const ENTERPRISE: Row = Row { features: Feature::ALL, quotas: &[(AuditRetentionMonths, 84)] };

pub(super) const fn row(plan: Plan) -> &'static Row {
    match plan {
        Plan::Free => &FREE,
        Plan::Pro => &PRO,
        Plan::Business => &BUSINESS,
        Plan::Enterprise => &ENTERPRISE,
    }
}

/// Names every feature that no plan but the largest has, so that a new one is sold on purpose.
#[cfg(test)]
mod tests {
    use super::{
        Feature::{AuditRetentionConfigurable, Cmk, Hsm, MinTls13, Mtls, Scim, SsoSaml},
        *,
    };

    #[test]
    fn what_only_the_largest_plan_has_is_meant_to_be_so() {
        let others = [&FREE, &PRO, &BUSINESS];
        let only: Vec<_> = Feature::ALL
            .iter()
            .filter(|feature| !others.iter().any(|row| row.features.contains(feature)))
            .collect();
        assert_eq!(
            only,
            [&SsoSaml, &Scim, &Cmk, &Hsm, &Mtls, &MinTls13, &AuditRetentionConfigurable]
        );
    }
}
