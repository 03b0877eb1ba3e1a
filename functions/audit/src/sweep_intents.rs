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
    &[EventKind::LogGenesis, EventKind::LogIncomplete],
);

/// Where intents are written.
const CONTAINERS: [Container; 4] =
    [Container::Auth, Container::Access, Container::Runs, Container::Audit];

/// Partitions that one sweep looks at in each container; the next sweep goes on from there.
const PARTITIONS_MAX: usize = 1000;

/// How far each container was swept.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Swept {
    cursors: Vec<Option<String>>,
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
    let (after, tenants) = dirty(&job, before.as_ref().map(|found| &found.document)).await?;
    for tenant in &tenants {
        sealing::seal(&state, &job, *tenant).await?;
    }
    // Only now: a sweep that died half-way is done again.
    remember(&system, before, after).await?;
    Ok(json!({"tenants": tenants.len()}))
}

async fn dirty(
    job: &Job,
    before: Option<&Swept>,
) -> Result<(Swept, BTreeSet<TenantId>), StoreError> {
    let (mut after, mut tenants) = (Swept::default(), BTreeSet::new());
    for (place, container) in CONTAINERS.into_iter().enumerate() {
        let cursor =
            before.and_then(|swept| swept.cursors.get(place).cloned().flatten()).map(Cursor);
        let found = job.cap.dirty(container, cursor.as_ref(), PARTITIONS_MAX).await?;
        tenants.extend(found.partitions.into_iter().map(|partition| partition.tenant));
        after.cursors.push(Some(found.cursor.0));
    }
    tenants.remove(&TenantId::SYSTEM);
    Ok((after, tenants))
}

async fn remember(
    system: &store::Partition,
    before: Option<Found<Swept>>,
    after: Swept,
) -> Result<(), StoreError> {
    let keep = Housekeeping::new(HousekeepingKind::Cursor);
    let keep = match before {
        None => keep.create(&after),
        Some(found) if found.document.cursors == after.cursors => return Ok(()),
        Some(found) => keep.replace(&after, found.etag),
    };
    match system.keep(keep).await {
        // Another sweep was faster; what it remembers is as good.
        Ok(()) | Err(StoreError::Exists | StoreError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}
