//! Timer: the projection by which rows are found follows the logs that grew.
//!
//! What it notes proves nothing: whoever resets it has every log looked at once more.

use std::collections::BTreeMap;

use domain::{EventKind, TenantId};
use ports::Container;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Document, Housekeeping, HousekeepingKind, StoreError};
use web::{Job, Problem, Trigger};

use crate::{State, projection, sweep_intents};

pub(crate) const TRIGGER: Trigger =
    Trigger::timer("project_rows", "*/5 * * * * *", &[EventKind::AuditVerifyFailed]);

/// Tenants that one tick serves, and rows of each.
const TENANTS_MAX: usize = 100;
const ROWS_MAX: u64 = 1 << 14;
/// How often a tenant that did something is looked at: what it did may be sealed only after the first time.
const TURNS: u8 = 2;

/// Who did something, and how far it was looked for.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Followed {
    cursors: Vec<Option<String>>,
    pending: BTreeMap<TenantId, u8>,
}

impl Followed {
    const ID: &'static str = "following";
}

impl Document for Followed {
    const CONTAINER: Container = Container::Cursors;
    const KIND: &'static str = "following";

    fn id(&self) -> String {
        Self::ID.to_owned()
    }
}

pub(crate) async fn handle(state: State, job: Job, _timer: Value) -> Result<Value, Problem> {
    let system = job.cap.partition(TenantId::SYSTEM, TRIGGER.name);
    let found = system.find::<Followed>(Followed::ID).await?;
    let (mut followed, etag) =
        found.map_or_else(Default::default, |found| (found.document, Some(found.etag)));
    let before = followed.clone();
    let news = sweep_intents::news(&job, &mut followed.cursors).await?;
    followed.pending.extend(news.into_iter().map(|tenant| (tenant, TURNS)));
    let tenants: Vec<_> = followed.pending.keys().copied().take(TENANTS_MAX).collect();
    for tenant in &tenants {
        if follow(&state, &job, *tenant).await {
            pass(&mut followed, *tenant);
        }
    }
    if followed != before {
        let keep = Housekeeping::new(HousekeepingKind::Cursor);
        let keep = match etag {
            None => keep.create(&followed),
            Some(etag) => keep.replace(&followed, etag),
        };
        match system.keep(keep).await {
            // Another tick was faster, and knows as much.
            Ok(()) | Err(StoreError::Exists | StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(json!({"tenants": tenants.len()}))
}

/// Whether the projection of the tenant's log covers all of it. One that cannot be followed is no reason to leave out the others.
async fn follow(state: &State, job: &Job, tenant: TenantId) -> bool {
    let data = job.cap.partition(tenant, TRIGGER.name);
    let done = match state.log(&data).await {
        Ok(log) => projection::follow(state, &log, job.now, ROWS_MAX).await,
        Err(error) => Err(error),
    };
    done.unwrap_or_else(|error| {
        tracing::warn!(tenant.id = %tenant, %error, "the projection of a log does not follow it; it will be tried again");
        false
    })
}

/// A turn of the tenant is over.
fn pass(followed: &mut Followed, tenant: TenantId) {
    match followed.pending.get_mut(&tenant) {
        Some(turns) if *turns > 1 => *turns -= 1,
        Some(_) | None => drop(followed.pending.remove(&tenant)),
    }
}
