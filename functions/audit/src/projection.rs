//! The projection by which rows are found: it follows the log, and is made from it again wherever it is not as the log says.
//!
//! Its watermark says how many rows it covers; whoever looks for rows reads the others from the log itself. Neither it nor its watermark is believed:
//! each row that is found is read from the log, and every verification of the log compares the projection with it.

mod mend;

use std::ops::Range;

use domain::{Actor, AuditEvent, EventKind, Outcome, Target, Timestamp, retention::PurgeState};
use ports::{Container, Etag};
use serde::{Deserialize, Serialize};
use store::{
    Document, Housekeeping, HousekeepingKind, Partition, StoreError,
    leads::{self, Lead},
    log, retention,
};

use crate::{
    State,
    purged::Kept,
    search::{self, Order, Row},
};
pub(crate) use mend::Mended;

/// Writes of one batch.
const WRITES_MAX: usize = 100;

/// How far the projection of one epoch of the log is.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Projected {
    /// In which epoch of the log.
    epoch: u64,
    /// How many rows it covers.
    rows: u64,
}

impl Projected {
    fn id_of(epoch: u64) -> String {
        format!("projected-{epoch}")
    }
}

impl Document for Projected {
    const CONTAINER: Container = Container::Cursors;
    const KIND: &'static str = "projected";

    fn id(&self) -> String {
        Self::id_of(self.epoch)
    }
}

/// How many rows of `log` the projection covers, by its own account.
///
/// # Errors
/// When storage fails.
pub(crate) async fn watermark(log: &Partition) -> Result<u64, StoreError> {
    Ok(read(log).await?.0.rows)
}

async fn read(log: &Partition) -> Result<(Projected, Option<Etag>), StoreError> {
    let epoch = log.epoch();
    let found = log.find::<Projected>(&Projected::id_of(epoch)).await?;
    Ok(found.map_or((Projected { epoch, rows: 0 }, None), |found| {
        (Projected { epoch, ..found.document }, Some(found.etag))
    }))
}

/// Has everything compared with the log and made again, from row 0 on. Until then rows are found by reading the log.
///
/// # Errors
/// When storage fails.
pub(crate) async fn distrust(log: &Partition) -> Result<(), StoreError> {
    let (kept, etag) = read(log).await?;
    let (tenant, rows) = (log.tenant(), kept.rows);
    tracing::error!(alarm = "projection-differs", tenant.id = %tenant, rows, "what finds rows of a log is not as the log says; it is made again");
    keep(log, &Projected { rows: 0, ..kept }, etag).await.map(drop)
}

/// Whether it was written: not when somebody else was faster.
async fn keep(
    log: &Partition,
    projected: &Projected,
    etag: Option<Etag>,
) -> Result<bool, StoreError> {
    let keep = Housekeeping::new(HousekeepingKind::Cursor);
    let keep = match etag {
        None => keep.create(projected),
        Some(etag) => keep.replace(projected, etag),
    };
    match log.in_own_shards().keep(keep).await {
        Ok(()) => Ok(true),
        Err(StoreError::Exists | StoreError::Conflict) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Covers the next rows, about `rows_max` of them. Whether the projection now covers all that there are.
///
/// # Errors
/// When storage fails.
pub(crate) async fn follow(
    state: &State,
    log: &Partition,
    now: Timestamp,
    rows_max: u64,
) -> Result<bool, StoreError> {
    let size = log::head(log).await?.tree.size();
    let (mut done, mut mended) = (0, Mended::default());
    while done < rows_max {
        let (mut projected, etag) = read(log).await?;
        if projected.rows > size {
            // It cannot be: somebody wrote that number.
            distrust(log).await?;
            continue;
        }
        let left = projected.rows..size;
        if left.is_empty() || is_being_removed(log, &left).await? {
            break;
        }
        let rows =
            search::read(&*state.ports.blobs, log, Order::Oldest, &left, search::COMMITS).await?;
        let Some((last, _)) = rows.last() else { break };
        projected.rows = last + 1;
        mended += cover(log, &rows).await?;
        done += rows.len() as u64;
        if !keep(log, &projected, etag).await? {
            break;
        }
    }
    if mended.changed > 0 {
        record(log, now, mended).await?;
    }
    Ok(watermark(log).await? >= size)
}

/// Writes the leads to rows that lie in one segment. What is there already is compared.
async fn cover(log: &Partition, rows: &[(u64, Kept)]) -> Result<Mended, StoreError> {
    let Some((first, _)) = rows.first() else { return Ok(Mended::default()) };
    let place = log.in_shard(log::shard(log, *first));
    let leads = leads_to(rows)?;
    for some in leads.chunks(WRITES_MAX) {
        let keep = Housekeeping::new(HousekeepingKind::Index);
        let keep = some.iter().fold(keep, Housekeeping::create);
        match place.keep(keep).await {
            Ok(()) => {}
            Err(StoreError::Exists) => return mend::mend(log, rows).await,
            Err(error) => return Err(error),
        }
    }
    Ok(Mended::default())
}

fn leads_to(rows: &[(u64, Kept)]) -> Result<Vec<Lead>, StoreError> {
    let mut leads = Vec::new();
    for (seq, kept) in rows {
        if let Kept::Row(row) = kept {
            leads.extend(leads::of_row(*seq, &Row::parse(row)?.marks()));
        }
    }
    Ok(leads)
}

/// Whether bodies of these rows are being removed now, and their leads with them: none may be made meanwhile, or they would stay.
async fn is_being_removed(log: &Partition, rows: &Range<u64>) -> Result<bool, StoreError> {
    let Some(last) = retention::last_purge(&log.in_own_shards()).await? else { return Ok(false) };
    let plan = last.document.0;
    let overlaps = plan.epoch == log.epoch() && plan.from < rows.end && rows.start < plan.to;
    Ok(overlaps && matches!(plan.state, PurgeState::Recorded { .. }))
}

/// Compares what the projection says of `rows` with the log, and mends it. Rows that it does not cover are left out, and all while their bodies are
/// being removed. What was wrong is recorded.
///
/// # Errors
/// When storage fails.
pub(crate) async fn check(
    state: &State,
    log: &Partition,
    rows: Range<u64>,
    now: Timestamp,
) -> Result<Mended, StoreError> {
    let size = log::head(log).await?.tree.size();
    let covered = watermark(log).await?;
    if covered > size {
        distrust(log).await?;
        return Ok(Mended::default());
    }
    let (mut left, mut mended) = (rows.start..rows.end.min(covered), Mended::default());
    if is_being_removed(log, &left).await? {
        return Ok(mended);
    }
    while !left.is_empty() {
        let rows =
            search::read(&*state.ports.blobs, log, Order::Oldest, &left, search::COMMITS).await?;
        mended += mend::mend(log, &rows).await?;
        let Some((last, _)) = rows.last() else { break };
        left.start = last + 1;
    }
    if mended != Mended::default() {
        record(log, now, mended).await?;
    }
    Ok(mended)
}

/// A line for whoever runs the deployment, and a row for the tenant.
async fn record(log: &Partition, now: Timestamp, mended: Mended) -> Result<(), StoreError> {
    let (tenant, Mended { made, changed }) = (log.tenant(), mended);
    tracing::error!(alarm = "projection-differs", tenant.id = %tenant, made, changed, "what finds rows of a log was not as the log says; it was made again");
    let target = Target::new("projection", tenant);
    let mut event = AuditEvent::new(EventKind::AuditVerifyFailed, target)
        .with("changed", changed)
        .with("made", made);
    event.outcome = Outcome::Failed;
    let actor = Actor::system("project_rows");
    log.in_own_shards().commit(&actor, now, store::Change::new(event)).await.map(drop)
}
