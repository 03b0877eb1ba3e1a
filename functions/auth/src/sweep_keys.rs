//! Timer `sweep_keys`: looks which tenants' keys are due, and wakes the job that deals with one tenant at a time.

use std::{collections::BTreeSet, time::Duration};

use domain::{TenantId, Timestamp};
use ports::{Container, QueueName};
use serde_json::{Value, json};
use store::StoreError;
use web::{Job, Problem, Trigger};

use crate::AuthState;

/// Once an hour; each tenant has its hour of the day, so that a deployment's tenants do not come all at once.
pub(crate) const TRIGGER: Trigger = Trigger::timer("sweep_keys", "0 47 * * * *", &[]);

/// Partitions that are read at a time.
const PAGE: usize = 1000;
const HOURS: i64 = 24;

pub(crate) async fn handle(state: AuthState, job: Job, _timer: Value) -> Result<Value, Problem> {
    let tenants = tenants(&job).await?;
    let due: Vec<_> = tenants.iter().filter(|tenant| is_turn(**tenant, job.now)).collect();
    for tenant in &due {
        let sent = state.queue.send(QueueName::Reseal, &tenant.to_string(), Duration::ZERO).await;
        sent.map_err(|error| StoreError::Unavailable(error.to_string()))?;
    }
    Ok(json!({"due": due.len(), "tenants": tenants.len()}))
}

/// Every tenant that has keys; the system's own are those of letters on their way.
async fn tenants(job: &Job) -> Result<BTreeSet<TenantId>, StoreError> {
    let (mut tenants, mut after) = (BTreeSet::new(), None);
    loop {
        let page = job.cap.dirty(Container::Keyring, after.as_ref(), PAGE).await?;
        tenants.extend(page.partitions.into_iter().map(|partition| partition.tenant));
        if !page.more {
            return Ok(tenants);
        }
        after = Some(page.cursor);
    }
}

/// Whether this is the tenant's hour of the day.
fn is_turn(tenant: TenantId, now: Timestamp) -> bool {
    let turn = tenant.to_bytes().last().map_or(0, |byte| i64::from(*byte)) % HOURS;
    (now.unix_s() / 3_600) % HOURS == turn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tenant_has_one_hour_of_the_day() {
        for tenant in (0..300).map(TenantId::from_u128) {
            let hours = (0..24).map(|hour| Timestamp::from_unix_s(1_795_219_200 + hour * 3_600));
            assert_eq!(hours.filter(|now| is_turn(tenant, *now)).count(), 1, "{tenant}");
        }
    }
}
