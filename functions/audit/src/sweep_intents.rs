//! Timer: finds the tenants whose wake-up was lost.

use std::collections::BTreeSet;

use domain::{EventKind, TenantId};
use ports::{Container, Cursor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Document, Found, Housekeeping, HousekeepingKind, StoreError};
use web::{Job, Problem, Trigger};

use crate::{State, sealing};

pub(crate) const TRIGGER: Trigger = Trigger::timer(
    "sweep_intents",
    "*/5 * * * * *",
    &[
        EventKind::LogGenesis,
        EventKind::LogIncomplete,
        EventKind::LogFilled,
        EventKind::AuditVerifyFailed,
    ],
);

/// Where intents are written.
const CONTAINERS: [Container; 6] = [
    Container::Auth,
    Container::Access,
    Container::Runs,
    Container::Audit,
    Container::Disclosures,
    Container::Purges,
];

/// Partitions that one sweep looks at in each container; the next sweep goes on from there.
const PARTITIONS_MAX: usize = 1000;

/// How far each container was swept, and whose intents could not be sealed then.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Swept {
    cursors: Vec<Option<String>>,
    #[serde(default)]
    pending: BTreeSet<TenantId>,
}

impl Document for Swept {
    const CONTAINER: Container = Container::Cursors;
    const KIND: &'static str = "swept";

    fn id(&self) -> String {
        "swept".to_owned()
    }
}

pub(crate) async fn handle(state: State, job: Job, _timer: Value) -> Result<Value, Problem> {
    let system = job.cap.partition(TenantId::SYSTEM, TRIGGER.name);
    let before = system.find::<Swept>("swept").await?;
    let mut swept = before.as_ref().map(|found| found.document.clone()).unwrap_or_default();
    let mut tenants = news(&job, &mut swept.cursors).await?;
    tenants.append(&mut swept.pending);
    let mut failed = None;
    for tenant in &tenants {
        // One that cannot be sealed is no reason to leave out the others; the next sweep tries it again.
        if let Err(error) = sealing::seal(&state, &job, *tenant).await {
            tracing::error!(tenant.id = %tenant, %error, "the intents of a tenant were not sealed");
            swept.pending.insert(*tenant);
            failed = Some(error);
        }
    }
    // Only now: a sweep that died half-way is done again.
    remember(&system, before, swept).await?;
    failed.map_or_else(|| Ok(json!({"tenants": tenants.len()})), |error| Err(error.into()))
}

/// The tenants that did something since `cursors`, which go on.
pub(crate) async fn news(
    job: &Job,
    cursors: &mut Vec<Option<String>>,
) -> Result<BTreeSet<TenantId>, StoreError> {
    let mut tenants = BTreeSet::new();
    cursors.resize(CONTAINERS.len(), None);
    for (container, cursor) in CONTAINERS.into_iter().zip(cursors) {
        let after = cursor.clone().map(Cursor);
        let found = job.cap.dirty(container, after.as_ref(), PARTITIONS_MAX).await?;
        tenants.extend(found.partitions.into_iter().map(|partition| partition.tenant));
        *cursor = Some(found.cursor.0);
    }
    tenants.remove(&TenantId::SYSTEM);
    Ok(tenants)
}

async fn remember(
    system: &store::Partition,
    before: Option<Found<Swept>>,
    after: Swept,
) -> Result<(), StoreError> {
    let keep = Housekeeping::new(HousekeepingKind::Cursor);
    let keep = match before {
        None => keep.create(&after),
        Some(found) if found.document == after => return Ok(()),
        Some(found) => keep.replace(&after, found.etag),
    };
    match system.keep(keep).await {
        // Another sweep was faster; what it remembers is as good.
        Ok(()) | Err(StoreError::Exists | StoreError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}
