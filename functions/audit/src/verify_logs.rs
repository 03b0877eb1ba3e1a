//! Timer: verifies what was signed since the last time, and once a night all logs from their first row on, in all their epochs.
//!
//! Each tick does a bounded number of pieces and notes after each where to go on; what a tick that died did not note is done again. What it notes proves
//! nothing and is believed by nobody: whoever resets it has logs verified once more.

mod night;
mod progress;

use domain::{Actor, EventKind, TenantId};
use ports::Etag;
use serde_json::{Value, json};
use store::{Change, Housekeeping, HousekeepingKind, Partition, StoreError};
use web::{Job, Problem, Trigger};

use crate::{
    State, sweep_intents,
    verification::{self, Answer, Verdicts, VerificationError, VerificationRecord},
};
use night::Step;
use progress::{Progress, Verified};

pub(crate) const TRIGGER: Trigger = Trigger::timer(
    "verify_logs",
    "20 * * * * *",
    &[EventKind::AuditVerified, EventKind::AuditVerifyFailed],
);

/// Pieces that one tick verifies of what is new, and as many of what is due at night.
const PIECES_MAX: usize = 24;

pub(crate) async fn handle(state: State, job: Job, _timer: Value) -> Result<Value, Problem> {
    let system = job.cap.partition(TenantId::SYSTEM, TRIGGER.name);
    let found = system.find::<Progress>(Progress::ID).await?;
    let (mut progress, mut etag) =
        found.map_or_else(Default::default, |found| (found.document, Some(found.etag)));
    let before = progress.clone();
    let grown = sweep_intents::news(&job, &mut progress.cursors).await?;
    progress.news.extend(grown);
    let news = verify_news(&state, &job, &mut progress).await;
    let mut is_ours = progress == before || keep(&system, &progress, &mut etag).await?;
    let mut nightly = 0;
    for _ in 0..PIECES_MAX {
        if !is_ours {
            break;
        }
        match night::go_on(&state, &job, &mut progress.night).await? {
            Step::Nothing => break,
            Step::Looked => {}
            Step::Verified => nightly += 1,
        }
        is_ours = keep(&system, &progress, &mut etag).await?;
    }
    Ok(json!({"new": news, "nightly": nightly}))
}

/// Keeps how far the timer is. Not when another tick was faster: it goes on from there.
async fn keep(
    system: &Partition,
    progress: &Progress,
    etag: &mut Option<Etag>,
) -> Result<bool, StoreError> {
    let keep = Housekeeping::new(HousekeepingKind::Cursor);
    let keep = match etag.take() {
        None => keep.create(progress),
        Some(etag) => keep.replace(progress, etag),
    };
    forgive(system.keep(keep).await)?;
    let found = system.find::<Progress>(Progress::ID).await?;
    let found = found.filter(|found| found.document == *progress);
    *etag = found.map(|found| found.etag);
    Ok(etag.is_some())
}

/// Another tick was faster, and knows as much.
fn forgive(kept: Result<(), StoreError>) -> Result<(), StoreError> {
    match kept {
        Err(StoreError::Exists | StoreError::Conflict) => Ok(()),
        other => other,
    }
}

/// Verifies what was signed since the last time. How many pieces. A log that cannot be verified is no reason to leave out the others.
async fn verify_news(state: &State, job: &Job, progress: &mut Progress) -> usize {
    let tenants = progress.turns(PIECES_MAX);
    for tenant in &tenants {
        match verify_new(state, job, *tenant).await {
            Ok(true) => drop(progress.news.remove(tenant)),
            Ok(false) => {}
            Err(error) => verification::alarm_unverified(*tenant, &error),
        }
    }
    tenants.len()
}

/// Verifies the next piece of what is new in a tenant's log. Whether it was the last one.
async fn verify_new(state: &State, job: &Job, tenant: TenantId) -> Result<bool, VerificationError> {
    let data = job.cap.partition(tenant, TRIGGER.name);
    let log = state.log(&data).await?;
    let found = data.find::<Verified>(Verified::ID).await?;
    let known = found.as_ref().map(|found| found.document.clone()).unwrap_or_default();
    let from = if known.epoch == log.epoch() { known.rows } else { 0 };
    let piece = verification::check(state, &log, Some(from), None, job.now).await?;
    let answer = Answer::of(&piece, None);
    let mut verified = Verified { epoch: log.epoch(), rows: from.max(answer.to), failed: None };
    if answer.verdict == Verdicts::Broken {
        (verified.rows, verified.failed) = (from, answer.first_bad.clone());
        if verified.failed != known.failed {
            record(state, job, &data, answer).await?;
        }
    }
    if verified != known {
        let keep = Housekeeping::new(HousekeepingKind::Cursor);
        let keep = match found {
            None => keep.create(&verified),
            Some(found) => keep.replace(&verified, found.etag),
        };
        forgive(data.keep(keep).await)?;
    }
    Ok(piece.next.is_none())
}

async fn record(
    state: &State,
    job: &Job,
    data: &Partition,
    answer: Answer,
) -> Result<(), StoreError> {
    if answer.is_alarming() {
        verification::alarm(data.tenant(), &answer);
    }
    let verification = state.ports.randomness.id(job.now);
    let event = verification::event(verification, &answer);
    let record = VerificationRecord { verification, by: None, created_at: job.now, answer };
    let actor = Actor::system(TRIGGER.name);
    data.commit(&actor, job.now, Change::new(event).create(&record)).await.map(drop)
}
