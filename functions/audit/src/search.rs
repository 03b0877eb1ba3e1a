//! Finding rows: a scan of the log itself, bounded, exact, and saying how far it got. No index can be behind or wrong.

use std::ops::Range;

use chain::{
    commit::Commit,
    intent::{Party, Source},
};
use domain::{AuditFilter, RowView};
use serde::Deserialize;
use store::{Partition, StoreError, log};

/// Commits read at a time.
const COMMITS: usize = 8;
/// How many times, for one answer. A scan ends early and says where to go on, rather than hold the caller up.
const READS_MAX: usize = 16;

/// In which order rows are read.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// As they were sealed.
    #[default]
    Oldest,
    /// The last one first.
    Newest,
}

/// What a scan found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The exact bytes of the rows that fit.
    pub(crate) rows: Vec<String>,
    /// The last row that was looked at.
    pub(crate) scanned_to: Option<u64>,
    /// Where to go on.
    pub(crate) next: Option<u64>,
}

/// The members of a row that are read to find or show it. Others do not matter here.
#[derive(Debug, Deserialize)]
pub(crate) struct Row {
    pub(crate) act: Party,
    pub(crate) action: String,
    pub(crate) at: String,
    pub(crate) data: serde_json::Value,
    pub(crate) id: String,
    pub(crate) out: String,
    pub(crate) prev: String,
    pub(crate) reason: Option<String>,
    pub(crate) rx: String,
    pub(crate) seq: u64,
    pub(crate) src: Source,
    pub(crate) t: String,
    pub(crate) target: Party,
}

impl Row {
    /// Reads a row of the log.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`]: no sealer wrote that.
    pub(crate) fn parse(row: &str) -> Result<Self, StoreError> {
        let unreadable = |error: serde_json::Error| StoreError::Unreadable(error.to_string());
        serde_json::from_str(row).map_err(unreadable)
    }

    /// What filters compare.
    pub(crate) fn view(&self) -> RowView<'_> {
        RowView {
            action: &self.action,
            actor: &self.act.id,
            actor_kind: &self.act.kind,
            outcome: &self.out,
            rx: &self.rx,
            target: &self.target.id,
            target_kind: &self.target.kind,
        }
    }
}

/// Which of the first `size` rows can fit the filter, going by its times.
pub(crate) async fn span(
    data: &Partition,
    filter: &AuditFilter,
    size: u64,
) -> Result<Range<u64>, StoreError> {
    let bound = async |at: Option<domain::Timestamp>, unset| match at {
        Some(at) => log::first_since(data, at, size).await,
        None => Ok(unset),
    };
    Ok(bound(filter.from(), 0).await?..bound(filter.to(), size).await?)
}

/// Looks for up to `limit` rows among `left`, from one end on.
pub(crate) async fn search(
    data: &Partition,
    filter: &AuditFilter,
    order: Order,
    mut left: Range<u64>,
    limit: usize,
) -> Result<Found, StoreError> {
    let mut found = Found { rows: Vec::new(), scanned_to: None, next: None };
    for _ in 0..READS_MAX {
        for (number, row) in read(data, order, &left).await? {
            if found.rows.len() == limit {
                break;
            }
            if Row::parse(&row).map(|row| filter.matches(&row.view()))? {
                found.rows.push(row);
            }
            found.scanned_to = Some(number);
            match order {
                Order::Oldest => left.start = number + 1,
                Order::Newest => left.end = number,
            }
        }
        if found.rows.len() == limit || left.is_empty() {
            break;
        }
    }
    found.next = (!left.is_empty()).then(|| match order {
        Order::Oldest => left.start,
        Order::Newest => left.end - 1,
    });
    Ok(found)
}

/// The next rows of `left` with their numbers, in order; at least one unless it is empty.
pub(crate) async fn read(
    data: &Partition,
    order: Order,
    left: &Range<u64>,
) -> Result<Vec<(u64, String)>, StoreError> {
    if left.is_empty() {
        return Ok(Vec::new());
    }
    let (from, commits) = match order {
        Order::Oldest => (left.start, log::commits_from(data, left.start, COMMITS).await?),
        Order::Newest => (left.end - 1, log::commits_until(data, left.end - 1, COMMITS).await?),
    };
    let numbered = |commit: Commit| (commit.first..).zip(commit.rows);
    let mut rows: Vec<_> = commits
        .into_iter()
        .flat_map(numbered)
        .filter(|(number, _)| left.contains(number))
        .collect();
    rows.sort_by_key(|(number, _)| match order {
        Order::Oldest => *number,
        Order::Newest => u64::MAX - *number,
    });
    match rows.first() {
        Some((number, _)) if *number == from => Ok(rows),
        Some(_) | None => Err(log::missing(from)),
    }
}
