//! Where the rows that are over their time end.
//!
//! A cut lies between two commits, so that a commit is removed as a whole or not at all; and the rows before it lie in entry bundles that are full,
//! which hold what is kept of them.

use chain::{commit::Commit, tile::WIDTH, tree::CompactRange};
use domain::{
    Timestamp,
    hold::Hold,
    retention::{PurgePlan, PurgeState},
};
use store::{Partition, StoreError, log};

use crate::tick::Work;

/// The rows of a purge.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Cut {
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// The root of the tree of the first `to` rows, in hexadecimal.
    pub(crate) root: String,
}

/// The rows that were sealed before `before` and are not purged yet; `None` when there are none. Row 0 is never among them.
pub(crate) async fn find(
    work: &Work<'_>,
    previous: Option<&PurgePlan>,
    holds: &[Hold],
    before: Timestamp,
) -> Result<Option<Cut>, StoreError> {
    let low = previous.map_or(1, |previous| previous.to);
    let end = last_boundary(&work.partition, low, limit(work)).await?;
    let end = older(&work.partition, low..end, before).await?;
    let from = left(work.partition.epoch(), previous, holds).unwrap_or(low).min(low);
    if from >= end.max(low) || (end <= low && from >= low) {
        return Ok(None);
    }
    let root = if end <= low { previous.map(|previous| previous.root.clone()) } else { None };
    let to = end.max(low);
    let root = match root {
        Some(root) => root,
        None => root_at(&work.partition, to).await?,
    };
    Ok(Some(Cut { from, to, root }))
}

/// The last commit is never removed, nor the one that the signer looks for, nor a row whose bundle is not full. That of an epoch which is over never
/// will be, and its last commit is the row that ends it: all before that can go.
fn limit(work: &Work<'_>) -> u64 {
    let width = WIDTH as u64;
    if work.is_over {
        return work.signed.commit;
    }
    (work.signed.size / width * width).min(work.signed.commit)
}

/// The last place up to `limit` at which a commit begins.
async fn last_boundary(data: &Partition, low: u64, limit: u64) -> Result<u64, StoreError> {
    if limit <= low {
        return Ok(low);
    }
    Ok(log::holding(data, limit).await?.map_or(low, |commit| commit.first.max(low)))
}

/// The first row of the range that was sealed at `before` or later; its end when none was. By halving: the log's time never goes back.
async fn older(
    data: &Partition,
    rows: std::ops::Range<u64>,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let before = before.to_string();
    let (mut low, mut high) = (rows.start, rows.end);
    while low < high {
        let middle = low + (high - low) / 2;
        let commit = log::holding(data, middle).await?.ok_or_else(|| log::missing(middle))?;
        if commit.rx < before { low = commit.size } else { high = commit.first.max(rows.start) }
    }
    Ok(low.min(rows.end))
}

/// The first row that the last purge left alone and that is free now: of a hold that was released since, or while that went on, or one for which the row
/// that accounts for that purge had no room.
fn left(epoch: u64, previous: Option<&PurgePlan>, holds: &[Hold]) -> Option<u64> {
    let previous = previous?;
    let PurgeState::Executed { at, .. } = previous.state else { return None };
    let is_new = |hold: &&Hold| {
        let released = hold.released_at;
        released.is_some_and(|released| released > at || previous.held.contains(&hold.hold))
    };
    let rows = holds.iter().filter(is_new).map(|hold| hold.rows_in(epoch));
    let released = rows.filter(|rows| !rows.is_empty()).map(|rows| rows.start.max(1));
    released.chain(previous.rest).min()
}

async fn root_at(data: &Partition, size: u64) -> Result<String, StoreError> {
    let last = size.saturating_sub(1);
    let commit = log::holding(data, last).await?.ok_or_else(|| log::missing(last))?;
    root_of(&commit)
}

fn root_of(commit: &Commit) -> Result<String, StoreError> {
    let range = CompactRange::new(commit.size, commit.edge.clone());
    let range = range.map_err(|error| StoreError::Unreadable(error.to_string()))?;
    Ok(range.root().to_string())
}

#[cfg(test)]
mod tests {
    use domain::{EventId, HoldId, PurgeId, UserId};

    use super::*;

    const AT: Timestamp = Timestamp::from_unix_s(1_795_219_200);

    fn executed(rest: Option<u64>) -> PurgePlan {
        let event = EventId::from_u128(9);
        let state = PurgeState::Executed { rows: 1, kept: 1, event, after: 0, current: 0, at: AT };
        PurgePlan {
            purge: PurgeId::from_u128(1),
            number: 1,
            epoch: 0,
            from: 1,
            to: 500,
            before: AT,
            months: 13,
            root: String::new(),
            noticed_at: AT,
            held: vec![HoldId::from_u128(1)],
            kept: Vec::new(),
            rest,
            state,
        }
    }

    /// What found no room in the row that accounts for one purge is not kept for ever.
    #[test]
    fn the_next_purge_begins_where_the_last_one_left_rows_that_are_free() {
        let (id, by) = (HoldId::from_u128(1), UserId::from_u128(1));
        let hold = Hold::set(id, (30, Some(40)), "case 7", by, AT).unwrap();
        let active = [hold.clone()];
        let released = [hold.release(AT).unwrap()];
        let from = |rest, holds: &[Hold]| left(0, Some(&executed(rest)), holds);
        assert_eq!((from(None, &active), from(None, &released)), (None, Some(30)));
        assert_eq!((from(Some(60), &active), from(Some(60), &released)), (Some(60), Some(30)));
        assert_eq!((from(Some(20), &released), left(0, None, &released)), (Some(20), None));
    }
}
