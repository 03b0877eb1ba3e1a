//! How many requests a minute the users and programs of a tenant make: as many as its plan includes.
//!
//! It is counted in memory, at each instance by itself: a counter that all instances share would cost a write for each request.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::http::{HeaderName, HeaderValue, header::RETRY_AFTER};
use domain::{
    Class, Entitlements, Fault as _, Quota, TenantId, Timestamp,
    auth::{Level, Limit, LimitError, Taken},
};

use crate::Problem;

const NAME: &str = "api";
const PERIOD: Duration = Duration::from_mins(1);
/// Tenants after which those are forgotten that asked nothing for a minute.
const KEPT_MAX: usize = 10_000;

/// What each tenant used of its minute.
#[derive(Default)]
pub(crate) struct Requests(Mutex<HashMap<TenantId, Level>>);

impl Requests {
    /// Counts one request of `tenant`, or says how long to wait.
    ///
    /// # Errors
    /// * 429 `rate-limited`, which names the plan and what it includes.
    pub(crate) fn count(
        &self,
        tenant: TenantId,
        has: &Entitlements<'_>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let quota = Quota::ApiRequestsPerMinute;
        let Some(limit) = has.quota(quota) else { return Ok(()) };
        self.take(tenant, Limit::new(NAME, limit, PERIOD), now).map_err(|error| {
            too_many(error)
                .with("entitlement", quota.name())
                .with("plan", has.plan().name())
                .with("limit", limit)
        })
    }

    fn take(&self, tenant: TenantId, limit: Limit, now: Timestamp) -> Result<(), LimitError> {
        if limit.burst == 0 {
            return Err(LimitError { wait: limit.period, limit });
        }
        let mut levels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if levels.len() >= KEPT_MAX {
            levels.retain(|_, level| level.empty_at() > now);
        }
        match limit.take(levels.get(&tenant).copied(), now) {
            Taken::Within { level, .. } => {
                levels.insert(tenant, level);
                Ok(())
            }
            Taken::Over(error) => Err(error),
        }
    }
}

/// 429 with the limit and how long to wait (draft-ietf-httpapi-ratelimit-headers).
pub fn too_many(error: LimitError) -> Problem {
    let LimitError { limit, .. } = error;
    let (name, wait) = (limit.name, error.retry_after_s());
    let policy = format!("\"{name}\";q={};w={}", limit.burst, limit.period.as_secs());
    let problem = Problem::new(Class::TooMany, error.code(), format!("{error}."));
    let headers = [
        (RETRY_AFTER, wait.to_string()),
        (HeaderName::from_static("ratelimit-policy"), policy),
        (HeaderName::from_static("ratelimit"), format!("\"{name}\";r=0;t={wait}")),
    ];
    headers.into_iter().fold(problem, |problem, (name, value)| {
        match HeaderValue::from_str(&value) {
            Ok(value) => problem.header(name, value),
            Err(_) => problem,
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::{Overrides, Plan};

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_s(1_795_219_200);

    /// How many of 2 000 requests at once pass.
    fn passed(plan: Plan, changed: Option<u32>) -> usize {
        let quotas = changed.map(|limit| (Quota::ApiRequestsPerMinute, limit));
        let overrides = Overrides { quotas: BTreeMap::from_iter(quotas), ..Overrides::default() };
        let has = Entitlements::new(plan, &overrides);
        let requests = Requests::default();
        let one = |_: &u32| requests.count(TenantId::from_u128(1), &has, NOW).is_ok();
        (0..2_000).filter(one).count()
    }

    #[test]
    fn each_plan_has_as_many_requests_a_minute_as_its_row_says() {
        let passed: Vec<_> = Plan::ALL.iter().map(|plan| passed(*plan, None)).collect();
        assert_eq!(passed, [60, 300, 1_200, 2_000]);
    }

    #[test]
    fn an_override_counts_before_the_plan() {
        assert_eq!(passed(Plan::Enterprise, Some(3)), 3);
        assert_eq!(passed(Plan::Free, Some(0)), 0);
    }

    #[test]
    fn one_tenant_does_not_use_up_another_ones_minute() {
        let overrides = Overrides::default();
        let has = Entitlements::new(Plan::Free, &overrides);
        let requests = Requests::default();
        let count = |tenant: u128, now| requests.count(TenantId::from_u128(tenant), &has, now);
        assert_eq!((0..100).filter(|_| count(1, NOW).is_ok()).count(), 60);
        assert!(count(2, NOW).is_ok());
        let refused = count(1, NOW).unwrap_err();
        assert_eq!((refused.class, refused.code), (Class::TooMany, "rate-limited"));
        assert_eq!(
            (&refused.members["entitlement"], &refused.members["plan"], &refused.members["limit"]),
            (&"api_requests_per_minute".into(), &"free".into(), &60.into())
        );
        // A sixtieth of a minute gives one back.
        assert!(count(1, NOW.plus(Duration::from_secs(1))).is_ok());
        assert!(count(1, NOW.plus(Duration::from_secs(1))).is_err());
    }
}
