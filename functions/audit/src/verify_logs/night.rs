//! The round through all logs, a piece at a time.

use domain::TenantId;
use ports::{Container, Cursor};
use store::StoreError;
use web::Job;

use super::{TRIGGER, progress::Night, record};
use crate::{
    State,
    verification::{self, Answer, Verdicts, VerificationError},
};

/// Partitions that one step looks at.
const PARTITIONS_MAX: usize = 1000;

/// What was done of tonight's round.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// There was nothing to do.
    Nothing,
    /// It was found out whose logs come next.
    Looked,
    /// A piece of a log was verified.
    Verified,
}

/// Does one step of tonight's round, or begins it.
pub(super) async fn go_on(state: &State, job: &Job, night: &mut Night) -> Result<Step, StoreError> {
    let Some(today) = Night::due(job.now) else { return Ok(Step::Nothing) };
    if night.day != today {
        *night = Night { day: today, ..Night::default() };
    }
    if night.is_over {
        return Ok(Step::Nothing);
    }
    let Some(tenant) = night.tenants.first().copied() else {
        return next_tenants(job, night).await.map(|()| Step::Looked);
    };
    // One log that cannot be verified is no reason to leave out the others.
    if let Err(error) = verify_piece(state, job, night, tenant).await {
        verification::alarm_unverified(tenant, &error);
        night.pass_tenant();
    }
    Ok(Step::Verified)
}

/// Verifies the next piece of a tenant's log, and records what was found of an epoch with its last one.
async fn verify_piece(
    state: &State,
    job: &Job,
    night: &mut Night,
    tenant: TenantId,
) -> Result<(), VerificationError> {
    let data = job.cap.partition(tenant, TRIGGER.name);
    let current = state.log(&data).await?;
    let log = current.in_epoch(night.epoch);
    if log.epoch() < current.epoch() && verification::was_cut_off(state, &log).await? {
        night.pass_epoch(current.epoch());
        return Ok(());
    }
    let piece = verification::check(state, &log, Some(night.rows), None, job.now).await?;
    let answer = Answer::of(&piece, None);
    verification::compare(state, &log, &answer, job.now).await?;
    let Some(whole) = night.take(answer) else { return Ok(()) };
    if whole.verdict != Verdicts::NothingToCheck || whole.to > 0 {
        record(state, job, &data, whole).await?;
    }
    night.pass_epoch(current.epoch());
    Ok(())
}

/// The next tenants of the round; it is over when there are none. Every tenant has something in `access`.
async fn next_tenants(job: &Job, night: &mut Night) -> Result<(), StoreError> {
    let after = night.cursor.clone().map(Cursor);
    let found = job.cap.dirty(Container::Access, after.as_ref(), PARTITIONS_MAX).await?;
    night.is_over = found.partitions.is_empty();
    night.tenants.extend(found.partitions.into_iter().map(|partition| partition.tenant));
    night.tenants.remove(&TenantId::SYSTEM);
    night.cursor = Some(found.cursor.0);
    Ok(())
}
