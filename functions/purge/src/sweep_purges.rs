//! Timer: goes through every tenant that has a log.

use std::{collections::BTreeSet, time::Duration};

use domain::TenantId;
use ports::Container;
use serde_json::{Value, json};
use store::StoreError;
use web::{Job, Problem, Trigger};

use crate::{State, purge_tenant::AUDITS, tick, turns};

/// Once an hour: nothing here is urgent, and what is has a queue.
pub(crate) const TRIGGER: Trigger = Trigger::timer("sweep_purges", "0 17 * * * *", AUDITS);

/// Partitions that are read at a time.
const PAGE: usize = 1000;
/// No tenant is begun with after so long: an invocation has four minutes, and whoever is left comes first the next time.
const BEGINS_WITHIN: Duration = Duration::from_mins(3);

pub(crate) async fn handle(state: State, job: Job, _timer: Value) -> Result<Value, Problem> {
    let system = job.cap.partition(TenantId::SYSTEM, TRIGGER.name);
    let tenants = turns::in_turn(tenants(&job).await?, turns::last(&system).await?);
    let (mut failed, mut done) = (0, 0);
    for tenant in tenants {
        if state.ports.clock.now() >= job.now.plus(BEGINS_WITHIN) {
            break;
        }
        if let Err(error) = turns::begin(&system, tenant).await {
            tracing::warn!(%error, "whose turn it was is not kept; the next sweep may begin with another");
        }
        if let Err(error) = tick::tick(&state, &job, tenant).await {
            // One tenant's trouble is not the others'; the next hour tries again.
            tracing::error!(tenant.id = %tenant, %error, "nothing was purged");
            failed += 1;
        }
        done += 1;
    }
    Ok(json!({"failed": failed, "tenants": done}))
}

async fn tenants(job: &Job) -> Result<BTreeSet<TenantId>, StoreError> {
    let (mut tenants, mut after) = (BTreeSet::new(), None);
    loop {
        let page = job.cap.dirty(Container::Log, after.as_ref(), PAGE).await?;
        tenants.extend(page.partitions.into_iter().map(|partition| partition.tenant));
        if !page.more {
            tenants.remove(&TenantId::SYSTEM);
            return Ok(tenants);
        }
        after = Some(page.cursor);
    }
}
