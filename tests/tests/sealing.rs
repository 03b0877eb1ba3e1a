//! Many wake-ups, one sealer; and the one log that it continues.

use std::sync::{Arc, OnceLock};

use chain::commit::Commit;
use domain::{Actor, AuditEvent, EventKind, Plan, Role, Target, TenantId};
use ports::Identity;
use serde_json::json;
use store::{SystemCap, log};
use system_tests::{
    doubles::{Counts, Faulty},
    people::Person,
    signing::{rows_of, seal as seal_log, sign, signed},
    world::{Answer, World},
    writing::RUNS,
};

/// What sealing a sign-up asks of storage, woken once or four times at once.
async fn seal(wake_ups: usize) -> (Counts, u64) {
    let counted = OnceLock::new();
    let world = World::with_ports(|mut ports| {
        if ports.identity == Identity::Audit {
            let documents = Faulty::new(Arc::clone(&ports.documents));
            ports.documents = Arc::<Faulty>::clone(&documents);
            counted.set(documents).ok().unwrap();
        }
        ports
    })
    .await;
    let owner = world.owner().await;
    let counted = counted.get().unwrap();
    counted.reset_counts();
    let envelope = json!({"Data": {"message": format!("\"{}\"", owner.tenant)}});
    let wake = || world.invoke("seal_intents", &envelope);
    let answers = if wake_ups == 1 {
        vec![wake().await]
    } else {
        let (first, second, third, fourth) = tokio::join!(wake(), wake(), wake(), wake());
        vec![first, second, third, fourth]
    };
    (counted.counts(), answers.iter().map(rows).sum())
}

/// How many rows an invocation says that it added.
fn rows(answer: &Answer) -> u64 {
    let json = answer.json();
    let returned = &json["ReturnValue"];
    let returned = returned.as_str().map_or_else(|| returned.clone(), |text| text.parse().unwrap());
    returned["rows"].as_u64().unwrap_or_else(|| panic!("{json}"))
}

#[tokio::test]
async fn wake_ups_that_come_together_are_dealt_with_by_one_sealer() {
    let (once, rows) = seal(1).await;
    let (together, same_rows) = seal(4).await;
    assert_eq!((rows, once.commits), (same_rows, together.commits));
    assert!(rows >= 5, "{rows} rows");
    // One more look for those who asked meanwhile.
    assert!(together.changes <= 2 * once.changes, "{together:?} {once:?}");
}

/// Threat T04: a wrong password for an address that nobody has wakes the sealer like one that is recorded. It finds nothing, and no log begins.
#[tokio::test]
async fn a_wake_for_nobody_begins_no_log() {
    let world = World::new().await;
    world.settle().await;
    world.idle(true);
    let body = json!({"email": "nobody@example.com", "password": "correct horse battery"});
    let answer = world.call("POST", "/api/auth/v1/logins", None, Some(&body)).await;
    assert_eq!(answer.code(), "login-failed");
    assert_eq!(world.drain().await, 2, "the sealer and the signer were woken, and content");
    assert_eq!(rows_of(&world, TenantId::SYSTEM, 0).await, Vec::<String>::new());
}

async fn note(world: &World, owner: &Person, what: &str) {
    let event = AuditEvent::new(EventKind::ProcedureLinted, Target::new("procedure", what));
    world.write(RUNS, owner.tenant, &Actor::system("test"), [event]).await;
    seal_log(world, owner.tenant).await;
}

/// A document that does not begin where the log ends: whoever wrote it, and whether the sealer knows the log or begins with what is signed.
#[tokio::test]
async fn a_stray_commit_beyond_the_end_of_the_log_is_reported_and_not_followed() {
    for restarts in [false, true] {
        let mut world = World::new().await;
        let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
        note(&world, &owner, "before").await;
        assert_eq!(sign(&world, owner.tenant).await.status, 200);
        #[expect(
            clippy::disallowed_methods,
            reason = "a test writes as somebody can who took the app over"
        )]
        let cap = SystemCap::mint(world.store.ports(Identity::Audit), None);
        let log = cap.partition(owner.tenant, "test");
        let last = log::last(&log).await.unwrap().unwrap();
        for first in [last.size + 100, last.size + 100 + last.rows.len() as u64] {
            let size = first + last.rows.len() as u64;
            let stray = log::LogCommit(Commit { first, size, ..last.clone() });
            log.in_shard(log::shard(&log, first)).append(&stray).await.unwrap();
        }
        if restarts {
            world.restart().await;
        }
        note(&world, &owner, "after").await;
        note(&world, &owner, "later").await;
        assert_eq!(sign(&world, owner.tenant).await.status, 200);
        let rows = rows_of(&world, owner.tenant, 0).await;
        assert_eq!(signed(&world, owner.tenant).await.size, rows.len() as u64);
        for what in ["before", "after", "later"] {
            let count = rows.iter().filter(|row| row.contains(what)).count();
            assert_eq!(count, 1, "{what}, {restarts}: {rows:#?}");
        }
        let told = |row: &&String| row.contains("audit.verify_failed") && row.contains("stray");
        assert_eq!(rows.iter().filter(told).count(), 1, "once a day: {rows:#?}");
    }
}
