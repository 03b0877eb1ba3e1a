//! What is over its time is gone from everywhere, what is held stays, and every proof holds throughout.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use chain::{
    policy::{Policy, Tier},
    report::{Kind, Report, Verdict},
    verify,
};
use domain::{Plan, Role};
use ports::{BlobError, Bucket, Container, Identity, PartitionKey, Ports, Removal, StorageError};
use serde_json::{Value, json};
use system_tests::{
    doubles::{Fault, Faulty},
    people::Person,
    pinned::{export, first_policy},
    purging::{DAY, ROWS, again, call, canary, old_log, purge, purges, record, seal, sweep},
    world::World,
};

/// The hold of the tests.
const HELD: std::ops::Range<u64> = 10..20;

async fn verified(world: &World, owner: &Person) -> (Vec<u8>, Report) {
    let file = export(world, &owner.token, &json!({})).await;
    let report = verify::bundle(&file, Some(&first_policy(world, owner.tenant, "").await));
    assert_eq!((report.verdict, report.tier), (Verdict::Ok, Tier::Signed), "{report:?}");
    (file, report)
}

/// Which rows stay, as the last row says that accounts for a purge.
async fn said_to_stay(world: &World, owner: &Person) -> Value {
    let page = call(world, owner, "GET", "events?action=log.purge", None).await;
    let rows = page["rows"].as_array().unwrap_or_else(|| panic!("{page}"));
    let newest = rows.iter().max_by_key(|row| row["row"]["seq"].as_u64()).unwrap();
    newest["row"]["data"]["kept"].clone()
}

/// Which canaries stand in a file of the store: database, write-ahead log, blobs.
fn sung(folder: &Path, count: u64) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sung(&path, count));
        } else {
            found.extend(singing(&std::fs::read(&path).unwrap(), count));
        }
    }
    found
}

fn singing(bytes: &[u8], count: u64) -> BTreeSet<u64> {
    let words = bytes.windows(17).filter(|window| window.starts_with(b"canary-"));
    let numbers = words.filter_map(|word| str::from_utf8(&word[7..11]).ok()?.parse().ok());
    numbers.filter(|number| *number < count).collect()
}

/// Which canaries the projection leads to.
fn led_to(world: &World) -> BTreeSet<u64> {
    let database = rusqlite::Connection::open(world.data().join("store.sqlite")).unwrap();
    let select = "SELECT k2 FROM documents WHERE kind = 'lead' AND k2 LIKE 'target:canary-%'";
    let mut select = database.prepare(select).unwrap();
    let found = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
    found.flat_map(|text| singing(text.unwrap().as_bytes(), ROWS)).collect()
}

#[tokio::test]
async fn a_canary_is_gone_from_everywhere_and_every_proof_holds() {
    let world = World::new().await;
    let owner = old_log(&world).await;
    let hold = json!({"from": HELD.start, "to": HELD.end, "reason": "case 7"});
    call(&world, &owner, "POST", "holds", Some(hold)).await;
    seal(&world, &owner).await;
    let (before, report) = verified(&world, &owner).await;
    assert_eq!((report.purged.rows, singing(&before, ROWS).len() as u64), (0, ROWS));

    assert_eq!(led_to(&world).len() as u64, ROWS, "what rows are found by");
    let done = purge(&world, &owner).await;
    assert_eq!(done["state"], "executed", "{done}");
    let (from, to) = (done["from"].as_u64().unwrap(), done["to"].as_u64().unwrap());
    assert_eq!(from, 1);
    assert!((200..=256).contains(&to), "whole commits in full bundles: {done}");
    assert_eq!(done["kept"], 10, "{done}");
    assert_eq!(said_to_stay(&world, &owner).await, json!([[HELD.start, HELD.end]]));

    // The row of a number holds the canary before it: row 0 says what the log is.
    let (file, report) = verified(&world, &owner).await;
    assert_eq!(report.purged.rows, to - from - 10, "{:?}", report.purged);
    assert_eq!(report.purged.ranges, [(1, HELD.start - 1), (HELD.end, to - 1)]);
    let left: BTreeSet<_> = HELD.chain(to..=ROWS).map(|row| row - 1).collect();
    assert_eq!(singing(&file, ROWS), left, "in the new export");

    // The projection leads to what is left and to nothing else, and nothing makes it lead to more again.
    assert_eq!(led_to(&world), left, "in the projection");
    let whole = json!({"from": 0});
    let checked = call(&world, &owner, "POST", "verifications", Some(whole)).await;
    assert_eq!(checked["verdict"], "ok", "{checked}");
    assert_eq!(led_to(&world), left, "made again");
    for (row, found) in [(5, 0), (12, 1)] {
        let path = format!("events?target={}", canary(row - 1));
        let page = call(&world, &owner, "GET", &path, None).await;
        assert_eq!(page["rows"].as_array().unwrap().len(), found, "{page}");
    }

    let gone = world.call("GET", "/api/audit/v1/audit/events/5", Some(&owner.token), None).await;
    assert_eq!((gone.status.as_u16(), gone.code().as_str()), (404, "row-purged"));
    let row = call(&world, &owner, "GET", "events/12", None).await;
    let proof = row["proof"]["tlog_proof"].as_str().unwrap();
    let policy = first_policy(&world, owner.tenant, "").await;
    let report = verify::row_proof(proof.as_bytes(), None, Some(&policy));
    assert_eq!(report.verdict, Verdict::Ok, "a held row is still proved");

    // Exports from before the purge are files of the customer's; ours are removed after 90 days, and intents after a week.
    world.clock.advance(DAY * 91);
    let owner = again(&world, &owner).await;
    sweep(&world, &owner).await;
    let removed: BTreeSet<_> =
        (1..to).filter(|row| !HELD.contains(row)).map(|row| row - 1).collect();
    let found = sung(&world.data(), ROWS);
    assert!(found.is_disjoint(&removed), "{:?}", found.intersection(&removed));
    let kept: BTreeSet<_> = HELD.map(|row| row - 1).collect();
    assert!(kept.is_subset(&found), "held rows are there");
    let (file, report) = verified(&world, &owner).await;
    assert!(singing(&file, ROWS).is_disjoint(&removed) && report.purged.rows == to - from - 10);
}

/// By night, on demand, with the command and with the page it is one verdict; who pinned a longer time than the log states finds the rows unexplained.
#[tokio::test]
async fn a_purged_log_is_judged_alike_by_everybody() {
    let world = World::new().await;
    let owner = old_log(&world).await;
    let done = purge(&world, &owner).await;
    let (file, report) = verified(&world, &owner).await;
    assert!(report.purged.rows > 100, "{report:?}");
    let on_demand = call(&world, &owner, "POST", "verifications", Some(json!({"from": 0}))).await;
    assert_eq!(on_demand["verdict"], "ok", "{on_demand}");
    assert_eq!(nightly(&world, &owner).await, None);

    let pinned = first_policy(&world, owner.tenant, "").await;
    let agreed = |months: u32| {
        let policy: Policy = format!("{pinned}retention {months}\n").parse().unwrap();
        let report = verify::bundle(&file, Some(&policy));
        (report.verdict, report.first_bad.map(|finding| (finding.seq, finding.kind)))
    };
    assert_eq!(agreed(13), (Verdict::Ok, None));
    let unexplained = Some((Some(1), Kind::UnexplainedPurge));
    assert_eq!(agreed(14), (Verdict::Broken, unexplained), "{done}");
}

/// What the next night finds wrong with the tenant's log.
async fn nightly(world: &World, owner: &Person) -> Option<Value> {
    // From midnight on, when the clock of the tests starts, until the round has begun.
    world.clock.advance(DAY + DAY / 8);
    let owner = again(world, owner).await;
    for _ in 0..8 {
        let answer = world.invoke("verify_logs", &json!({"Data": {"timer": {}}})).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
    }
    let listed = call(world, &owner, "GET", "verifications", None).await;
    let all = listed["verifications"].as_array().unwrap_or_else(|| panic!("{listed}")).clone();
    assert!(all.iter().any(|one| one["by"].is_null()), "{all:?}");
    let broken = all.into_iter().find(|one| one["verdict"] == "broken" && one["by"].is_null());
    broken.map(|one| one["first_bad"]["kind"].clone())
}

/// A hold that ends gives its rows to the next purge, although the rows around them are gone.
#[tokio::test]
async fn what_was_held_is_purged_once_it_is_released() {
    let world = World::new().await;
    let owner = old_log(&world).await;
    let hold = json!({"from": HELD.start, "to": HELD.end, "reason": "case 7"});
    let hold = call(&world, &owner, "POST", "holds", Some(hold)).await;
    seal(&world, &owner).await;
    let first = purge(&world, &owner).await;
    let path = format!("holds/{}", hold["hold"].as_str().unwrap());
    world.clock.advance(DAY);
    let owner = again(&world, &owner).await;
    call(&world, &owner, "DELETE", &path, None).await;
    seal(&world, &owner).await;
    let second = purge(&world, &owner).await;
    assert_eq!((&second["state"], &second["from"]), (&json!("executed"), &json!(HELD.start)));
    assert_eq!(second["kept"], 0, "{second}");
    // It takes what was held and nothing else: the rest was gone before, and others account for it.
    assert_eq!(said_to_stay(&world, &owner).await, json!([[HELD.end, first["to"]]]));
    let (file, report) = verified(&world, &owner).await;
    let to = first["to"].as_u64().unwrap();
    assert_eq!(report.purged.ranges, [(1, to - 1)]);
    assert!(singing(&file, ROWS).iter().all(|number| *number >= to - 1));
}

#[tokio::test]
async fn a_purge_waits_for_its_notice_and_then_goes_on_by_itself() {
    let world = World::new().await;
    let owner = old_log(&world).await;
    let preview = call(&world, &owner, "GET", "retention/preview", None).await;
    assert_eq!((&preview["months"], &preview["held"]), (&json!(13), &json!(0)), "{preview}");
    assert!(preview["rows"].as_u64().unwrap() >= 256, "{preview}");
    for _ in 0..4 {
        sweep(&world, &owner).await;
    }
    assert_eq!(purges(&world, &owner).await[0]["state"], "noticed");
    world.clock.advance(DAY * 59);
    let owner = again(&world, &owner).await;
    for _ in 0..4 {
        sweep(&world, &owner).await;
    }
    assert_eq!(purges(&world, &owner).await[0]["state"], "noticed", "60 days without a witness");
    world.clock.advance(DAY);
    let owner = again(&world, &owner).await;
    for _ in 0..4 {
        sweep(&world, &owner).await;
    }
    assert_eq!(purges(&world, &owner).await[0]["state"], "executed");
    assert!(verified(&world, &owner).await.1.purged.rows > 0);
}

#[tokio::test]
async fn nothing_is_purged_that_is_not_over_its_time() {
    let world = World::new().await;
    let owner = world.person(world.tenant(Plan::Enterprise).await, Role::Owner).await;
    record(&world, &owner, ROWS).await;
    world.clock.advance(DAY * 420);
    let owner = again(&world, &owner).await;
    sweep(&world, &owner).await;
    assert_eq!(purges(&world, &owner).await, Vec::<Value>::new(), "84 months");
    let chosen = call(&world, &owner, "PUT", "retention", Some(json!({"months": 13}))).await;
    assert_eq!(chosen["months"], 13);
    sweep(&world, &owner).await;
    assert_eq!(purges(&world, &owner).await.len(), 1);
}

/// Whoever is killed between any two steps goes on where he was: every write of the app that purges fails once, and every removal.
#[tokio::test]
async fn a_purge_that_is_killed_anywhere_ends_the_same() {
    let whole = outcome(None, None).await;
    for nth in 1..=whole.commits {
        for fault in [Fault::NotApplied, Fault::AppliedButUnanswered] {
            let found = outcome(Some((nth, fault)), None).await;
            assert_eq!(found.rows, whole.rows, "commit {nth}, {fault:?}");
        }
    }
    for nth in [1, 2, whole.removals / 2, whole.removals] {
        let found = outcome(None, Some(nth)).await;
        assert_eq!(found.rows, whole.rows, "removal {nth}");
    }
}

struct Outcome {
    rows: u64,
    commits: usize,
    removals: usize,
}

async fn outcome(fault: Option<(usize, Fault)>, stumble: Option<usize>) -> Outcome {
    let faulty = std::sync::OnceLock::new();
    let removals = Arc::new(AtomicUsize::new(0));
    let world = World::with_ports(|mut ports: Ports| {
        if ports.identity == Identity::Purge {
            let documents = Faulty::new(Arc::clone(&ports.documents));
            ports.documents = Arc::<Faulty>::clone(&documents);
            faulty.set(documents).ok().unwrap();
            let (inner, done) = (Arc::clone(&ports.removal), Arc::clone(&removals));
            ports.removal = Arc::new(Stumbling { inner, done, at: stumble });
        }
        ports
    })
    .await;
    let faulty = faulty.get().unwrap();
    let owner = old_log(&world).await;
    faulty.reset_counts();
    if let Some((nth, fault)) = fault {
        faulty.fail_commit(nth, fault);
    }
    let mut state = Value::Null;
    for _ in 0..12 {
        // The timer notes that a tenant failed, and comes again.
        sweep(&world, &owner).await;
        let last = purges(&world, &owner).await.into_iter().next().unwrap_or_default();
        if last["state"] == "noticed" && state != "noticed" {
            let path = format!("purges/{}/acknowledgement", last["purge"].as_str().unwrap());
            call(&world, &owner, "POST", &path, None).await;
        }
        state = last["state"].clone();
    }
    assert_eq!(state, "executed", "{fault:?} {stumble:?}");
    assert_eq!(purges(&world, &owner).await.len(), 1, "once: {fault:?} {stumble:?}");
    let (_, report) = verified(&world, &owner).await;
    Outcome {
        rows: report.purged.rows,
        commits: faulty.counts().commits,
        removals: removals.load(Ordering::SeqCst),
    }
}

/// Removal that fails once, after it removed.
struct Stumbling {
    inner: Arc<dyn Removal>,
    done: Arc<AtomicUsize>,
    at: Option<usize>,
}

#[async_trait]
impl Removal for Stumbling {
    async fn remove_documents(
        &self,
        container: Container,
        partition: &PartitionKey,
        ids: &[String],
    ) -> Result<u64, StorageError> {
        let removed = self.inner.remove_documents(container, partition, ids).await?;
        let number = self.done.fetch_add(1, Ordering::SeqCst) + 1;
        if self.at == Some(number) {
            return Err(StorageError::Unavailable("killed".to_owned()));
        }
        Ok(removed)
    }

    async fn remove_blob(&self, bucket: Bucket, name: &str) -> Result<(), BlobError> {
        self.inner.remove_blob(bucket, name).await
    }
}
