//! The directory of all logs: who is in it, and what a signer that dies leaves of a round.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use chain::{checkpoint::Checkpoint, proof, tile::decode_entries, tree::leaf_hash};
use domain::{Plan, Role, TenantId};
use ports::{BlobError, Blobs, Bucket, Etag, Identity, NewBlob, StoredBlob};
use serde_json::json;
use store::{AnchorRecord, SystemCap, log};
use system_tests::{
    long_log::{lengthen, made_up},
    signing::{blob, blobs, grow, head, seal, sign, sign_directory, signed},
    world::World,
};

/// A round takes up every log that grew, once, and its head is signed by the key that the key store keeps.
#[tokio::test]
async fn the_directory_holds_the_checkpoints_of_every_log_that_grew() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ada = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    let other = ada.tenant;
    grow(&world, &ada.token, 1).await;
    assert_eq!(sign_directory(&world).await.json()["ReturnValue"], json!({"size": 2}));
    assert_eq!(
        sign_directory(&world).await.json()["ReturnValue"],
        json!({"size": 2}),
        "nothing is new"
    );
    grow(&world, &owner.access, 1).await;
    assert_eq!(sign_directory(&world).await.json()["ReturnValue"], json!({"size": 3}));
    let mut places = Vec::new();
    for tenant in [owner.tenant, other] {
        let record = AnchorRecord::read(&*blobs(&world), tenant).await.unwrap().unwrap();
        assert_eq!(record.note, signed(&world, tenant).await.note);
        places.push((record.index, record.directory));
    }
    assert_eq!(places[0], (2, 3), "the newest checkpoint");
    assert_eq!(places[1].1, 2);
    let rows = blob(&world, Bucket::Anchors, "directory/tile/entries/000.p/3").await.unwrap();
    let rows: Vec<_> = decode_entries(&rows.bytes).map(|row| leaf_hash(row.unwrap())).collect();
    let head = blob(&world, Bucket::Anchors, "directory/head/000000000003").await.unwrap();
    let head = head_of(&head);
    assert_eq!(head.origin, "control.example/directory");
    assert_eq!((head.size, Some(head.root)), (3, proof::root(rows.as_slice(), 3)));
}

/// A message to the signer was lost; the timer of the directory finds the log all the same.
#[tokio::test]
async fn a_lost_wake_up_is_made_good_by_the_directorys_timer() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    let before = signed(&world, owner.tenant).await.size;
    world.idle(true);
    let path = "/api/audit/v1/audit/events?limit=1";
    world.call("GET", path, Some(&owner.access), None).await;
    seal(&world, owner.tenant).await;
    assert_eq!(signed(&world, owner.tenant).await.size, before);
    assert_eq!(sign_directory(&world).await.status, 200);
    assert_eq!(signed(&world, owner.tenant).await.size, before + 1);
}

/// Blobs that fail once: the write of this number, not applied or applied and not answered.
struct FailingBlobs {
    inner: Arc<dyn Blobs>,
    left: AtomicUsize,
    is_applied: bool,
}

#[async_trait]
impl Blobs for FailingBlobs {
    async fn get(&self, bucket: Bucket, name: &str) -> Result<Option<StoredBlob>, BlobError> {
        self.inner.get(bucket, name).await
    }

    async fn get_range(
        &self,
        bucket: Bucket,
        name: &str,
        range: Range<u64>,
    ) -> Result<Option<Vec<u8>>, BlobError> {
        self.inner.get_range(bucket, name, range).await
    }

    async fn begin(&self, bucket: Bucket, name: &str) -> Result<Box<dyn NewBlob>, BlobError> {
        self.inner.begin(bucket, name).await
    }

    async fn put(
        &self,
        bucket: Bucket,
        name: &str,
        bytes: &[u8],
        expected: Option<&Etag>,
    ) -> Result<Etag, BlobError> {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        if left != 1 {
            return self.inner.put(bucket, name, bytes, expected).await;
        }
        if self.is_applied {
            self.inner.put(bucket, name, bytes, expected).await?;
        }
        Err(BlobError::Unavailable("a test's fault".to_owned()))
    }
}

/// The signer dies at each of its writes, and whoever comes next ends what was begun: one head a round, each log in it once, no alarm.
#[tokio::test]
async fn a_signer_that_dies_at_any_write_leaves_nothing_half_done() {
    for (write, is_applied) in (1..=14).flat_map(|write| [(write, false), (write, true)]) {
        let world = World::with_ports(|mut ports| {
            if ports.identity == Identity::Signer {
                let (inner, left) = (Arc::clone(&ports.blobs), AtomicUsize::new(write));
                ports.blobs = Arc::new(FailingBlobs { inner, left, is_applied });
            }
            ports
        })
        .await;
        let ada = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
        grow(&world, &ada.token, 1).await;
        let mut rounds = vec![sign_directory(&world).await];
        grow(&world, &ada.token, 2).await;
        rounds.push(sign_directory(&world).await);
        rounds.push(sign_directory(&world).await);
        let last = rounds.pop().unwrap().json();
        let record = AnchorRecord::read(&*blobs(&world), ada.tenant).await.unwrap().unwrap();
        // Two, unless the first round died before it had noted anything.
        assert!([1, 2].contains(&record.directory), "{write} {is_applied}: {rounds:?}");
        assert_eq!(last["ReturnValue"], json!({"size": record.directory}), "{write} {is_applied}");
        let signed = signed(&world, ada.tenant).await;
        assert_eq!((record.index + 1, record.note), (record.directory, signed.note));
        let alarm = store::Alarm::read(&*blobs(&world), ada.tenant, 0).await.unwrap();
        assert_eq!(alarm, None, "{write} {is_applied}");
    }
}

/// Adds 5,000 rows to a tenant's log. How many it has.
async fn lengthened(world: &World, tenant: TenantId) -> u64 {
    let ports = world.store.ports(Identity::Audit);
    #[expect(clippy::disallowed_methods, reason = "this test writes the log as its app does")]
    let log = SystemCap::mint(ports, None).partition(tenant, "test");
    let said = |number| made_up(tenant, number, ("tenant.created", json!({})), world.now());
    let intents: Vec<_> = (1..=64).map(said).collect();
    let mut head = log::head(&log).await.unwrap();
    let whole = head.tree.size() + 5_000;
    lengthen(&log, &mut head, &intents, whole).await;
    whole
}

/// A log of which much was not signed yet does not keep the others waiting, and what is signed of it counts already.
#[tokio::test]
async fn a_long_log_is_signed_part_by_part_and_no_other_waits_for_it() {
    let world = World::new().await;
    let ada = world.person(world.tenant(Plan::Enterprise).await, Role::Owner).await;
    let bob = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    grow(&world, &ada.token, 1).await;
    let before = signed(&world, ada.tenant).await.size;
    let whole = lengthened(&world, ada.tenant).await;
    grow(&world, &bob.token, 1).await;
    let anchored = async |tenant| {
        let record = AnchorRecord::read(&*blobs(&world), tenant).await.unwrap().unwrap();
        assert_eq!(record.size, signed(&world, tenant).await.size);
        record.size
    };
    assert_eq!(sign_directory(&world).await.status, 200);
    let part = anchored(ada.tenant).await;
    assert!((before + 4_096..before + 4_096 + 64).contains(&part), "{part} of {whole}");
    assert!(anchored(bob.tenant).await > 0);
    assert_eq!(sign_directory(&world).await.status, 200);
    assert_eq!(anchored(ada.tenant).await, whole, "though nothing was added to it");
}

/// Whoever waits for the signer waits for all of the log.
#[tokio::test]
async fn a_signer_that_is_woken_signs_all_of_a_long_log() {
    let world = World::new().await;
    let ada = world.person(world.tenant(Plan::Enterprise).await, Role::Owner).await;
    grow(&world, &ada.token, 1).await;
    let whole = lengthened(&world, ada.tenant).await;
    assert_eq!(sign(&world, ada.tenant).await.status, 200);
    assert_eq!(signed(&world, ada.tenant).await.size, whole);
}

fn head_of(blob: &StoredBlob) -> Checkpoint {
    head(str::from_utf8(&blob.bytes).unwrap())
}
