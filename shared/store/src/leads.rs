//! Leads to rows of the log: small documents in `log_search` by which rows are found. They are made from the rows, and prove nothing: whoever
//! follows one reads the row itself. Each row has two or three, because a container has two fields to look for.
//!
//! In scope: what they say, how a range of them is read. Out of scope: who makes them, and when (`audit`), who removes them (`purge`).

use std::ops::Range;

use ports::{Container, Query, Stored};
use serde::{Deserialize, Serialize};

use crate::{Document, ListOf, Partition, StoreError, document::encode, log};

/// Leads to one row at the most.
pub const OF_A_ROW_MAX: usize = 3;
/// How the ids of all leads begin.
const PREFIX: &str = "row-";
const KIND: &str = "lead";

/// What a row says that it is found by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Marks<'a> {
    /// Who acted.
    pub actor: &'a str,
    /// To what it was done.
    pub target: &'a str,
    /// What happened.
    pub action: &'a str,
    /// How it ended, unless it went well: most do.
    pub setback: Option<&'a str>,
}

/// Which leads are looked for: those with both keys, where both are given.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Keys {
    k1: Option<String>,
    k2: Option<String>,
}

impl Keys {
    /// What an actor did, or what was done to a target; `None` when neither is given.
    pub fn of_parties(actor: Option<&str>, target: Option<&str>) -> Option<Self> {
        let k1 = actor.map(|actor| format!("actor:{actor}"));
        let k2 = target.map(|target| format!("target:{target}"));
        (k1.is_some() || k2.is_some()).then_some(Self { k1, k2 })
    }

    /// What happened: the name of an event, or the beginning of one up to and with a dot, which finds its whole area.
    pub fn of_action(action: &str) -> Self {
        if action.ends_with('.') {
            return Self { k1: None, k2: Some(format!("area:{}", area(action))) };
        }
        Self { k1: Some(format!("action:{action}")), k2: None }
    }

    /// What did not go well, and was that, if it is given.
    pub fn of_setback(outcome: &str, action: Option<&str>) -> Self {
        let k2 = action.map(|action| format!("event:{action}"));
        Self { k1: Some(format!("outcome:{outcome}")), k2 }
    }

    /// Whether a row with these marks is found by these keys.
    pub fn find(&self, marks: &Marks<'_>) -> bool {
        let has =
            |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        of_row(0, marks).iter().any(|lead| has(&self.k1, &lead.k1) && has(&self.k2, &lead.k2))
    }
}

/// `run.` of `run.completed` and of `run.result.`.
fn area(action: &str) -> &str {
    action.split_inclusive('.').next().unwrap_or(action)
}

/// A lead to a row. Its keys are fields of the container and not written twice: one that was listed has none.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Lead {
    /// The number of the row.
    pub seq: u64,
    #[serde(skip)]
    name: String,
    #[serde(skip)]
    k1: Option<String>,
    #[serde(skip)]
    k2: Option<String>,
}

impl Document for Lead {
    const CONTAINER: Container = Container::LogSearch;
    const KIND: &'static str = KIND;

    fn id(&self) -> String {
        self.name.clone()
    }

    fn k1(&self) -> Option<String> {
        self.k1.clone()
    }

    fn k2(&self) -> Option<String> {
        self.k2.clone()
    }
}

impl Lead {
    /// One that leads nowhere, in the place of one that nothing should have.
    pub fn nowhere(id: &str, seq: u64) -> Self {
        Self { seq, name: id.to_owned(), k1: None, k2: None }
    }

    /// Whether `stored` is this lead, in everything that is stored.
    pub fn is(&self, stored: &Stored) -> bool {
        encode(self).is_ok_and(|wanted| wanted == stored.document)
    }
}

/// The ids that leads to row `seq` can have: for whoever removes them.
pub fn ids(seq: u64) -> [String; OF_A_ROW_MAX] {
    ["parties", "action", "setback"].map(|name| format!("{}-{name}", beginning(seq)))
}

/// The leads to row `seq`.
pub fn of_row(seq: u64, marks: &Marks<'_>) -> Vec<Lead> {
    let Marks { actor, target, action, setback } = *marks;
    let [parties, event, lost] = ids(seq);
    let lead = |name, k1, k2| Lead { seq, name, k1: Some(k1), k2: Some(k2) };
    let mut leads = vec![
        lead(parties, format!("actor:{actor}"), format!("target:{target}")),
        lead(event, format!("action:{action}"), format!("area:{}", area(action))),
    ];
    leads.extend(
        setback.map(|outcome| lead(lost, format!("outcome:{outcome}"), format!("event:{action}"))),
    );
    leads
}

/// With what the ids of the leads to row `seq` begin; it comes before all of them.
fn beginning(seq: u64) -> String {
    format!("{PREFIX}{seq:012}")
}

/// The numbers of up to `limit` rows that `keys` lead to, among those of `rows`, which lie in one segment, from one end on. As the leads say, which
/// prove nothing: neither that the rows are there, nor that they are in order.
///
/// # Errors
/// When storage fails, or a lead cannot be read.
pub async fn numbers(
    partition: &Partition,
    keys: &Keys,
    rows: &Range<u64>,
    descending: bool,
    limit: usize,
) -> Result<Vec<u64>, StoreError> {
    let after = Some(beginning(if descending { rows.end } else { rows.start }));
    let Keys { k1, k2 } = keys.clone();
    let of = ListOf { k1, k2, descending, after, limit };
    let page = partition.in_shard(log::shard(partition, rows.start)).list::<Lead>(of).await?;
    Ok(page.documents.into_iter().map(|found| found.document.seq).collect())
}

/// Every document of the projection that lies where leads to `rows` are, which lie in one segment; as it is stored.
///
/// # Errors
/// When storage fails.
pub async fn stored(partition: &Partition, rows: &Range<u64>) -> Result<Vec<Stored>, StoreError> {
    let (mut found, end) = (Vec::new(), beginning(rows.end));
    let shard = log::shard(partition, rows.start);
    let mut after = Some(beginning(rows.start));
    while after.is_some() {
        let query = Query { kind: KIND.to_owned(), after, limit: 1000, ..Query::default() };
        let page = partition.stored(Container::LogSearch, &shard, &query).await?;
        after = page.next.filter(|next| *next < end);
        found.extend(page.documents.into_iter().filter(|stored| stored.document.id < end));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKS: Marks<'_> = Marks {
        actor: "usr_1",
        target: "run_2",
        action: "run.result.rejected",
        setback: Some("denied"),
    };

    #[test]
    fn a_row_is_found_by_each_of_its_marks_and_by_no_other() {
        for keys in [
            Keys::of_parties(Some("usr_1"), None).unwrap(),
            Keys::of_parties(None, Some("run_2")).unwrap(),
            Keys::of_parties(Some("usr_1"), Some("run_2")).unwrap(),
            Keys::of_action("run.result.rejected"),
            Keys::of_action("run."),
            Keys::of_action("run.result."),
            Keys::of_setback("denied", None),
            Keys::of_setback("denied", Some("run.result.rejected")),
        ] {
            assert!(keys.find(&MARKS), "{keys:?}");
        }
        for keys in [
            Keys::of_parties(Some("run_2"), None).unwrap(),
            Keys::of_parties(Some("usr_1"), Some("usr_1")).unwrap(),
            Keys::of_action("run.result"),
            Keys::of_action("runner."),
            Keys::of_setback("failed", None),
            Keys::of_setback("denied", Some("run.completed")),
        ] {
            assert!(!keys.find(&MARKS), "{keys:?}");
        }
        assert_eq!(Keys::of_parties(None, None), None);
        let went_well = Marks { setback: None, ..MARKS };
        assert!(!Keys::of_setback("denied", None).find(&went_well));
        assert_eq!(of_row(7, &went_well).len(), 2);
    }

    #[test]
    fn leads_lie_in_the_order_of_their_rows_and_between_their_borders() {
        for seq in [0, 1, 9, 10, 262_143, 999_999_999_998] {
            for id in ids(seq) {
                assert!(beginning(seq) < id && id < beginning(seq + 1), "{id}");
            }
        }
    }
}
