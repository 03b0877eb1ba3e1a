//! Where the timer goes on.

use std::collections::BTreeSet;

use domain::{TenantId, Timestamp};
use ports::Container;
use serde::{Deserialize, Serialize};
use store::Document;

use crate::verification::{Answer, FirstBad};

/// When the nightly round begins: hours of UTC.
const NIGHT_FROM: &str = "02";

/// How far the timer is.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Progress {
    /// How far each container was looked through for tenants that did something.
    pub(super) cursors: Vec<Option<String>>,
    /// Those tenants, until their new rows are verified.
    pub(super) news: BTreeSet<TenantId>,
    /// The one of them that had the last turn: those behind it are next.
    #[serde(default)]
    pub(super) last: Option<TenantId>,
    /// The round through all logs.
    pub(super) night: Night,
}

/// A round through all logs.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Night {
    /// Of which day: `2026-11-21`.
    pub(super) day: String,
    /// How far tenants were looked for.
    pub(super) cursor: Option<String>,
    /// Tenants whose turn it is, in this order.
    pub(super) tenants: BTreeSet<TenantId>,
    /// Where to go on in the log of the first of them, and what was found of that epoch before.
    #[serde(default)]
    pub(super) epoch: u64,
    pub(super) rows: u64,
    #[serde(default)]
    pub(super) found: Option<Answer>,
    /// Whether every tenant had its turn.
    pub(super) is_over: bool,
}

impl Night {
    /// The day whose round is due or under way; none before the night begins.
    pub(super) fn due(now: Timestamp) -> Option<String> {
        let text = now.to_string();
        let (day, time) = text.split_once('T')?;
        (time.get(..2)? >= NIGHT_FROM).then(|| day.to_owned())
    }

    /// Takes the answer about the next piece: what was found of the whole epoch, when it was the last.
    pub(super) fn take(&mut self, answer: Answer) -> Option<Answer> {
        let next = answer.next;
        let found = match self.found.take() {
            Some(found) => found.and(answer),
            None => answer,
        };
        let Some(next) = next else { return Some(found) };
        (self.rows, self.found) = (next, Some(found));
        None
    }

    /// Goes on with the next epoch of a log of which `current` is the last, or with the next tenant.
    pub(super) fn pass_epoch(&mut self, current: u64) {
        if self.epoch >= current {
            return self.pass_tenant();
        }
        (self.epoch, self.rows, self.found) = (self.epoch + 1, 0, None);
    }

    /// Goes on with the next tenant.
    pub(super) fn pass_tenant(&mut self) {
        self.tenants.pop_first();
        (self.epoch, self.rows, self.found) = (0, 0, None);
    }
}

/// How far a tenant's log was verified as it grew.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Verified {
    /// Of which epoch.
    pub(super) epoch: u64,
    /// How many of its rows.
    pub(super) rows: u64,
    /// What was wrong the last time: it is recorded once.
    pub(super) failed: Option<FirstBad>,
}

impl Progress {
    /// The one in the system's partition.
    pub(super) const ID: &'static str = "verifying";

    /// Those of the tenants that did something whose turn it is, so many at most: first those behind the one that had the last turn.
    pub(super) fn turns(&mut self, most: usize) -> Vec<TenantId> {
        let (before, behind): (Vec<_>, Vec<_>) =
            self.news.iter().copied().partition(|tenant| Some(*tenant) <= self.last);
        let turns: Vec<_> = behind.into_iter().chain(before).take(most).collect();
        self.last = turns.last().copied().or(self.last);
        turns
    }
}

impl Verified {
    /// The one in a tenant's partition.
    pub(super) const ID: &'static str = "verified";
}

impl Document for Progress {
    const CONTAINER: Container = Container::Cursors;
    const KIND: &'static str = "verifying";

    fn id(&self) -> String {
        Self::ID.to_owned()
    }
}

impl Document for Verified {
    const CONTAINER: Container = Container::Cursors;
    const KIND: &'static str = "verified";

    fn id(&self) -> String {
        Self::ID.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many do something all the time, and whoever cannot be verified: everybody has a turn.
    #[test]
    fn every_tenant_has_its_turn() {
        let tenants = |numbers: &[u128]| -> Vec<_> {
            numbers.iter().copied().map(TenantId::from_u128).collect()
        };
        let mut progress = Progress {
            news: tenants(&[1, 2, 3, 4, 5]).into_iter().collect(),
            ..Progress::default()
        };
        assert_eq!(progress.turns(2), tenants(&[1, 2]));
        assert_eq!(progress.turns(2), tenants(&[3, 4]));
        assert_eq!(progress.turns(2), tenants(&[5, 1]));
        assert_eq!(progress.turns(9), tenants(&[2, 3, 4, 5, 1]));
        progress.news.clear();
        assert_eq!(progress.turns(2), tenants(&[]));
    }

    #[test]
    fn the_round_of_a_day_is_due_from_two_o_clock_on() {
        let at = |time: &str| Night::due(format!("2026-11-21T{time}.000000Z").parse().unwrap());
        assert_eq!(at("01:59:59"), None);
        assert_eq!(at("02:00:00"), Some("2026-11-21".to_owned()));
        assert_eq!(at("23:59:59"), Some("2026-11-21".to_owned()));
    }
}
