//! Purges that take longer than an invocation, and logs that are longer than one looks through: each goes on where it was, and nobody waits in vain.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::{HoldId, Plan, Role, TenantId, Timestamp, hold::Hold};
use ports::{
    BlobError, Blobs, Bucket, Container, Documents, Identity, NewDocument, PartitionKey, Ports,
    Removal, StorageError, Write,
};
use serde_json::{Value, json};
use store::{Document as _, SignedHead, SystemCap, leads, log, retention::HoldRecord};
use system_tests::{
    doubles::ManualClock,
    long_log::{lengthen, made_up},
    people::Person,
    purging::{DAY, again, call, canary, note, project, purge, purges, record, seal, sweep, wake},
    world::World,
};

/// Rows that fill two entry bundles.
const LONG: u64 = 570;

/// What a removal does beside removing.
#[derive(Clone, Copy, Debug, Default)]
struct Trouble {
    /// It takes so long.
    lasts: Duration,
    /// It sets a hold when leads are removed.
    holds: bool,
    /// It fails once, when the leads to this row are removed.
    fails_at: Option<u64>,
}

/// Removal that notes what it removes, and has trouble.
struct Watched {
    inner: Arc<dyn Removal>,
    watch: Arc<Watch>,
    trouble: Trouble,
}

#[derive(Default)]
struct Watch {
    clock: OnceLock<Arc<ManualClock>>,
    audit: OnceLock<Arc<dyn Documents>>,
    has_failed: AtomicBool,
    removed: Mutex<Vec<(TenantId, Container, String)>>,
}

#[async_trait]
impl Removal for Watched {
    async fn remove_documents(
        &self,
        container: Container,
        partition: &PartitionKey,
        ids: &[String],
    ) -> Result<u64, StorageError> {
        let Trouble { lasts, holds, fails_at } = self.trouble;
        if let Some(clock) = self.watch.clock.get() {
            clock.advance(lasts);
        }
        let is_last = |row: u64| leads::ids(row).iter().any(|id| ids.contains(id));
        if container == Container::LogSearch {
            if holds {
                hold(self.watch.audit.get().unwrap(), partition.tenant).await;
            }
            let fails = fails_at.is_some_and(is_last);
            if fails && !self.watch.has_failed.swap(true, Ordering::SeqCst) {
                self.watch.removed.lock().unwrap().clear();
                return Err(StorageError::Unavailable("killed".to_owned()));
            }
        }
        let noted = ids.iter().map(|id| (partition.tenant, container, id.clone()));
        self.watch.removed.lock().unwrap().extend(noted);
        self.inner.remove_documents(container, partition, ids).await
    }

    async fn remove_blob(&self, bucket: Bucket, name: &str) -> Result<(), BlobError> {
        self.inner.remove_blob(bucket, name).await
    }
}

/// A hold on ten rows of the second bundle, as `audit` sets it; set twice is set once.
async fn hold(audit: &Arc<dyn Documents>, tenant: TenantId) {
    let record = HoldRecord(Hold {
        hold: HoldId::from_u128(1),
        epoch: 0,
        from: 300,
        to: Some(310),
        reason: "case 7".to_owned(),
        by: domain::UserId::from_u128(1),
        at: Timestamp::from_unix_s(0),
        released_at: None,
        set_by: None,
        released_by: None,
    });
    let document = NewDocument {
        id: record.id(),
        kind: HoldRecord::KIND.to_owned(),
        k1: None,
        k2: None,
        body: serde_json::to_string(&record).unwrap(),
        expires_at: None,
    };
    let place = PartitionKey::new(tenant, "0");
    drop(audit.commit(Container::Audit, &place, vec![Write::Create(document)]).await);
}

async fn troubled(trouble: Trouble) -> (World, Arc<Watch>) {
    let watch = Arc::<Watch>::default();
    let world = World::with_ports(|mut ports: Ports| {
        if ports.identity == Identity::Audit {
            drop(watch.audit.set(Arc::clone(&ports.documents)));
        }
        if ports.identity == Identity::Purge {
            let (inner, watch) = (Arc::clone(&ports.removal), Arc::clone(&watch));
            ports.removal = Arc::new(Watched { inner, watch, trouble });
        }
        ports
    })
    .await;
    watch.clock.set(Arc::clone(&world.clock)).unwrap();
    (world, watch)
}

async fn long_log(world: &World) -> Person {
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    record(world, &owner, LONG).await;
    project(world).await;
    world.clock.advance(DAY * 420);
    again(world, &owner).await
}

#[tokio::test]
async fn a_purge_that_is_killed_goes_on_at_the_bundle_that_it_reached() {
    let trouble = Trouble { fails_at: Some(256), ..Trouble::default() };
    let (world, watch) = troubled(trouble).await;
    let owner = long_log(&world).await;
    let mut done = purge(&world, &owner).await;
    for _ in 0..3 {
        sweep(&world, &owner).await;
        done = purges(&world, &owner).await.remove(0);
    }
    let figure = |name: &str| done[name].as_u64().unwrap();
    assert_eq!(done["state"], "executed", "{done}");
    assert_eq!(figure("rows") + figure("kept"), figure("to") - figure("from"), "{done}");
    assert!(watch.has_failed.load(Ordering::SeqCst) && figure("to") > 300, "{done}");
    let removed = watch.removed.lock().unwrap();
    let again = |row| removed.iter().any(|(_, _, id)| leads::ids(row).contains(id));
    assert_eq!([1, 255, 256, 300].map(again), [false, false, true, true]);
}

#[tokio::test]
async fn a_hold_that_is_set_while_bodies_are_removed_protects_what_is_still_there() {
    let (world, _) = troubled(Trouble { holds: true, ..Trouble::default() }).await;
    let owner = long_log(&world).await;
    let done = purge(&world, &owner).await;
    assert_eq!((&done["state"], &done["kept"]), (&json!("executed"), &json!(10)), "{done}");
    let kept = call(&world, &owner, "GET", "events/305", None).await;
    assert!(kept.to_string().contains(&canary(304)), "{kept}");
}

/// A tenant whose work takes all the time that there is has no two turns in a row.
#[tokio::test]
async fn a_sweep_that_does_not_come_to_the_end_goes_on_with_the_next_tenant() {
    let trouble = Trouble { lasts: Duration::from_mins(4), ..Trouble::default() };
    let (world, watch) = troubled(trouble).await;
    let mut tenants = Vec::new();
    for _ in 0..2 {
        let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
        for number in 0..20 {
            note(&world, &owner, number..number + 1).await;
            seal(&world, &owner).await;
        }
        tenants.push(owner.tenant);
    }
    tenants.sort_unstable();
    world.clock.advance(DAY * 8);
    for expected in [tenants[0], tenants[1], tenants[0]] {
        watch.removed.lock().unwrap().clear();
        world.tick("sweep_purges").await;
        let removed = watch.removed.lock().unwrap();
        assert!(!removed.is_empty() && removed.iter().all(|(tenant, ..)| *tenant == expected));
    }
}

/// Intents that the store holds.
fn intents(world: &World, text: &str) -> i64 {
    let database = rusqlite::Connection::open(world.data().join("store.sqlite")).unwrap();
    let count = "SELECT count(*) FROM documents WHERE kind = 'intent' AND body LIKE ?1";
    database.query_row(count, [format!("%{text}%")], |row| row.get(0)).unwrap()
}

/// More commits than there is an hour's work in a few reads.
#[tokio::test]
async fn a_sweep_removes_intents_until_it_has_caught_up_with_the_log() {
    let world = World::new().await;
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    record(&world, &owner, 1).await;
    #[expect(clippy::disallowed_methods, reason = "this test writes the log as its app does")]
    let log =
        SystemCap::mint(world.store.ports(Identity::Audit), None).partition(owner.tenant, "test");
    let mut head = log::head(&log).await.unwrap();
    lengthen(
        &log,
        &mut head,
        &[made_up(owner.tenant, 1, ("tenant.created", json!({})), world.now())],
        600,
    )
    .await;
    note(&world, &owner, 7..8).await;
    seal(&world, &owner).await;
    world.clock.advance(DAY * 6);
    world.tick("sweep_purges").await;
    assert_eq!(intents(&world, &canary(7)), 1, "it stays for a week");
    world.clock.advance(DAY * 2);
    world.tick("sweep_purges").await;
    assert_eq!(intents(&world, &canary(7)), 0);
}

/// Puts another head in the place of the one that is there.
async fn put(blobs: &dyn Blobs, tenant: TenantId, head: &SignedHead) {
    let (_, etag) = SignedHead::read(blobs, tenant).await.unwrap().unwrap();
    let bytes = serde_json::to_vec(head).unwrap();
    blobs.put(Bucket::Checkpoints, &SignedHead::blob(tenant), &bytes, Some(&etag)).await.unwrap();
}

/// An export holds 2^23 rows.
#[tokio::test]
async fn a_purge_that_no_export_can_hold_says_what_it_waits_for() {
    let world = World::new().await;
    let owner = long_log(&world).await;
    sweep(&world, &owner).await;
    let noticed = purges(&world, &owner).await.remove(0);
    assert_eq!((&noticed["state"], &noticed["waits_for"]), (&json!("noticed"), &Value::Null));
    let blobs = world.store.ports(Identity::Signer).blobs;
    let (head, _) = SignedHead::read(&*blobs, owner.tenant).await.unwrap().unwrap();
    put(&*blobs, owner.tenant, &SignedHead { size: (1 << 23) + 1, ..head.clone() }).await;
    let noticed = purges(&world, &owner).await.remove(0);
    let waits_for = noticed["waits_for"].as_str().unwrap();
    assert!(waits_for.contains("rotate the log"), "{noticed}");
    // A message that fails each time would be set aside as poison, every hour.
    wake(&world, &owner, "export_purge").await;
    // No signer goes on from a head whose parts contradict each other.
    put(&*blobs, owner.tenant, &head).await;
    assert_eq!(purges(&world, &owner).await[0]["export"], Value::Null);
}
