//! What must be true of a log, however it came about.

use std::collections::{BTreeMap, BTreeSet};

use chain::{commit::Head, instances::INCOMPLETE_ACTION};
use domain::{EventId, EventKind, TenantId};
use serde::Deserialize;
use serde_json::Value;
use store::{Partition, log};

/// What a log holds.
#[derive(Debug, Default)]
pub struct Judgement {
    /// How many rows it has.
    pub size: u64,
    /// How many commits.
    pub commits: usize,
    /// How many of its rows are of the storm.
    pub events: usize,
    /// How many rows say that numbers are missing, which is true of each: their process was killed, or their write was lost.
    pub missing: usize,
    /// How many numbers they name: those that were given out and came to nothing, no more and no fewer.
    pub absent: usize,
    /// How many numbers were declared void.
    pub void: usize,
}

#[derive(Deserialize)]
struct Told {
    action: String,
    data: BTreeMap<String, Value>,
    id: String,
    reason: Option<String>,
    src: Source,
}

#[derive(Deserialize)]
struct Source {
    app: String,
    inst: String,
    n: u64,
    #[serde(default)]
    void: Vec<u64>,
}

/// Reads the log from its first row to its last, and fails unless it is one line, holds each of `expected` once and nothing else of the
/// storm, and says of just those numbers that they are missing which were given out, did not come, and were not declared void: of each once.
pub async fn judge(
    partition: &Partition,
    tenant: TenantId,
    expected: &BTreeSet<EventId>,
) -> Judgement {
    let (rows, commits) = rows(partition, tenant).await;
    let storm = EventKind::RunnerActivated.name();
    let told: Vec<_> = rows.iter().filter(|row| row.action == storm).collect();
    let ids: BTreeSet<EventId> = told.iter().map(|row| row.id.parse().unwrap()).collect();
    assert_eq!(ids.len(), told.len(), "an event has two rows");
    let lost: Vec<_> = expected.difference(&ids).collect();
    assert!(
        lost.is_empty(),
        "{} acknowledged and not in the log: {:?} …",
        lost.len(),
        lost.first()
    );
    assert_eq!(ids.len(), expected.len(), "the log has what nobody stored");
    let missing = rows.iter().filter(|row| row.action == INCOMPLETE_ACTION);
    let missing: Vec<_> = missing.collect();
    let known = known(&rows);
    let absent = assert_exact(&missing, &known);
    let void = told.iter().map(|row| row.src.void.len()).sum();
    let size = u64::try_from(rows.len()).unwrap();
    Judgement { size, commits, events: told.len(), missing: missing.len(), absent, void }
}

/// Every row, each commit verified by `chain` to follow from the one before.
async fn rows(partition: &Partition, tenant: TenantId) -> (Vec<Told>, usize) {
    let (mut head, mut rows, mut commits) = (Head::default(), Vec::new(), 0);
    while let Some(commit) = log::commit_at(partition, head.tree.size()).await.unwrap() {
        head = commit.follow(&head, &tenant.to_string()).unwrap();
        rows.extend(commit.rows.iter().map(|row| serde_json::from_str::<Told>(row).unwrap()));
        commits += 1;
    }
    assert_eq!(usize::try_from(head.tree.size()).unwrap(), rows.len());
    let end = log::head(partition).await.unwrap();
    assert_eq!(end, head, "the end of the log is not where its rows end");
    (rows, commits)
}

/// For each instance, the numbers that were sealed or declared void.
fn known(rows: &[Told]) -> BTreeMap<String, BTreeSet<u64>> {
    let mut known: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for Told { src, .. } in rows {
        let numbers = known.entry(format!("{}/{}", src.app, src.inst)).or_default();
        assert!(numbers.insert(src.n), "{}/{} {} is sealed twice", src.app, src.inst, src.n);
    }
    for Told { src, .. } in rows {
        let numbers = known.entry(format!("{}/{}", src.app, src.inst)).or_default();
        for void in &src.void {
            numbers.insert(*void);
        }
    }
    known
}

/// How many numbers the rows name. Of an instance, every number below its last one was given out; what neither came nor was declared void is missing.
fn assert_exact(missing: &[&Told], known: &BTreeMap<String, BTreeSet<u64>>) -> usize {
    let mut said = BTreeMap::<String, BTreeSet<u64>>::new();
    for row in missing {
        assert_eq!(row.reason.as_deref(), Some("missing"), "{:?}", row.data);
        let number = |name: &str| row.data[name].as_u64().unwrap();
        let instance = row.data["instance"].as_str().unwrap();
        let numbers = said.entry(instance.to_owned()).or_default();
        for number in number("from")..=number("to") {
            assert!(numbers.insert(number), "{instance} {number} is said to be missing twice");
        }
    }
    let absent = |(instance, known): (&String, &BTreeSet<u64>)| {
        let last = known.last().copied().unwrap_or_default();
        let absent: BTreeSet<_> = (1..=last).filter(|number| !known.contains(number)).collect();
        (!absent.is_empty()).then(|| (instance.clone(), absent))
    };
    let expected: BTreeMap<_, _> = known.iter().filter_map(absent).collect();
    assert_eq!(said, expected, "what is said to be missing, and what is");
    said.values().map(BTreeSet::len).sum()
}
