//! Timer `close_tenants`: what its owner closed is closed for good once the grace is over.
//!
//! The tenant's record stays as a tombstone, and its log as it is. Names and addresses of its people are overwritten, and nobody signs in any more.
//! The keys of the tenant's fields are destroyed by the app that may, `purge`, when it next comes round.

use domain::{
    Actor, EventKind, TenantId, TenantMove, TenantMoveError, TenantState, Timestamp, hold::Hold,
};
use ports::Container;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{
    Change, Document, Found, Guard, GuardState, ListOf, Partition, StoreError, TenantRecord,
    retention::holds,
};
use web::{Job, Problem, Trigger};

use crate::{
    AuthState, followers,
    members::{self, in_state},
    records::UserRecord,
};

pub(crate) const TRIGGER: Trigger =
    Trigger::timer("close_tenants", "0 17 * * * *", &[EventKind::TenantClosed]);

/// Notes that are read at a time.
const PAGE: usize = 200;

/// That a tenant began to close: what the timer goes by. Whether it still does is in its own record.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Closing {
    /// Which.
    pub(crate) tenant: TenantId,
    /// Whether it is closed for good and its people are forgotten, so that nobody need look again.
    #[serde(default)]
    pub(crate) is_settled: bool,
}

impl Document for Closing {
    const CONTAINER: Container = Container::Access;
    const KIND: &'static str = "closing";

    fn id(&self) -> String {
        format!("closing-{}", self.tenant)
    }
}

/// Notes that a tenant began to close. Noted twice is noted once.
pub(crate) async fn note(state: &AuthState, tenant: TenantId) -> Result<(), StoreError> {
    followers::create(&state.data(TenantId::SYSTEM), &Closing { tenant, is_settled: false }).await
}

/// Refuses while a legal hold is set (mission §3.1). One that is set while the tenant is closing keeps it from being closed for good.
///
/// # Errors
/// * [`TenantMoveError::Held`].
pub(crate) async fn require_no_hold(data: &Partition) -> Result<(), Problem> {
    if is_held(data).await? { Err(TenantMoveError::Held.into()) } else { Ok(()) }
}

async fn is_held(data: &Partition) -> Result<bool, StoreError> {
    Ok(holds(data).await?.iter().any(Hold::is_active))
}

pub(crate) async fn handle(_state: AuthState, job: Job, _timer: Value) -> Result<Value, Problem> {
    let system = job.cap.partition(TenantId::SYSTEM, TRIGGER.name);
    let (mut closed, mut failed, mut after) = (0, 0, None);
    loop {
        let of = ListOf { after, limit: PAGE, ..ListOf::default() };
        let page = system.list::<Closing>(of).await?;
        let notes = page.documents.into_iter().map(|found| found.document);
        for note in notes.filter(|note| !note.is_settled) {
            match look_at(&job, &system, note).await {
                Ok(did_close) => closed += u32::from(did_close),
                Err(error) => {
                    // One tenant's trouble is not the others'; the next hour tries again.
                    tracing::error!(tenant.id = %note.tenant, ?error, "the tenant was not closed");
                    failed += 1;
                }
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(json!({"closed": closed, "failed": failed}));
        }
    }
}

/// What became of a tenant that began to close.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Looked {
    /// Its grace is not over, its owner changed their mind, or a legal hold keeps it.
    Stays,
    /// It was closed for good just now.
    Closed,
    /// It was before, and its people are forgotten.
    WasClosed,
}

/// Closes the tenant if it is time, and settles the note once nothing is left to be done. Whether it closed it.
async fn look_at(job: &Job, system: &Partition, note: Closing) -> Result<bool, Problem> {
    let data = job.cap.partition(note.tenant, TRIGGER.name);
    let looked = close(&data, job.now).await?;
    if looked != Looked::Stays {
        let settle =
            |note: &Closing| (!note.is_settled).then_some(Closing { is_settled: true, ..*note });
        followers::update(system, &note.id(), settle).await?;
    }
    Ok(looked == Looked::Closed)
}

/// Closes a tenant whose grace is over, and forgets its people.
async fn close(data: &Partition, now: Timestamp) -> Result<Looked, Problem> {
    let Found { document: record, etag } = data.get::<TenantRecord>(TenantRecord::ID).await?;
    let is_due = record.closes_at.is_some_and(|at| at <= now);
    match record.state {
        TenantState::Closing if is_due => {
            if is_held(data).await? {
                tracing::info!(tenant.id = %record.tenant, "a legal hold keeps a closing tenant");
                return Ok(Looked::Stays);
            }
            let (state, event) = TenantMove::Close.from(record.state, record.tenant)?;
            let closed = TenantRecord { state, closes_at: None, ..record };
            let change = Change::new(event).replace(&closed, etag);
            data.commit(&Actor::system(TRIGGER.name), now, change).await?;
            forget_people(data).await?;
            Ok(Looked::Closed)
        }
        // What a tick that died half-way left.
        TenantState::Closed => {
            forget_people(data).await?;
            Ok(Looked::WasClosed)
        }
        TenantState::Closing | TenantState::Active | TenantState::Suspended => Ok(Looked::Stays),
    }
}

/// Each write can be repeated, and finds nothing to do the second time.
async fn forget_people(data: &Partition) -> Result<(), StoreError> {
    for guard in members::all(data).await? {
        let id = guard.user.to_string();
        followers::update(data, &id, |guard: &Guard| in_state(guard, GuardState::Disabled)).await?;
        let forget = |user: &UserRecord| {
            let known = !user.sealed_email.is_empty() || !user.display_name.is_empty();
            known.then(|| UserRecord {
                sealed_email: String::new(),
                display_name: String::new(),
                ..user.clone()
            })
        };
        match followers::update(data, &id, forget).await {
            Ok(_) | Err(StoreError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
