//! Timer: makes what guards read again from the log, and raises the alarm where the two differ.
//!
//! Signatures keep an operator of the database from making a record; this finds the ones that he put back: an older record is signed as well as
//! a newer one, but the log knows what came after it. And it finds the ones that he removed.

mod stored;
mod told;
mod untold;

use std::{collections::BTreeSet, time::Duration};

use domain::{Actor, AuditEvent, EventId, EventKind, Outcome, Target, TenantId, Timestamp};
use ports::{Container, Cursor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use store::{Change, Document, Housekeeping, HousekeepingKind, Partition, StoreError};
use web::{Job, Problem, Trigger};

use crate::State;
use told::Told;

pub(crate) const TRIGGER: Trigger =
    Trigger::timer("compare_access", "50 */5 * * * *", &[EventKind::AuditVerifyFailed]);

/// Tenants that one tick compares.
const TENANTS_MAX: usize = 20;
/// Partitions that one tick looks at.
const PARTITIONS_MAX: usize = 1000;
/// What was changed within this time is compared later: its row may not be sealed yet, and what follows from it may be on its way.
const SETTLES_WITHIN: Duration = Duration::from_mins(10);

/// How far was compared. It proves nothing: whoever resets it has everything compared once more, and everything is once a day.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Compared {
    cursor: Option<String>,
    pending: BTreeSet<TenantId>,
    day: i64,
}

impl Document for Compared {
    const CONTAINER: Container = Container::Cursors;
    const KIND: &'static str = "compared";

    fn id(&self) -> String {
        "compared".to_owned()
    }
}

/// A record that is not as the log says.
#[derive(Debug, Eq, PartialEq)]
struct Difference {
    record: String,
    why: &'static str,
}

pub(crate) async fn handle(state: State, job: Job, _timer: Value) -> Result<Value, Problem> {
    let system = job.cap.partition(TenantId::SYSTEM, TRIGGER.name);
    let found = system.find::<Compared>("compared").await?;
    let (before, etag) =
        found.map_or_else(Default::default, |found| (found.document, Some(found.etag)));
    let mut compared = before.clone();
    find_changed(&job, &mut compared).await?;
    let tenants: Vec<_> = compared.pending.iter().copied().take(TENANTS_MAX).collect();
    let (mut differences, mut failed) = (0, None);
    for tenant in &tenants {
        match compare(&state, &job, *tenant).await {
            Ok((found, has_settled)) => {
                differences += found;
                if has_settled {
                    compared.pending.remove(tenant);
                }
            }
            // One that cannot be compared is no reason to leave out the others; the next tick tries it again.
            Err(error) => {
                tracing::error!(tenant.id = %tenant, %error, "the records of a tenant were not compared with its log");
                failed = Some(error);
            }
        }
    }
    if compared != before {
        let keep = Housekeeping::new(HousekeepingKind::Cursor);
        let keep = match etag {
            None => keep.create(&compared),
            Some(etag) => keep.replace(&compared, etag),
        };
        match system.keep(keep).await {
            // Another tick was faster, and knows as much.
            Ok(()) | Err(StoreError::Exists | StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let done = json!({"tenants": tenants.len(), "differences": differences});
    failed.map_or(Ok(done), |error| Err(error.into()))
}

/// The tenants whose records changed since the last time; once a day, all of them.
async fn find_changed(job: &Job, compared: &mut Compared) -> Result<(), StoreError> {
    let today = job.now.unix_s() / 86_400;
    if compared.day != today {
        (compared.day, compared.cursor) = (today, None);
    }
    let after = compared.cursor.clone().map(Cursor);
    let found = job.cap.dirty(Container::Access, after.as_ref(), PARTITIONS_MAX).await?;
    // Sessions have a shard of their own, which changes all the time: they are compared with the rest, once a day at least.
    let changed = found.partitions.into_iter().filter(|partition| partition.shard == "0");
    compared.pending.extend(changed.map(|partition| partition.tenant));
    compared.pending.remove(&TenantId::SYSTEM);
    compared.cursor = Some(found.cursor.0);
    Ok(())
}

/// How many records of a tenant differ, and whether all of them could be compared.
async fn compare(state: &State, job: &Job, tenant: TenantId) -> Result<(usize, bool), StoreError> {
    let data = job.cap.partition(tenant, TRIGGER.name);
    let told = Told::read(state, &data).await?;
    let mut verdicts = stored::verdicts(&data, &told, job.now).await?;
    verdicts.extend(untold::verdicts(&data, &told, job.now).await?);
    let has_settled = !verdicts.contains(&Verdict::TooEarly);
    let mut found = 0;
    for verdict in verdicts {
        if let Verdict::Differs(difference) = verdict {
            found += 1;
            alarm(&data, job.now, difference).await?;
        }
    }
    Ok((found, has_settled))
}

/// What comparing one record gave, where it is not as the log says.
#[derive(Debug, Eq, PartialEq)]
enum Verdict {
    /// It changed just now: what else belongs to it may be on its way.
    TooEarly,
    Differs(Difference),
}

impl Verdict {
    /// What to make of a record that differs, and that changed last at one of these times.
    fn of(
        record: &str,
        why: &'static str,
        changed: [Option<Timestamp>; 2],
        now: Timestamp,
    ) -> Self {
        let is_recent = |at: Timestamp| at <= now && now.since(at) < SETTLES_WITHIN;
        if changed.into_iter().flatten().any(is_recent) {
            return Self::TooEarly;
        }
        Self::Differs(Difference { record: record.to_owned(), why })
    }
}

/// A line for whoever runs the deployment, and a row for the tenant; one a day for each record and reason.
async fn alarm(data: &Partition, now: Timestamp, found: Difference) -> Result<(), StoreError> {
    let Difference { record, why } = found;
    let tenant = data.tenant();
    tracing::error!(alarm = "access-differs", tenant.id = %tenant, record, why, "a record is not as the log says");
    let day = now.unix_s() / 86_400;
    let digest = Sha256::digest(format!("access|{tenant}|{record}|{why}|{day}"));
    let id = digest.first_chunk().map(|bytes| EventId::from_u128(u128::from_be_bytes(*bytes)));
    let mut event =
        AuditEvent::new(EventKind::AuditVerifyFailed, Target::new("access_record", record))
            .with("why", why);
    event.outcome = Outcome::Failed;
    match data.commit_as(id, &Actor::system(TRIGGER.name), now, Change::new(event)).await {
        Ok(_) | Err(StoreError::Exists | StoreError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}
