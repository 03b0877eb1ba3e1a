//! Which intents of which instance were sealed, so that none is sealed twice, a missing one shows, and two histories of one instance show.

mod run;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Hash,
    intent::{Intent, Source},
    remark::Remark,
};

pub(crate) use run::Broken;
use run::{Link, Runs};

/// The action of a row that says that the log lacks something.
pub const INCOMPLETE_ACTION: &str = "log.incomplete";

/// An instance is forgotten when so many hours passed since its last row, and nothing of it is waited for.
///
/// Its app gives it up much earlier (`store::IntentSource`), so that what is forgotten does not come back.
pub const FORGET_AFTER_HOURS: u64 = 48;

/// An intent this old, of an instance that is not known, may be of one that was forgotten: who seals must look it up in the log.
const ASK_AFTER_HOURS: u64 = 24;

/// For each source instance that is not forgotten, which numbers were sealed, and how they are linked.
///
/// Shape: `{"auth/7f9c":{"hour":498768,"runs":[{"last":"<hex>","to":991},{"from":993,"last":"<hex>","prev":"<hex>","to":993}]}}`:
/// everything up to 991, and 993, the last of them sealed in that hour since 1970.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Instances(BTreeMap<String, Followed>);

#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Followed {
    /// The hour in which its last row was sealed.
    hour: u64,
    /// Gaps that a row records; what comes of them after all is sealed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    missing: BTreeMap<u64, u64>,
    /// Numbers that were declared void and sealed after all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    revived: BTreeSet<u64>,
    /// What was sealed or declared void.
    runs: Runs,
}

/// Numbers of one instance that were not seen although a larger one was.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Gap {
    /// The instance: `app/instance`.
    pub instance: String,
    /// The first missing number.
    pub from: u64,
    /// The last missing number.
    pub to: u64,
}

impl Instances {
    /// Whether this number was sealed, or declared void.
    pub fn contains(&self, source: &Source) -> bool {
        self.0.get(&key(source)).is_some_and(|followed| followed.runs.contains(source.number))
    }

    /// Whether this number was sealed although it had been declared void.
    pub fn revived(&self, source: &Source) -> bool {
        self.0.get(&key(source)).is_some_and(|followed| followed.revived.contains(&source.number))
    }

    /// Whether the log must be asked what it holds under this number: it was seen before, or the instance may have been forgotten.
    pub fn must_ask(&self, intent: &Intent, rx: &str) -> bool {
        let age = hours(rx).saturating_sub(hours(&intent.at));
        match self.0.get(&key(&intent.src)) {
            Some(followed) => followed.runs.contains(intent.src.number),
            None => !intent.src.is_sealers_own() && age > ASK_AFTER_HOURS,
        }
    }

    /// What is odd about sealing this intent now: it contradicts a neighbour, or it comes although it was given up.
    pub(crate) fn remarks(&self, source: &Source, digest: Hash) -> Vec<Remark> {
        let Some(followed) = self.0.get(&key(source)) else { return Vec::new() };
        let number = source.number;
        let mut remarks = Vec::new();
        if followed.runs.contains(number) {
            remarks.push(Remark::late(source, "void"));
        } else if followed.is_missing(number) {
            remarks.push(Remark::late(source, "missing"));
        }
        let link = Link { digest: Some(digest), prev: source.prev };
        for broken in followed.runs.contradictions(number, &link) {
            remarks.push(Remark::forked(source, broken));
        }
        remarks
    }

    /// Notes that this intent was sealed in that hour. Numbers that it declares void are waited for no longer.
    pub(crate) fn insert(&mut self, source: &Source, digest: Hash, hour: u64) {
        if source.is_sealers_own() {
            return;
        }
        let followed = self.0.entry(key(source)).or_default();
        followed.hour = followed.hour.max(hour);
        for void in source.void.iter().filter(|void| **void < source.number) {
            followed.insert(*void, Link::default());
        }
        if followed.runs.contains(source.number) {
            followed.revived.insert(source.number);
        }
        followed.insert(source.number, Link { digest: Some(digest), prev: source.prev });
    }

    /// What is missing now and no row records. An intent can be late: how long to wait before a gap counts is the sealer's rule.
    pub fn gaps(&self) -> Vec<Gap> {
        let gaps = self.0.iter().flat_map(|(instance, followed)| followed.gaps(instance));
        gaps.collect()
    }

    /// A row records that the numbers of `gap` are missing.
    pub(crate) fn close(&mut self, gap: &Gap) {
        let Some(followed) = self.0.get_mut(&gap.instance) else { return };
        if followed.gaps(&gap.instance).contains(gap) {
            followed.missing.insert(gap.from, gap.to);
        }
    }

    /// Forgets the instances that ended long before `hour`.
    pub(crate) fn forget(&mut self, hour: u64) {
        self.0.retain(|instance, followed| {
            hour.saturating_sub(followed.hour) <= FORGET_AFTER_HOURS
                || !followed.gaps(instance).is_empty()
        });
    }
}

impl Followed {
    fn is_missing(&self, number: u64) -> bool {
        self.missing.range(..=number).next_back().is_some_and(|(_, to)| number <= *to)
    }

    fn insert(&mut self, number: u64, link: Link) {
        self.runs.insert(number, link);
        if let Some((from, to)) = self.missing.range(..=number).next_back().map(|(a, b)| (*a, *b))
            && number <= to
        {
            self.missing.remove(&from);
            if from < number {
                self.missing.insert(from, number - 1);
            }
            if number < to {
                self.missing.insert(number + 1, to);
            }
        }
    }

    /// The holes between runs, without what is recorded as missing.
    fn gaps(&self, instance: &str) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for (mut from, to) in self.runs.holes() {
            for (start, end) in self.missing.range(from..=to) {
                if from < *start {
                    gaps.push((from, start - 1));
                }
                from = end + 1;
            }
            if from <= to {
                gaps.push((from, to));
            }
        }
        let gap = |(from, to)| Gap { instance: instance.to_owned(), from, to };
        gaps.into_iter().map(gap).collect()
    }
}

impl Gap {
    /// The details of a [`INCOMPLETE_ACTION`] row that records this gap.
    pub fn to_data(&self) -> BTreeMap<String, Value> {
        let members = [
            ("from", json!(self.from)),
            ("instance", json!(self.instance)),
            ("to", json!(self.to)),
        ];
        members.map(|(key, value)| (key.to_owned(), value)).into()
    }

    /// The gap that such an intent records; `None` for other intents, and for other kinds of incompleteness.
    pub fn of(intent: &Intent) -> Option<Self> {
        if intent.action != INCOMPLETE_ACTION {
            return None;
        }
        let number = |key| intent.data.get(key).and_then(Value::as_u64);
        let instance = intent.data.get("instance").and_then(Value::as_str)?.to_owned();
        Some(Self { instance, from: number("from")?, to: number("to")? })
    }
}

/// The name of an instance in this map and in rows about it: `app/instance`.
pub(crate) fn key(source: &Source) -> String {
    format!("{}/{}", source.app, source.instance)
}

/// Hours since 1970 of a time of the log; 0 for what is none. The Gregorian calendar: days from years and months as in
/// Howard Hinnant's `days_from_civil`.
pub(crate) fn hours(text: &str) -> u64 {
    let part = |range: Range<usize>| text.get(range).and_then(|digits| digits.parse::<u64>().ok());
    let parts = (part(0..4), part(5..7), part(8..10), part(11..13));
    let (Some(year), Some(month), Some(day), Some(hour)) = parts else { return 0 };
    // Years begin in March, so that the day that leap years add is their last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.max(1) - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    // 1970-01-01 is day 719,469 of that count.
    days.saturating_sub(719_469) * 24 + hour
}

#[cfg(test)]
mod tests;
