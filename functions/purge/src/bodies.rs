//! Removing the bodies of rows: first from the entry bundles, which keep what is kept, then the commits.

use std::ops::RangeInclusive;

use chain::{
    purge::{Entry, leaf_of},
    row::Row,
    tile::{WIDTH, decode_entries, encode_entries},
};
use domain::{
    AuditEvent, EventKind, Target,
    retention::{PurgePlan, PurgeState, Reached, Sought},
};
use ports::{Bucket, Container, Etag, PartitionKey, REMOVALS_MAX};
use store::{
    Change, DetailsRecord, Document as _, Found, Housekeeping, HousekeepingKind, StoreError, kept,
    retention::PurgeRecord,
};

use crate::{
    commits, leads,
    staying::Staying,
    tail,
    tick::{Work, actor},
};

/// Rows in a full bundle.
const WIDTH_U64: u64 = WIDTH as u64;

/// How many rows are gone, and how many were kept.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    rows: u64,
    kept: u64,
}

/// Removes the bodies of a purge that is recorded, signed and witnessed, bundle by bundle from the one on that was reached. How many.
pub(crate) async fn remove(
    work: &Work<'_>,
    mut open: Found<PurgeRecord>,
) -> Result<u64, StoreError> {
    let PurgeRecord(plan) = &open.document;
    let work = of_epoch(work, plan).await?;
    let (bundles, reached) = (bundles(plan), plan.reached().bundle);
    for index in bundles.skip_while(|index| *index < reached) {
        open = go_on(&work, open, index).await?;
    }
    let Found { document: PurgeRecord(plan), etag } = open;
    commits::remove(&work, &plan).await?;
    let Reached { rows, kept, .. } = plan.reached();
    let event = AuditEvent::new(EventKind::PurgeExecuted, Target::new("purge", plan.purge))
        .with("epoch", plan.epoch)
        .with("from", plan.from)
        .with("kept", kept)
        .with("rows", rows)
        .with("to", plan.to);
    let Sought { event: row, after, epoch: current } = plan
        .recorded()
        .ok_or_else(|| StoreError::Unreadable(format!("{} is not recorded", plan.purge)))?;
    let state = PurgeState::Executed { rows, kept, event: row, after, current, at: work.now };
    let change = Change::new(event).replace(&PurgeRecord(PurgePlan { state, ..plan }), etag);
    work.partition.commit(&actor(), work.now, change).await?;
    Ok(rows)
}

/// Removes the bodies of one bundle, and keeps that it is done with: a purge may take longer than an invocation. Holds are read for each, so that one
/// that is set meanwhile protects what is still there.
async fn go_on(
    work: &Work<'_>,
    open: Found<PurgeRecord>,
    index: u64,
) -> Result<Found<PurgeRecord>, StoreError> {
    let Found { document: PurgeRecord(mut plan), etag } = open;
    let staying = Staying::of(work, &plan).await?;
    plan.held = staying.holds();
    let Tally { rows, kept } = strip(work, &plan, &staying, index).await?;
    let before = plan.reached();
    let reached = Reached { bundle: index + 1, rows: before.rows + rows, kept: before.kept + kept };
    let record = PurgeRecord(plan.at(reached));
    let keep = Housekeeping::new(HousekeepingKind::Follower).replace(&record, etag);
    work.partition.keep(keep).await?;
    work.partition.get(&record.id()).await
}

/// The work at the epoch whose rows the purge removes.
pub(crate) async fn of_epoch<'a>(
    work: &Work<'a>,
    plan: &PurgePlan,
) -> Result<Work<'a>, StoreError> {
    let cut_off = || StoreError::Unreadable(format!("{}: its epoch was cut off", plan.purge));
    work.of(plan.epoch).await?.ok_or_else(cut_off)
}

/// The bundles in which its rows lie.
pub(crate) const fn bundles(plan: &PurgePlan) -> RangeInclusive<u64> {
    plan.from / WIDTH_U64..=(plan.to - 1) / WIDTH_U64
}

/// Puts hashes in the place of the rows of one bundle that go, and removes what leads to them.
async fn strip(
    work: &Work<'_>,
    plan: &PurgePlan,
    staying: &Staying,
    index: u64,
) -> Result<Tally, StoreError> {
    let (name, _) = bundle(work, index);
    let blobs = &work.state.ports.blobs;
    let (mut entries, etag) = read(work, index).await?;
    let (mut changed, mut gone, mut details) = (etag.is_none(), Vec::new(), Vec::new());
    let mut stay = 0;
    for (seq, entry) in (index * WIDTH_U64..).zip(&mut entries) {
        if !(plan.from..plan.to).contains(&seq) {
            continue;
        }
        match Entry::of(entry) {
            Entry::Gone(_) => gone.push(seq),
            Entry::Row(_) if staying.has(entry, seq)? => stay += 1,
            Entry::Row(_) => {
                details.push(details_of(entry)?);
                *entry = leaf_of(entry).0.to_vec();
                gone.push(seq);
                changed = true;
            }
            Entry::Missing => return Err(unreadable(&name)),
        }
    }
    // They are found by the rows alone. Those of rows that stay, stay.
    let place = PartitionKey::new(work.partition.tenant(), "0");
    for some in details.chunks(REMOVALS_MAX) {
        let removal = &work.state.ports.removal;
        removal.remove_documents(Container::Disclosures, &place, some).await?;
    }
    if changed {
        let bytes = encode_entries(&entries).map_err(|_| unreadable(&name))?;
        blobs.put(Bucket::Entries, &name, &bytes, etag.as_ref()).await?;
    }
    leads::remove(work, &gone).await?;
    Ok(Tally { rows: gone.len() as u64, kept: stay })
}

/// The entries of a bundle, and its version; without one, it is the last of an epoch that is over, and not written yet.
pub(crate) async fn read(
    work: &Work<'_>,
    index: u64,
) -> Result<(Vec<Vec<u8>>, Option<Etag>), StoreError> {
    let (name, width) = bundle(work, index);
    match work.state.ports.blobs.get(Bucket::Entries, &name).await? {
        Some(blob) => Ok((entries(&blob.bytes, &name, width)?, Some(blob.etag))),
        None if width < WIDTH_U64 => Ok((tail::entries(work, index).await?, None)),
        None => Err(StoreError::Unavailable(format!("no blob {name}"))),
    }
}

/// The document that holds the personal details of a row, if it has any.
fn details_of(entry: &[u8]) -> Result<String, StoreError> {
    let row = Row::from_bytes(entry).map_err(|error| StoreError::Unreadable(error.to_string()))?;
    Ok(DetailsRecord::id_of(row.id))
}

/// The entries of a bundle of so many rows.
pub(crate) fn entries(bytes: &[u8], name: &str, width: u64) -> Result<Vec<Vec<u8>>, StoreError> {
    let entries = decode_entries(bytes).map(|entry| entry.map(<[u8]>::to_vec));
    let entries: Vec<_> = entries.collect::<Result<_, _>>().map_err(|_| unreadable(name))?;
    if entries.len() as u64 == width { Ok(entries) } else { Err(unreadable(name)) }
}

/// The name of a bundle, and how many rows it holds: the last one of an epoch that is over may not be full.
pub(crate) fn bundle(work: &Work<'_>, index: u64) -> (String, u64) {
    let size = if work.is_over { work.signed.size } else { u64::MAX };
    let tile = kept::bundle_of(index * WIDTH_U64, size);
    let tenant = work.partition.tenant().to_string();
    (tile.blob_name(&tenant, work.partition.epoch()), tile.width)
}

fn unreadable(name: &str) -> StoreError {
    StoreError::Unreadable(format!("the blob {name} is no bundle of the rows that it should hold"))
}
