//! How many runs a tenant's plan includes in a calendar month (UTC): counted before they are held, so that two batches at once do not both take the
//! last one; what then does not become a run is given back.
//!
//! What is over is deferred: it is not held, keeps its place in the Runner's queue, and counts when the month or the plan changes. The same statement
//! sent again is no other run.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::{
    AuditEvent, EntitlementError, EventKind, Fault as _, Plan, Quota, Target, TenantId, Timestamp,
};
use ports::Container;
use protocol::{
    Digest,
    routes::{EventResult, EventStatus},
    statement::EventNumber,
};
use serde::{Deserialize, Serialize};
use store::{
    Change, Document, Housekeeping, HousekeepingKind, Partition, StoreError, TenantRecord,
};

use super::{Ingestion, Step, result};
use crate::statements::StatementRecord;

/// For how long a tenant's plan is known (mission §3.1: at most 60 s).
const KNOWN_FOR: Duration = Duration::from_mins(1);
/// How often a counter is tried against others who write it.
const ATTEMPTS_MAX: u32 = 12;
/// How often storage may not answer before that is said, as for statements.
const UNANSWERED_MAX: u32 = 4;

/// The runs of one calendar month.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RunCount {
    /// Such as `2026-11`.
    month: String,
    runs: u32,
    /// What wrote it last: tells a write that was applied and not answered from one that was not.
    by: Digest,
}

impl RunCount {
    fn id_of(month: &str) -> String {
        format!("runs-{month}")
    }
}

impl Document for RunCount {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "run_count";
    const SHARD: &'static str = "h";

    fn id(&self) -> String {
        Self::id_of(&self.month)
    }
}

/// What tenants' plans include, as it was a moment ago.
#[derive(Default)]
pub(crate) struct Included(Mutex<HashMap<TenantId, (Timestamp, Monthly)>>);

/// What a tenant's plan includes.
#[derive(Clone, Copy, Debug)]
struct Monthly {
    plan: Plan,
    limit: Option<u32>,
}

impl Included {
    fn known(&self, tenant: TenantId, now: Timestamp) -> Option<Monthly> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, monthly) = *known.get(&tenant)?;
        (now >= at && now.since(at) < KNOWN_FOR).then_some(monthly)
    }

    fn note(&self, tenant: TenantId, now: Timestamp, monthly: Monthly) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (at, _)| now >= *at && now.since(*at) < KNOWN_FOR);
        known.insert(tenant, (now, monthly));
    }
}

impl Ingestion<'_> {
    /// Takes from the month's runs for whatever is fresh, lowest numbers first, and defers the rest. How many were taken; `None` where nothing is
    /// counted.
    pub(super) async fn reserve(&self, steps: &mut [Step]) -> Result<Option<u32>, StoreError> {
        let mut fresh: Vec<(u64, usize)> = steps
            .iter()
            .enumerate()
            .filter_map(|(index, step)| step.link().map(|link| (link.sequence, index)))
            .collect();
        if fresh.is_empty() {
            return Ok(None);
        }
        let Monthly { plan, limit } = self.monthly().await?;
        let Some(limit) = limit else { return Ok(None) };
        let taken = self.take_runs(u32::try_from(fresh.len()).unwrap_or(u32::MAX), limit).await?;
        fresh.sort_unstable();
        let over: Vec<_> = fresh.iter().skip(taken.try_into().unwrap_or(usize::MAX)).collect();
        let refusal = EntitlementError::Quota { plan, quota: Quota::RunsPerMonth, limit };
        for (sequence, index) in &over {
            if let Some(step) = steps.get_mut(*index) {
                *step = Step::Done(deferred(*sequence, &refusal));
            }
        }
        if !over.is_empty() {
            self.record_over(plan, limit).await?;
        }
        Ok(Some(taken))
    }

    /// Gives back what was taken and did not become a run.
    pub(super) async fn give_back(
        &self,
        taken: Option<u32>,
        steps: &[Step],
    ) -> Result<(), StoreError> {
        let became = |step: &&Step| match step {
            Step::Done(result) => result.status == EventStatus::Accepted,
            Step::Refused(_) | Step::Fresh(_) | Step::Taken(_) | Step::Contradicted(_) => false,
        };
        let became = u32::try_from(steps.iter().filter(became).count()).unwrap_or(u32::MAX);
        match taken.map(|taken| taken.saturating_sub(became)) {
            None | Some(0) => Ok(()),
            Some(back) => self.count(|runs| (runs.saturating_sub(back), back)).await.map(|_| ()),
        }
    }

    async fn monthly(&self) -> Result<Monthly, StoreError> {
        let tenant = self.data.tenant();
        if let Some(known) = self.state.included.known(tenant, self.now) {
            return Ok(known);
        }
        let record = self.tenant_data().get::<TenantRecord>(TenantRecord::ID).await?.document;
        let limit = record.entitlements().quota(Quota::RunsPerMonth);
        let monthly = Monthly { plan: record.plan, limit };
        self.state.included.note(tenant, self.now, monthly);
        Ok(monthly)
    }

    /// As many of `wanted` as the month still has.
    async fn take_runs(&self, wanted: u32, limit: u32) -> Result<u32, StoreError> {
        self.count(|runs| {
            let taken = wanted.min(limit.saturating_sub(runs));
            (runs.saturating_add(taken), taken)
        })
        .await
    }

    /// Sets the month's count to what `next` makes of it; gives what `next` gives.
    async fn count(&self, next: impl Fn(u32) -> (u32, u32)) -> Result<u32, StoreError> {
        let (data, month) = (self.tenant_data(), month_of(self.now));
        let by = Digest::of(self.state.ports.randomness.bytes::<16>());
        let (mut unanswered, mut sent) = (0, 0);
        for _ in 0..ATTEMPTS_MAX {
            let found = data.find::<RunCount>(&RunCount::id_of(&month)).await?;
            if found.as_ref().is_some_and(|found| found.document.by == by) {
                return Ok(sent);
            }
            let before = found.as_ref().map_or(0, |found| found.document.runs);
            let (runs, given) = next(before);
            if given == 0 {
                return Ok(0);
            }
            sent = given;
            let count = RunCount { month: month.clone(), runs, by };
            let write = Housekeeping::new(HousekeepingKind::Usage);
            let write = match found {
                Some(found) => write.replace(&count, found.etag),
                None => write.create(&count),
            };
            match data.keep(write).await {
                Ok(()) => return Ok(given),
                Err(StoreError::Conflict | StoreError::Exists) => {}
                Err(StoreError::Unavailable(_)) if unanswered + 1 < UNANSWERED_MAX => {
                    unanswered += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Throttled)
    }

    /// In the tenant's log, once an hour and Runner: a queue that waits does not fill it.
    async fn record_over(&self, plan: Plan, limit: u32) -> Result<(), StoreError> {
        let (runner, code) = (self.runner.runner, "entitlement-required");
        let event = AuditEvent::denied(EventKind::RunRejected, Target::new("runner", runner), code)
            .with("entitlement", Quota::RunsPerMonth.name())
            .with("plan", plan.name())
            .with("limit", limit);
        let what = format!("runs-over|{runner}|{limit}|{}", self.now.unix_s() / 3600);
        self.record_once(&what, Change::new(event).beside::<StatementRecord>()).await
    }

    /// The tenant's data, each document in its own shard.
    fn tenant_data(&self) -> Partition {
        self.data.in_own_shards()
    }
}

fn deferred(sequence: u64, refusal: &EntitlementError) -> EventResult {
    let answer = result(EventNumber(sequence).to_string(), EventStatus::Deferred);
    EventResult { code: Some(refusal.code().to_owned()), ..answer }
}

/// The calendar month in UTC: RFC 3339 begins with it.
fn month_of(at: Timestamp) -> String {
    at.to_string().chars().take(7).collect()
}

/// What a door says when nothing of what came was taken for want of runs.
pub(crate) fn all_deferred(results: &[EventResult]) -> bool {
    !results.is_empty() && results.iter().all(|one| one.status == EventStatus::Deferred)
}

impl Ingestion<'_> {
    /// The refusal that names what is used up.
    pub(crate) async fn used_up(&self) -> Result<EntitlementError, StoreError> {
        let Monthly { plan, limit } = self.monthly().await?;
        let limit = limit.unwrap_or_default();
        Ok(EntitlementError::Quota { plan, quota: Quota::RunsPerMonth, limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_that_of_the_calendar_in_utc() {
        let month = |text: &str| month_of(text.parse().unwrap());
        assert_eq!(month("2026-11-30T23:59:59.999999Z"), "2026-11");
        assert_eq!(month("2026-12-01T00:00:00.000000Z"), "2026-12");
    }

    #[test]
    fn a_plan_is_known_for_a_minute() {
        let (tenant, now) = (TenantId::from_u128(1), Timestamp::from_unix_s(1_795_219_200));
        let included = Included::default();
        included.note(tenant, now, Monthly { plan: Plan::Free, limit: Some(1) });
        let known =
            |after_s| included.known(tenant, now.plus(Duration::from_secs(after_s))).is_some();
        assert!(known(0) && known(59) && !known(60));
        assert!(included.known(TenantId::from_u128(2), now).is_none());
    }
}
