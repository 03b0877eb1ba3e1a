//! Numbers that are missing, and numbers that only seem to be.

use std::{sync::Arc, time::Duration};

use chain::{commit::Commit, instances::INCOMPLETE_ACTION, intent::SignedIntent};
use domain::{Actor, AuditEvent, EventKind, Plan, Target, TenantId};
use ports::{Container, Identity, KeyPurpose};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{
    Carrier, Change, Document, IntentSource, Keyring, Partition, SystemCap, log, run_shard,
};
use system_tests::world::World;

/// More than the time for which a missing number is waited for.
const LATE: Duration = Duration::from_mins(2);

/// A document that carries its intent.
#[derive(Deserialize, Serialize)]
struct Late {
    intent: SignedIntent,
}

impl Document for Late {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "test-late";

    fn id(&self) -> String {
        "late".to_owned()
    }
}

impl Carrier for Late {
    fn intent(&self) -> &SignedIntent {
        &self.intent
    }
}

fn event() -> AuditEvent {
    AuditEvent::new(EventKind::RunnerActivated, Target::new("runner", "x"))
}

/// The data of `tenant` as a process of `runs` reaches it, with an instance of its own.
async fn process(world: &World, tenant: TenantId) -> Partition {
    let ports = world.store.ports(Identity::Runs);
    let keyring = Keyring::open(&ports).await.unwrap();
    let key = keyring.material(KeyPurpose::RunsIntent).unwrap();
    let source = IntentSource::new(Identity::Runs, key, Arc::clone(&ports.randomness));
    #[expect(clippy::disallowed_methods, reason = "this test stands for an app, and for its host")]
    let cap = SystemCap::mint(ports, Some(Arc::new(source)));
    cap.partition(tenant, "gaps")
}

async fn commit(world: &World, place: &Partition) {
    place.commit(&Actor::system("gaps"), world.now(), Change::new(event())).await.unwrap();
}

async fn seal(world: &World, tenant: TenantId) {
    let envelope = json!({"Data": {"message": format!("\"{tenant}\"")}});
    let answer = world.invoke("seal_intents", &envelope).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
}

async fn commits(world: &World, tenant: TenantId) -> Vec<Commit> {
    let ports = world.store.ports(Identity::Audit);
    #[expect(clippy::disallowed_methods, reason = "this test reads the log as its app does")]
    let log = SystemCap::mint(ports, None).partition(tenant, "gaps");
    let mut commits = Vec::<Commit>::new();
    loop {
        let size = commits.last().map_or(0, |last| last.size);
        match log::commit_at(&log, size).await.unwrap() {
            Some(commit) => commits.push(commit),
            None => return commits,
        }
    }
}

async fn is_said_to_be_incomplete(world: &World, tenant: TenantId) -> bool {
    let commits = commits(world, tenant).await;
    commits.iter().flat_map(|commit| &commit.rows).any(|row| row.contains(INCOMPLETE_ACTION))
}

/// A number is missing, and seen to be. Its intent comes in time, behind more intents than a commit has rows, while nothing is sealed.
#[tokio::test]
async fn what_stands_behind_a_full_page_is_not_missing() {
    let world = World::new().await;
    let tenant = world.tenant(Plan::Enterprise).await;
    let (slow, busy) = (process(&world, tenant).await, process(&world, tenant).await);
    let prepared = slow.prepare(&Actor::system("gaps"), world.now(), &event()).unwrap();
    commit(&world, &slow).await;
    seal(&world, tenant).await;
    for _ in 0..100 {
        commit(&world, &busy).await;
    }
    let late = Late { intent: prepared.signed.clone() };
    slow.create_carriers(vec![(prepared, late)]).await.unwrap();
    world.clock.advance(LATE);
    seal(&world, tenant).await;
    assert!(!is_said_to_be_incomplete(&world, tenant).await);
}

#[tokio::test]
async fn what_does_not_come_is_said_to_be_missing() {
    let world = World::new().await;
    let tenant = world.tenant(Plan::Enterprise).await;
    let slow = process(&world, tenant).await;
    let prepared = slow.prepare(&Actor::system("gaps"), world.now(), &event()).unwrap();
    commit(&world, &slow).await;
    seal(&world, tenant).await;
    world.clock.advance(LATE);
    assert!(!is_said_to_be_incomplete(&world, tenant).await, "nobody has looked yet");
    seal(&world, tenant).await;
    assert!(is_said_to_be_incomplete(&world, tenant).await);
    drop(prepared);
}

/// One process writes to four places by turns, and none of it is sealed yet. Were one place read before the others, each commit would carry a
/// hole for every intent in the others, until nothing fits any more.
#[tokio::test]
async fn a_backlog_in_many_places_is_sealed_in_the_order_in_which_it_happened() {
    let world = World::new().await;
    let tenant = world.tenant(Plan::Enterprise).await;
    let process = process(&world, tenant).await;
    for number in 0..400_u16 {
        world.clock.advance(Duration::from_millis(1));
        let place = process.in_shard(run_shard(u8::try_from(number % 4).unwrap()));
        commit(&world, &place).await;
    }
    seal(&world, tenant).await;
    let commits = commits(&world, tenant).await;
    assert!(commits.last().unwrap().size > 400);
    for commit in commits {
        let carried = serde_json::to_string(&commit.instances).unwrap().len();
        assert!(carried < 2_000, "{carried} bytes after {} rows", commit.size);
    }
}
