//! Many writers on one tenant while answers get lost and Cosmos DB asks to slow down: nothing is lost, halved or doubled, and the log proves it.

use std::{collections::BTreeSet, sync::Arc};

use azure::AzureDocuments;
use azure_counterparts::emulator::{
    DATABASE, Emulator,
    faults::{lost_answers, throttling},
};
use azure_data_cosmos::{CosmosClient, fault_injection::FaultInjectionRule};
use chain::{commit::Head, report::Verdict, verify};
use domain::{Actor, AuditEvent, EventKind, Target, TenantId};
use ports::{Container, Identity, KeyPurpose, Ports};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Change, Document, IntentSource, Keyring, Partition, StoreError, SystemCap, log};
use system_tests::{
    pinned::{export, first_policy_of},
    world::World,
};
use tokio::task::JoinSet;

const PROCESSES: usize = 4;
const WRITERS_EACH: usize = 4;
const COMMITS_EACH: u32 = 16;
/// How often a writer starts over; each time someone else was first, or nothing is known.
const ATTEMPTS_MAX: u32 = 2_000;

/// What everybody counts up.
#[derive(Deserialize, Serialize)]
struct Counter {
    value: u32,
}

impl Document for Counter {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "test-counter";

    fn id(&self) -> String {
        "counter".to_owned()
    }
}

/// That a writer counted up to `value`.
#[derive(Deserialize, Serialize)]
struct Mark {
    id: String,
    value: u32,
}

impl Document for Mark {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "test-mark";

    fn id(&self) -> String {
        self.id.clone()
    }
}

fn on_cosmos(client: &CosmosClient, ports: Ports) -> Ports {
    let (clock, randomness) = (Arc::clone(&ports.clock), Arc::clone(&ports.randomness));
    let documents = AzureDocuments::over(client, DATABASE, ports.identity, clock, randomness);
    Ports { documents: Arc::new(documents), ..ports }
}

/// A fifth of the answers lost, and a fifth of the requests throttled, once it is switched on.
struct Storm(Vec<Arc<FaultInjectionRule>>);

impl Storm {
    fn new() -> Self {
        let rules: Vec<_> = lost_answers(0.2).into_iter().chain(throttling(0.2)).collect();
        rules.iter().for_each(|rule| rule.disable());
        Self(rules)
    }

    fn begin(&self) {
        self.0.iter().for_each(|rule| rule.enable());
    }

    fn end(&self) {
        self.0.iter().for_each(|rule| rule.disable());
    }

    fn hits(&self) -> u32 {
        self.0.iter().map(|rule| rule.hit_count()).sum()
    }
}

/// The data of `tenant` as a process of `runs` reaches it, with an intent source of its own.
async fn process(ports: Ports, tenant: TenantId) -> Partition {
    let keyring = Keyring::open(&ports).await.unwrap();
    let key = keyring.material(KeyPurpose::RunsIntent).unwrap();
    let source = IntentSource::new(Identity::Runs, key, Arc::clone(&ports.randomness));
    #[expect(clippy::disallowed_methods, reason = "this test stands for an app, and for its host")]
    let cap = SystemCap::mint(ports, Some(Arc::new(source)));
    cap.partition(tenant, "writers")
}

async fn count_up(partition: &Partition, now: domain::Timestamp, mark: String) {
    for _ in 0..ATTEMPTS_MAX {
        match try_to_count_up(partition, now, &mark).await {
            Ok(()) | Err(StoreError::Exists) => return,
            Err(StoreError::Conflict | StoreError::Throttled | StoreError::Unavailable(_)) => {
                tokio::task::yield_now().await;
            }
            Err(error) => panic!("{mark}: {error:?}"),
        }
    }
    panic!("{mark}: {ATTEMPTS_MAX} attempts failed");
}

async fn try_to_count_up(
    partition: &Partition,
    now: domain::Timestamp,
    mark: &str,
) -> Result<(), StoreError> {
    if partition.find::<Mark>(mark).await?.is_some() {
        return Ok(());
    }
    let found = partition.get::<Counter>("counter").await?;
    let value = found.document.value + 1;
    let event = AuditEvent::new(EventKind::RunnerActivated, Target::new("runner", mark));
    let change = Change::new(event.with("value", value))
        .replace(&Counter { value }, found.etag)
        .create(&Mark { id: mark.to_owned(), value });
    partition.commit(&Actor::system("writers"), now, change).await.map(drop)
}

async fn seal(world: &World, tenant: TenantId) {
    let envelope = json!({"Data": {"message": format!("\"{tenant}\"")}});
    let answer = world.invoke("seal_intents", &envelope).await;
    assert!(matches!(answer.status.as_u16(), 200 | 503), "{}", answer.json());
}

/// Every row, each commit verified to follow from the one before.
async fn rows(partition: &Partition, tenant: TenantId) -> Vec<Value> {
    let (mut head, mut rows) = (Head::default(), Vec::new());
    while let Some(commit) = log::commit_at(partition, head.tree.size()).await.unwrap() {
        head = commit.follow(&head, &tenant.to_string()).unwrap();
        rows.extend(commit.rows.iter().map(|row| serde_json::from_str::<Value>(row).unwrap()));
    }
    assert_eq!(usize::try_from(head.tree.size()).unwrap(), rows.len());
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_writers_lose_nothing_and_their_log_is_gapless() {
    let emulator = Emulator::in_process().await.unwrap();
    let storm = Storm::new();
    let sound = emulator.client().await.unwrap();
    let world = World::with_ports(|ports| on_cosmos(&sound, ports)).await;
    let stormy = emulator.client_with(storm.0.clone()).await.unwrap();
    let elsewhere = world.elsewhere(|ports| on_cosmos(&stormy, ports)).await;
    let owner = world.owner().await;
    let (tenant, now) = (owner.tenant, world.now());

    let mut processes = Vec::new();
    for _ in 0..PROCESSES {
        let ports = on_cosmos(&stormy, world.store.ports(Identity::Runs));
        processes.push(process(ports, tenant).await);
    }
    let begin = AuditEvent::new(EventKind::RunnerRevoked, Target::new("runner", "none"));
    let begin = Change::new(begin).create(&Counter { value: 0 });
    processes[0].commit(&Actor::system("writers"), now, begin).await.unwrap();

    storm.begin();
    let mut writers = JoinSet::new();
    for (number, partition) in processes.iter().enumerate() {
        for writer in 0..WRITERS_EACH {
            let partition = partition.clone();
            writers.spawn(async move {
                for commit in 0..COMMITS_EACH {
                    count_up(&partition, now, format!("m-{number}-{writer}-{commit}")).await;
                }
            });
        }
    }
    while !writers.is_empty() {
        // Two sealers race while the writers write.
        tokio::join!(seal(&world, tenant), seal(&elsewhere, tenant));
        while let Some(writer) = writers.try_join_next() {
            writer.unwrap();
        }
    }
    storm.end();
    assert!(storm.hits() > 100, "{} faults", storm.hits());
    seal(&elsewhere, tenant).await;
    world.settle().await;

    let total = u32::try_from(PROCESSES * WRITERS_EACH).unwrap() * COMMITS_EACH;
    let counter = processes[0].get::<Counter>("counter").await.unwrap().document;
    assert_eq!(counter.value, total, "no update was lost");
    let auditor = on_cosmos(&sound, world.store.ports(Identity::Audit));
    #[expect(clippy::disallowed_methods, reason = "this test reads the log as its app does")]
    let log = SystemCap::mint(auditor.clone(), None).partition(tenant, "writers");
    let rows = rows(&log, tenant).await;
    let told: Vec<_> = rows.iter().filter(|row| row["action"] == "runner.activated").collect();
    assert_eq!(told.len(), usize::try_from(total).unwrap(), "one row for each commit");
    let values: BTreeSet<_> =
        told.iter().map(|row| row["data"]["value"].as_u64().unwrap()).collect();
    assert_eq!(values, (1..=u64::from(total)).collect(), "each value once");
    let incomplete = rows.iter().filter(|row| row["action"] == "log.incomplete").count();
    assert_eq!(incomplete, 0, "nothing is missing");
    for row in &told {
        let mark = row["target"]["id"].as_str().unwrap();
        let mark = processes[0].get::<Mark>(mark).await.unwrap().document;
        assert_eq!(u64::from(mark.value), row["data"]["value"], "no half batch");
    }
    let file = export(&world, &owner.access, &json!({})).await;
    let report = verify::bundle(&file, Some(&first_policy_of(&auditor, owner.tenant, "").await));
    assert_eq!(report.verdict, Verdict::Ok, "{report:?}");
}
