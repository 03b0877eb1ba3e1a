//! Which intents of which instance were sealed, so that none is sealed twice and a missing one shows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::intent::{Intent, Source};

/// The action of a row that says that the log lacks something.
pub const INCOMPLETE_ACTION: &str = "log.incomplete";

/// For each source instance, which numbers were sealed.
///
/// Shape: `{"auth/7f9c":{"above":[993],"high":991}}`: everything up to 991, and 993.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Instances(BTreeMap<String, Sealed>);

#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Sealed {
    /// Seen although a smaller number was not.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    above: BTreeSet<u64>,
    /// Every number up to this one was seen.
    high: u64,
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
    /// Whether this intent was sealed.
    pub fn contains(&self, source: &Source) -> bool {
        self.0.get(&key(source)).is_some_and(|sealed| sealed.contains(source.number))
    }

    /// Notes that this intent was sealed; `false` when it was already.
    ///
    /// Numbers that it declares void are waited for no longer.
    pub fn insert(&mut self, source: &Source) -> bool {
        let sealed = self.0.entry(key(source)).or_default();
        for void in source.void.iter().filter(|void| **void < source.number) {
            sealed.insert(*void);
        }
        sealed.insert(source.number)
    }

    /// What is missing now. An intent can be late: how long to wait before a gap counts is the sealer's rule.
    pub fn gaps(&self) -> Vec<Gap> {
        let gaps = self.0.iter().flat_map(|(instance, sealed)| sealed.gaps(instance));
        gaps.collect()
    }

    /// No longer waits for the numbers of `gap`: a row of the log says that they are missing.
    pub(crate) fn close(&mut self, gap: &Gap) {
        let Some(sealed) = self.0.get_mut(&gap.instance) else { return };
        if gap.from == sealed.high + 1 && gap.to > sealed.high {
            sealed.high = gap.to;
            sealed.advance();
        }
    }
}

impl Sealed {
    fn contains(&self, number: u64) -> bool {
        number <= self.high || self.above.contains(&number)
    }

    fn insert(&mut self, number: u64) -> bool {
        let is_new = number > self.high && self.above.insert(number);
        self.advance();
        is_new
    }

    fn advance(&mut self) {
        while let Some(lowest) = self.above.first().copied().filter(|first| *first <= self.high + 1)
        {
            self.high = self.high.max(lowest);
            self.above.remove(&lowest);
        }
    }

    fn gaps(&self, instance: &str) -> Vec<Gap> {
        let before = std::iter::once(self.high).chain(self.above.iter().copied());
        let pairs = before.zip(&self.above).filter(|(before, after)| before + 1 < **after);
        let gap = |(before, after): (u64, &u64)| Gap {
            instance: instance.to_owned(),
            from: before + 1,
            to: after - 1,
        };
        pairs.map(gap).collect()
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
        let number = |key| intent.data.get(key).and_then(Value::as_u64);
        let instance = intent.data.get("instance").and_then(Value::as_str)?.to_owned();
        let gap = Self { instance, from: number("from")?, to: number("to")? };
        (intent.action == INCOMPLETE_ACTION).then_some(gap)
    }
}

fn key(source: &Source) -> String {
    format!("{}/{}", source.app, source.instance)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(number: u64) -> Source {
        Source { app: "auth".to_owned(), instance: "7f9c".to_owned(), number, void: Vec::new() }
    }

    fn seen(numbers: &[u64]) -> Instances {
        let mut instances = Instances::default();
        for number in numbers {
            assert!(instances.insert(&source(*number)));
        }
        instances
    }

    fn gap(from: u64, to: u64) -> Gap {
        Gap { instance: "auth/7f9c".to_owned(), from, to }
    }

    #[test]
    fn numbers_in_any_order_become_one_run() {
        let instances = seen(&[2, 1, 5, 4, 3]);
        assert_eq!(serde_json::to_string(&instances).unwrap(), r#"{"auth/7f9c":{"high":5}}"#);
        assert_eq!(instances.gaps(), []);
    }

    #[test]
    fn a_number_that_was_declared_void_is_no_gap() {
        let mut instances = seen(&[1]);
        assert!(instances.insert(&Source { void: vec![2, 3, 9], ..source(4) }));
        assert_eq!(instances.gaps(), []);
        assert!(!instances.contains(&source(9)), "only smaller numbers can be void");
    }

    #[test]
    fn a_number_counts_once() {
        let mut instances = seen(&[1, 2, 4]);
        for number in [1, 2, 4] {
            assert!(instances.contains(&source(number)) && !instances.insert(&source(number)));
        }
        assert!(!instances.contains(&source(3)) && !instances.contains(&source(5)));
        let elsewhere = Source { instance: "other".to_owned(), ..source(1) };
        assert!(instances.insert(&elsewhere));
    }

    #[test]
    fn every_gap_is_found_and_survives_storage() {
        let instances = seen(&[1, 4, 5, 7]);
        let text = r#"{"auth/7f9c":{"above":[4,5,7],"high":1}}"#;
        assert_eq!(serde_json::to_string(&instances).unwrap(), text);
        let stored: Instances = serde_json::from_str(text).unwrap();
        assert_eq!(stored.gaps(), [gap(2, 3), gap(6, 6)]);
        assert_eq!(seen(&[3]).gaps(), [gap(1, 2)]);
    }

    #[test]
    fn a_recorded_gap_is_no_longer_waited_for() {
        let mut instances = seen(&[1, 4, 5, 7]);
        instances.close(&gap(2, 3));
        assert_eq!(instances, seen(&[1, 2, 3, 4, 5, 7]));
        // Only the gap that is there can be closed: nothing skips numbers that may still come.
        instances.close(&gap(8, 9));
        instances.close(&gap(1, 20));
        assert_eq!(instances.gaps(), [gap(6, 6)]);
    }
}
