//! The operator rotates the logs: each ends, and goes on under its next name with a new key, which whoever pinned the old one can follow.

use std::time::Duration;

use axum::http::Method;
use chain::{
    Hash,
    checkpoint::Checkpoint,
    epoch::{self, Rotation},
    genesis,
    note::{Note, VerifierKey},
    policy::{Policy, Tier},
    proof,
    report::{Report, Verdict},
    row::Row,
    tree::leaf_hash,
    verify,
};
use domain::{Role, TenantId};
use ed25519_dalek::VerifyingKey;
use ports::{Container, Identity, KeyPurpose, NewDocument, PartitionKey, Write};
use protocol::{
    Digest,
    key::Jwk,
    routes::{WITNESS_CHECKPOINT, WITNESS_COSIGNATURES},
    witness::{CheckpointAnswer, CosignedHead},
};
use serde_json::{Value, json};
use store::{Alarm, PublicKeys, SignedHead, SystemCap, log};
use system_tests::{
    ended,
    load::Customer,
    pinned::{self, export},
    sign_up::Owner,
    world::{DEPLOYMENT, World},
};

const ROTATED: [(&str, &str); 1] = [("PROOFLINE_LOG_ROTATION", "1")];

async fn signed(world: &World, tenant: TenantId) -> SignedHead {
    let blobs = world.store.ports(Identity::Audit).blobs;
    SignedHead::read(&*blobs, tenant).await.unwrap().unwrap().0
}

fn head(note: &str) -> Checkpoint {
    Checkpoint::parse(Note::parse(note.as_bytes()).unwrap().text).unwrap()
}

/// The rows of an epoch of the log, as the database has them.
async fn rows(world: &World, tenant: TenantId, epoch: u64) -> Vec<String> {
    #[expect(clippy::disallowed_methods, reason = "a test stands in for the host")]
    let cap = SystemCap::mint(world.store.ports(Identity::Audit), None);
    let data = cap.partition(tenant, "test").in_epoch(epoch);
    let mut rows = Vec::new();
    while let Some(commit) = log::commit_at(&data, rows.len() as u64).await.unwrap() {
        rows.extend(commit.rows);
    }
    rows
}

fn action(row: &str) -> String {
    Row::parse(row).unwrap().action.to_owned()
}

/// One more row, sealed and signed.
async fn grow(world: &World, owner: &Owner) {
    let path = "/api/audit/v1/audit/events?limit=1";
    assert_eq!(world.call("GET", path, Some(&owner.access), None).await.status, 200);
    seal(world, owner.tenant).await;
}

async fn seal(world: &World, tenant: TenantId) {
    let quoted = serde_json::to_string(&tenant.to_string()).unwrap();
    let sealed = world.invoke("seal_intents", &json!({"Data": {"message": quoted}})).await;
    assert_eq!(sealed.status, 200, "{}", sealed.json());
    for _ in 0..3 {
        world.settle().await;
    }
}

async fn sign(world: &World, tenant: TenantId) -> u16 {
    let quoted = serde_json::to_string(&tenant.to_string()).unwrap();
    world.invoke("sign_checkpoint", &json!({"Data": {"message": quoted}})).await.status.as_u16()
}

/// A log that was signed, and its deployment as it starts with the next rotation.
async fn rotated() -> (World, World, Owner) {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    let next = ended::rotated(&world.data(), world.now(), "1").await;
    (world, next, owner)
}

/// What an inspector pins who calls the log `origin` and has its key by name and version.
async fn policy(world: &World, owner: &Owner, origin: &str, pinned: (&str, u32)) -> Policy {
    let audit = world.store.ports(Identity::Audit);
    pinned::policy(&audit, owner.tenant, origin, pinned, "").await
}

fn proved(report: &Report) -> (Verdict, Tier) {
    (report.verdict, report.tier)
}

#[tokio::test]
async fn a_rotated_log_ends_and_goes_on_with_a_new_key_that_the_old_one_announced() {
    let (_before, world, owner) = rotated().await;
    let tenant = owner.tenant;
    grow(&world, &owner).await;
    let head = signed(&world, tenant).await;
    assert_eq!((head.epoch, head.rotation, head.ended), (1, 1, None));
    let (old, new) = (rows(&world, tenant, 0).await, rows(&world, tenant, 1).await);
    assert_eq!(action(old.last().unwrap()), epoch::ROTATE);
    let actions: Vec<_> = new.iter().take(2).map(|row| action(row)).collect();
    assert_eq!(actions, [genesis::ACTION, epoch::KEY]);
    // Nothing is lost at the border, and nothing is there twice.
    let read = domain::EventKind::AuditViewed.name();
    let count = |rows: &[String]| rows.iter().filter(|row| action(row) == read).count();
    assert_eq!(count(&old) + count(&new), 1, "{old:?} {new:?}");

    let origin = format!("{DEPLOYMENT}/log/{tenant}");
    let next = format!("{origin}/1");
    let file = export(&world, &owner.access, &json!({})).await;
    for pinned in [(origin.as_str(), 1), (next.as_str(), 2)] {
        let report = verify::bundle(&file, Some(&policy(&world, &owner, &next, pinned).await));
        assert_eq!(proved(&report), (Verdict::Ok, Tier::Signed), "{pinned:?} {report:?}");
    }
    let stranger = policy(&world, &owner, &next, (next.as_str(), 1)).await;
    let renamed = verify::bundle(&file, Some(&stranger));
    assert_eq!(proved(&renamed), (Verdict::Ok, Tier::Signed), "a key is its bytes: {renamed:?}");

    // The epoch that is over is handed out as it was signed.
    let file = export(&world, &owner.access, &json!({"epoch": 0})).await;
    let pinned = policy(&world, &owner, &origin, (origin.as_str(), 1)).await;
    let report = verify::bundle(&file, Some(&pinned));
    assert_eq!(proved(&report), (Verdict::Ok, Tier::Signed), "{report:?}");
    assert_eq!(report.size, old.len() as u64);
    assert!(report.notes.iter().any(|note| note.contains(&next)), "{report:?}");
}

/// A Runner that knows the epoch that ended is shown its end and how the log goes on, and what it cosigns of either is kept.
#[tokio::test]
async fn both_epochs_are_witnessed_by_who_watched_the_first() {
    let before = World::new().await;
    let owner = before.owner().await;
    let customer = Customer::of(&before, &owner).await;
    let runner = customer.runner_that_was_heard(&before, "plant-1").await;
    let world = ended::rotated(&before.data(), before.now(), "1").await;
    let look = async |epoch: u64, from: u64| -> CheckpointAnswer {
        let path = format!("{WITNESS_CHECKPOINT}?from={from}&epoch={epoch}");
        serde_json::from_value(runner.ask(&world, Method::GET, &path, None).await).unwrap()
    };
    assert_eq!(look(0, 0).await.next, None, "nothing has ended yet");
    grow(&world, &owner).await;
    let shown = look(0, 1).await;
    let (last, next) = (head(&shown.checkpoint), shown.next.expect("it goes on"));
    assert_eq!((shown.epoch, last.size), (0, rows(&world, owner.tenant, 0).await.len() as u64));
    let path: Vec<_> = shown.proof.iter().map(|Digest(bytes)| Hash(*bytes)).collect();
    let first = leaf_hash(rows(&world, owner.tenant, 0).await[0].as_bytes());
    assert_eq!(proof::check_consistency(1, first, last.size, last.root, &path), Ok(()));
    let begun = head(&next.checkpoint);
    let path: Vec<_> = next.proof.iter().map(|Digest(bytes)| Hash(*bytes)).collect();
    let leaf = leaf_hash(next.row.as_bytes());
    assert_eq!(proof::check_inclusion(leaf, 0, begun.size, &path, begun.root), Ok(()));
    assert_eq!(next.row, rows(&world, owner.tenant, 1).await[0]);
    assert_eq!(look(1, 0).await.next, None, "that one goes on");

    for checkpoint in [shown.checkpoint, next.checkpoint] {
        let cosignature = runner.cosign(&checkpoint, world.now());
        let said = serde_json::to_vec(&CosignedHead { checkpoint, cosignature }).unwrap();
        let body = Some(("application/json", said.into()));
        runner.ask(&world, Method::POST, WITNESS_COSIGNATURES, body).await;
    }
    let key = runner.witness().public();
    let more = format!("witness plant-1 {key}\nquorum plant-1\ntier witnessed\n");
    let audit = world.store.ports(Identity::Audit);
    for (epoch, origin) in [(0, last.origin), (1, begun.origin)] {
        let asked = json!({"epoch": epoch, "head": "witnessed"});
        let file = export(&world, &owner.access, &asked).await;
        let version = epoch + 1;
        let pinned = (origin.as_str(), version);
        let policy = pinned::policy(&audit, owner.tenant, &origin, pinned, &more).await;
        let report = verify::bundle(&file, Some(&policy));
        assert_eq!(proved(&report), (Verdict::Ok, Tier::Witnessed), "{epoch} {report:?}");
    }
}

/// Once, however often it is sealed; and a log that is begun under a rotation needs none.
#[tokio::test]
async fn a_rotation_happens_once() {
    let (_before, world, owner) = rotated().await;
    for _ in 0..3 {
        grow(&world, &owner).await;
    }
    assert_eq!(signed(&world, owner.tenant).await.epoch, 1);
    assert_eq!(rows(&world, owner.tenant, 2).await, Vec::<String>::new());
    let dir = tempfile::tempdir().unwrap();
    let fresh = World::set_to(dir.path(), world.now(), &ROTATED).await;
    let owner = fresh.owner().await;
    fresh.settle().await;
    let head = signed(&fresh, owner.tenant).await;
    assert_eq!((head.epoch, head.rotation), (0, 1));
    grow(&fresh, &owner).await;
    assert_eq!(signed(&fresh, owner.tenant).await.epoch, 0);
}

/// A Runner has a list of keys that is some minutes old: a log that went on at once would be signed by a key that it does not know.
#[tokio::test]
async fn a_log_goes_on_when_its_next_key_has_been_known_for_a_while() {
    let before = World::new().await;
    let owner = before.owner().await;
    before.settle().await;
    let world = World::set_to(&before.data(), before.now(), &ROTATED).await;
    grow(&world, &owner).await;
    assert_eq!(signed(&world, owner.tenant).await.epoch, 0);
    world.clock.advance(Duration::from_mins(19));
    let access = world.person(owner.tenant, Role::Owner).await.token;
    let owner = Owner { access, ..owner };
    grow(&world, &owner).await;
    assert_eq!(signed(&world, owner.tenant).await.epoch, 0);
    world.clock.advance(Duration::from_mins(1));
    grow(&world, &owner).await;
    assert_eq!(signed(&world, owner.tenant).await.epoch, 1);
}

/// A process of before the rotation signs nothing that it has no key for, and takes nothing for an attack.
#[tokio::test]
async fn a_signer_that_was_not_told_waits() {
    let (before, world, owner) = rotated().await;
    grow(&world, &owner).await;
    assert_eq!(sign(&before, owner.tenant).await, 200, "there is nothing new");
    world.idle(true);
    let path = "/api/audit/v1/audit/events?limit=1";
    world.call("GET", path, Some(&owner.access), None).await;
    let quoted = serde_json::to_string(&owner.tenant.to_string()).unwrap();
    world.invoke("seal_intents", &json!({"Data": {"message": quoted}})).await;
    assert_eq!(sign(&before, owner.tenant).await, 503);
    let blobs = world.store.ports(Identity::Audit).blobs;
    assert_eq!(Alarm::read(&*blobs, owner.tenant, 1).await.unwrap(), None);
    assert_eq!(sign(&world, owner.tenant).await, 200);
}

/// Whoever may write rows writes one that hands the log on to a key of his own: the signer does not sign it.
#[tokio::test]
async fn an_end_that_names_a_strangers_key_is_not_signed() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    let (tenant, before) = (owner.tenant, signed(&world, owner.tenant).await);
    let origin = format!("{DEPLOYMENT}/log/{tenant}");
    let by = Note::parse(before.note.as_bytes()).unwrap();
    assert_eq!(by.signatures.len(), 1);
    let keys = PublicKeys::read(&world.store.ports(Identity::Audit)).await.unwrap();
    let Some(Jwk::Ed25519(own)) = keys.jwk(KeyPurpose::Checkpoint) else { panic!("no key") };
    let own = VerifierKey::new(&origin, VerifyingKey::from_bytes(own).unwrap()).unwrap();
    let next = format!("{origin}/1");
    let thief = ed25519_dalek::SigningKey::from_bytes(&[9; 32]).verifying_key();
    let said = Rotation {
        by: vec![own.to_string()],
        keys: vec![VerifierKey::new(&next, thief).unwrap().to_string()],
        next,
        rotation: 0,
    };
    append(&world, &owner, &said).await;
    assert_eq!(sign(&world, tenant).await, 500);
    assert_eq!(signed(&world, tenant).await, before);
    let blobs = world.store.ports(Identity::Audit).blobs;
    let alarm = Alarm::read(&*blobs, tenant, 0).await.unwrap().unwrap();
    assert_eq!(alarm.code, "log-broken", "{alarm:?}");
}

/// Creates the next commit of the log by hand, as somebody with the sealer's rights can: one row that ends the epoch.
async fn append(world: &World, owner: &Owner, said: &Rotation) {
    let ports = world.store.ports(Identity::Audit);
    #[expect(clippy::disallowed_methods, reason = "a test stands in for the host")]
    let data = SystemCap::mint(ports.clone(), None).partition(owner.tenant, "test");
    let last = log::last(&data).await.unwrap().unwrap();
    let mut intent: Value = serde_json::from_str(last.rows.last().unwrap()).unwrap();
    for member in ["prev", "rx", "seq"] {
        intent.as_object_mut().unwrap().remove(member);
    }
    intent["action"] = json!(epoch::ROTATE);
    intent["data"] = json!(said);
    intent["src"]["inst"] = json!("sealer-of-his-own");
    let text = serde_json::to_string(&intent).unwrap();
    let row = Row::seal(&text, last.size, &last.last, &last.rx).unwrap();
    let hash = leaf_hash(row.as_bytes());
    let mut tree = last.head().unwrap().tree;
    tree.push(hash);
    let forged = chain::commit::Commit {
        edge: tree.edge().to_vec(),
        first: last.size,
        last: hash,
        rows: vec![row],
        size: last.size + 1,
        ..last
    };
    let document = NewDocument {
        id: forged.id(),
        kind: "commit".to_owned(),
        k1: None,
        k2: None,
        body: serde_json::to_string(&forged).unwrap(),
        expires_at: None,
    };
    let key = PartitionKey::new(owner.tenant, "0");
    ports.documents.commit(Container::Log, &key, vec![Write::Create(document)]).await.unwrap();
}
