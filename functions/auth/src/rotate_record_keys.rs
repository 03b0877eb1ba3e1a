//! Timer `rotate_record_keys`: each quarter another key signs what guards read.
//!
//! The next key is endorsed by the one before it, and signs as soon as every process knows it. When nothing is signed with an older one any more,
//! every record is signed again, page by page: where it is, is stored after each page, so that whoever is killed goes on there, and a tick that
//! comes twice does nothing twice. When a look at all of them found nothing to do, the newest key says that it alone counts.

use domain::{Actor, AuditEvent, EventKind, Target as EventTarget, TenantId};
use ports::KeyPurpose;
use serde_json::{Value, json};
use store::{Change, Found, Housekeeping, HousekeepingKind, KeyringError, Partition, StoreError};
use web::{Job, Problem, Trigger};

use crate::{
    AuthState,
    signing_again::{self, Next, SigningAgain, Target},
};

pub(crate) const TRIGGER: Trigger =
    Trigger::timer("rotate_record_keys", "35 */10 * * * *", &[EventKind::KeyRotated]);

/// Pages of one tick; the next goes on.
const PAGES_MAX: usize = 100;

pub(crate) async fn handle(_state: AuthState, job: Job, _timer: Value) -> Result<Value, Problem> {
    let internal = |error: KeyringError| Problem::internal(&error);
    let records = job.cap.records();
    records.rotate().await.map_err(internal)?;
    let data = job.cap.partition(TenantId::SYSTEM, TRIGGER.name);
    if let Some(made) = records.successor().await.map_err(internal)? {
        once(tell(&job, &data, made).await)?;
    }
    let Some(target) = records.to_sign_again().await.map_err(internal)? else {
        once(finish(&job, &data).await)?;
        return Ok(json!({"signed": 0}));
    };
    let Some(begun) = once(begin(&job, &data, target).await)? else {
        return Ok(json!({"signed": null}));
    };
    let signed = once(go_on(&job, &data, begun).await)?;
    Ok(json!({"signed": signed}))
}

/// `None` when another tick was faster.
fn once<T>(result: Result<T, StoreError>) -> Result<Option<T>, Problem> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(StoreError::Conflict | StoreError::Exists) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The row of a key that was made, once for each, whoever made it and was killed.
async fn tell(job: &Job, data: &Partition, made: (u32, String)) -> Result<(), StoreError> {
    let found = data.find::<SigningAgain>(SigningAgain::ID).await?;
    let before = found.as_ref().map(|found| found.document.clone()).unwrap_or_default();
    if before.told >= made.0 {
        return Ok(());
    }
    let change = Change::new(event(&Target::new(made.clone(), job.now), "made"));
    write(job, data, change, found, &SigningAgain { told: made.0, ..before }).await
}

/// Where it stands; from the beginning for a key that nobody began with.
async fn begin(
    job: &Job,
    data: &Partition,
    target: (u32, String),
) -> Result<Found<SigningAgain>, StoreError> {
    let found = data.find::<SigningAgain>(SigningAgain::ID).await?;
    let before = found.as_ref().map(|found| found.document.clone()).unwrap_or_default();
    if before.target.as_ref().is_some_and(|begun| begun.kid == target.1) {
        return data.get(SigningAgain::ID).await;
    }
    let fresh = Target::new(target, job.now);
    let change = Change::new(event(&fresh, "begun"));
    let next = SigningAgain { target: Some(fresh), ..before };
    write(job, data, change, found, &next).await?;
    data.get(SigningAgain::ID).await
}

async fn write(
    job: &Job,
    data: &Partition,
    change: Change,
    found: Option<Found<SigningAgain>>,
    next: &SigningAgain,
) -> Result<(), StoreError> {
    let change = match found {
        None => change.create(next),
        Some(found) => change.replace(next, found.etag),
    };
    data.commit(&Actor::system(TRIGGER.name), job.now, change).await?;
    Ok(())
}

/// How many records were signed now.
async fn go_on(
    job: &Job,
    data: &Partition,
    mut at: Found<SigningAgain>,
) -> Result<u64, StoreError> {
    let Some(mut target) = at.document.target.clone() else { return Ok(0) };
    let before = target.signed;
    for _ in 0..PAGES_MAX {
        target = match signing_again::page(job, &target).await? {
            Next::Done(done) => {
                end(job, data, &at, &done).await?;
                return Ok(done.signed - before);
            }
            Next::On(next) => next,
        };
        let next = SigningAgain { target: Some(target.clone()), ..at.document };
        let step = Housekeeping::new(HousekeepingKind::Cursor).replace(&next, at.etag);
        data.keep(step).await?;
        at = data.get(SigningAgain::ID).await?;
    }
    Ok(target.signed - before)
}

/// The older keys count no more, and then the row that says so.
async fn end(
    job: &Job,
    data: &Partition,
    at: &Found<SigningAgain>,
    done: &Target,
) -> Result<(), StoreError> {
    let unavailable = |error: KeyringError| StoreError::Unavailable(error.to_string());
    job.cap.records().retire_before(&done.kid).await.map_err(unavailable)?;
    let next = SigningAgain { target: None, ..at.document.clone() };
    let change = Change::new(event(done, "alone")).replace(&next, at.etag.clone());
    data.commit(&Actor::system(TRIGGER.name), job.now, change).await?;
    Ok(())
}

/// The row of whoever was killed between the two.
async fn finish(job: &Job, data: &Partition) -> Result<(), StoreError> {
    let Some(at) = data.find::<SigningAgain>(SigningAgain::ID).await? else { return Ok(()) };
    match at.document.target.clone() {
        Some(done) => end(job, data, &at, &done).await,
        None => Ok(()),
    }
}

fn event(at: &Target, state: &'static str) -> AuditEvent {
    let key = EventTarget::new("key", KeyPurpose::AccessRecords.name());
    AuditEvent::new(EventKind::KeyRotated, key)
        .with("version", at.version)
        .with("kid", at.kid.as_str())
        .with("state", state)
        .with("signed", at.signed)
        .with("refused", at.refused)
}
