//! Finding rows: where the projection leads to, and beyond its watermark by a scan of the log itself; bounded, exact, and saying how far it got.
//!
//! Every row that is found is read from the log. A projection that leads to another row is found out, and then the log alone is read.

mod led;

use std::ops::Range;

use chain::{
    commit::Commit,
    intent::{Party, Source},
};
use domain::{AuditFilter, Outcome, RowView};
use ports::Blobs;
use serde::Deserialize;
use store::{
    Partition, StoreError,
    leads::{Keys, Marks},
    log,
};

use crate::purged::{self, Kept};
use led::Trust;

/// Commits read at a time.
pub(crate) const COMMITS: usize = 8;
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

impl Order {
    /// What of `left` comes after `number`.
    fn pass(self, left: &mut Range<u64>, number: u64) {
        match self {
            Self::Oldest => left.start = number + 1,
            Self::Newest => left.end = number,
        }
    }

    /// The next of `left`.
    fn next(self, left: &Range<u64>) -> Option<u64> {
        (!left.is_empty()).then(|| match self {
            Self::Oldest => left.start,
            Self::Newest => left.end - 1,
        })
    }
}

/// What is looked for.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Which rows.
    pub(crate) filter: AuditFilter,
    /// By what the projection finds them; nothing when there are too many to be worth it.
    pub(crate) keys: Option<Keys>,
    /// In which order.
    pub(crate) order: Order,
    /// At most this many.
    pub(crate) limit: usize,
}

/// What was found.
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

    /// What leads to it.
    pub(crate) fn marks(&self) -> Marks<'_> {
        Marks {
            actor: &self.act.id,
            target: &self.target.id,
            action: &self.action,
            setback: Some(self.out.as_str()).filter(|out| *out != Outcome::Ok.name()),
        }
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

/// Looks for rows among `left`, from one end on: by the projection, which covers `watermark` rows, and by a scan of the others. `None` when the
/// projection led to something else.
pub(crate) async fn find(
    blobs: &dyn Blobs,
    log: &Partition,
    wanted: &Wanted,
    left: Range<u64>,
    watermark: u64,
) -> Result<Option<Found>, StoreError> {
    let mut search = Search { blobs, log, wanted, rows: Vec::new(), commit: None };
    let border = match &wanted.keys {
        Some(_) if !left.is_empty() => watermark.clamp(left.start, left.end),
        Some(_) | None => left.start,
    };
    let (mut led, mut rest) = (left.start..border, border..left.end);
    match (&wanted.keys, wanted.order) {
        (None, _) => search.scan(&mut rest).await?,
        (Some(keys), Order::Oldest) => {
            if search.follow(keys, &mut led).await? == Trust::Lost {
                return Ok(None);
            }
            if led.is_empty() {
                search.scan(&mut rest).await?;
            }
        }
        (Some(keys), Order::Newest) => {
            search.scan(&mut rest).await?;
            if rest.is_empty() && search.follow(keys, &mut led).await? == Trust::Lost {
                return Ok(None);
            }
        }
    }
    Ok(Some(search.end(&left, &led, &rest)))
}

/// A search under way.
struct Search<'a> {
    blobs: &'a dyn Blobs,
    log: &'a Partition,
    wanted: &'a Wanted,
    rows: Vec<String>,
    /// The commit that was read last.
    commit: Option<Commit>,
}

impl Search<'_> {
    fn is_full(&self) -> bool {
        self.rows.len() == self.wanted.limit
    }

    /// Looks at the rows of `left` one by one.
    async fn scan(&mut self, left: &mut Range<u64>) -> Result<(), StoreError> {
        for _ in 0..READS_MAX {
            if self.is_full() || left.is_empty() {
                break;
            }
            for (number, row) in
                read(self.blobs, self.log, self.wanted.order, left, COMMITS).await?
            {
                if self.is_full() {
                    break;
                }
                if let Kept::Row(row) = row
                    && Row::parse(&row).map(|row| self.wanted.filter.matches(&row.view()))?
                {
                    self.rows.push(row);
                }
                self.wanted.order.pass(left, number);
            }
        }
        Ok(())
    }

    fn end(self, asked: &Range<u64>, led: &Range<u64>, rest: &Range<u64>) -> Found {
        let order = self.wanted.order;
        let next = match order {
            Order::Oldest => order.next(led).or_else(|| order.next(rest)),
            Order::Newest => order.next(rest).or_else(|| order.next(led)),
        };
        let scanned_to = match order {
            Order::Oldest => next.unwrap_or(asked.end).checked_sub(1),
            Order::Newest => Some(next.map_or(asked.start, |next| next + 1)),
        };
        let scanned_to = scanned_to.filter(|scanned| asked.contains(scanned));
        Found { rows: self.rows, scanned_to, next }
    }
}

/// The next rows of `left` with their numbers, in order, from so many commits; at least one unless it is empty. Of rows that were purged, their
/// hashes.
pub(crate) async fn read(
    blobs: &dyn Blobs,
    data: &Partition,
    order: Order,
    left: &Range<u64>,
    commits: usize,
) -> Result<Vec<(u64, Kept)>, StoreError> {
    if left.is_empty() {
        return Ok(Vec::new());
    }
    let (from, commits) = match order {
        Order::Oldest => (left.start, log::commits_from(data, left.start, commits).await?),
        Order::Newest => (left.end - 1, log::commits_until(data, left.end - 1, commits).await?),
    };
    let numbered = |commit: Commit| (commit.first..).zip(commit.rows.into_iter().map(Kept::Row));
    let rows = sorted(commits.into_iter().flat_map(numbered), order, left);
    if rows.first().is_some_and(|(number, _)| *number == from) {
        return Ok(rows);
    }
    let rows = sorted(purged::bundle(blobs, data, from).await?.into_iter(), order, left);
    match rows.first() {
        Some((number, _)) if *number == from => Ok(rows),
        Some(_) | None => Err(log::missing(from)),
    }
}

fn sorted(
    rows: impl Iterator<Item = (u64, Kept)>,
    order: Order,
    left: &Range<u64>,
) -> Vec<(u64, Kept)> {
    let mut rows: Vec<_> = rows.filter(|(number, _)| left.contains(number)).collect();
    rows.sort_by_key(|(number, _)| match order {
        Order::Oldest => *number,
        Order::Newest => u64::MAX - *number,
    });
    rows
}
