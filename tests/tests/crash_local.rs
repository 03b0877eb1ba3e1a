//! Processes on one local store, and what is left when one is killed.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Lines},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
};

use ambient::{SystemClock, SystemRandomness};
use domain::TenantId;
use local::Store;
use ports::{Container, Identity, PartitionKey, Query};
use tempfile::TempDir;

const TENANT: TenantId = TenantId::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);

fn committer(dir: &Path, mode: &str, what: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_committer"))
        .args([dir.as_os_str(), TENANT.to_string().as_ref(), mode.as_ref(), what.as_ref()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A process that floods, and what it acknowledged.
struct Flood {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    acknowledged: Vec<String>,
}

impl Flood {
    fn start(dir: &Path, name: &str) -> Self {
        let mut process = committer(dir, "flood", name);
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines, acknowledged: Vec::new() }
    }

    fn wait_for(&mut self, count: usize) {
        self.acknowledged.extend(self.lines.by_ref().take(count).map(Result::unwrap));
    }

    /// Kills it in the middle of whatever it does, and hears what it had still said.
    fn kill(mut self) -> Vec<String> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.acknowledged.extend(self.lines.map(Result::unwrap));
        self.acknowledged
    }
}

/// Every id in the partition, from a store opened anew, by query and by feed.
async fn stored(dir: &Path) -> (BTreeSet<String>, Vec<String>) {
    let store = Store::open(dir, Arc::new(SystemClock), Arc::new(SystemRandomness)).unwrap();
    let documents = store.ports(Identity::Runs).documents;
    let follower = store.ports(Identity::Audit).documents;
    let partition = PartitionKey::new(TENANT, "0");
    let (mut queried, mut after) = (BTreeSet::new(), None);
    loop {
        let query = Query { kind: "k".into(), after, limit: 1000, ..Query::default() };
        let page = documents.query(Container::Runs, &partition, &query).await.unwrap();
        queried.extend(page.documents.into_iter().map(|stored| stored.document.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let (mut fed, mut cursor) = (Vec::new(), None);
    loop {
        let page = follower.changes(Container::Runs, &partition, cursor.as_ref(), 1000).await;
        let page = page.unwrap();
        fed.extend(page.documents.into_iter().map(|stored| stored.document.id));
        cursor = Some(page.cursor);
        if !page.more {
            return (queried, fed);
        }
    }
}

async fn check(dir: &Path, acknowledged: &[String]) {
    let (queried, fed) = stored(dir).await;
    for pair in acknowledged {
        for half in ["a", "b"] {
            assert!(
                queried.contains(&format!("{pair}-{half}")),
                "{pair} was acknowledged, then lost"
            );
        }
    }
    for id in &queried {
        let other = if id.ends_with("-a") { "b" } else { "a" };
        assert!(
            queried.contains(&format!("{}-{other}", &id[..id.len() - 2])),
            "half a batch: {id}"
        );
    }
    assert_eq!(fed.len(), queried.len(), "a feed shows every document once");
    assert_eq!(fed.into_iter().collect::<BTreeSet<_>>(), queried);
}

/// The moments are those at which the n-th answer was heard; where the other seven tasks are then is chance.
#[tokio::test]
async fn a_killed_process_loses_nothing_that_it_acknowledged() {
    let dir = TempDir::new().unwrap();
    let mut acknowledged = Vec::new();
    for (round, moment) in [1, 2, 3, 5, 8, 40, 41, 150, 333, 700].into_iter().enumerate() {
        let mut flood = Flood::start(dir.path(), &format!("r{round}"));
        flood.wait_for(moment);
        acknowledged.extend(flood.kill());
        check(dir.path(), &acknowledged).await;
    }
    assert!(acknowledged.len() >= 1283);
}

#[tokio::test]
async fn a_killed_process_does_not_stop_the_others() {
    let dir = TempDir::new().unwrap();
    let (mut killed, mut other) = (Flood::start(dir.path(), "x"), Flood::start(dir.path(), "y"));
    killed.wait_for(50);
    other.wait_for(50);
    let mut acknowledged = killed.kill();
    // More than fit in a pipe and were answered before.
    other.wait_for(20_000);
    acknowledged.extend(other.kill());
    check(dir.path(), &acknowledged).await;
}

#[tokio::test]
async fn processes_make_one_gapless_sequence() {
    let dir = TempDir::new().unwrap();
    let processes: Vec<_> = (0..3).map(|_| committer(dir.path(), "chain", "40")).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    let (queried, fed) = stored(dir.path()).await;
    let expected: Vec<_> = (1..=120).map(|n| format!("{n:06}")).collect();
    assert_eq!(fed, expected);
    assert_eq!(queried.into_iter().collect::<Vec<_>>(), expected);
}
