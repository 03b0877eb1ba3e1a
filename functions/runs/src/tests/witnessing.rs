//! Runners as witnesses: which head they are shown, whose cosignature is kept, and what the log says of them.

use std::time::Duration;

use chain::{
    Hash,
    checkpoint::Checkpoint,
    cosignature::Witness,
    note::Signer,
    proof,
    tile::{self, Levels},
    tree::leaf_hash,
};
use domain::{Role, RunnerId, TenantId};
use ports::{Bucket, Identity, KeyPurpose};
use protocol::{
    Digest, V1,
    certificate::RunnerCertificate,
    dsse::Envelope,
    enrolment::EnrolRequest,
    key::Ed25519Key,
    witness::{AlarmKind, CheckpointAnswer, WitnessAlarm, witness_name},
};
use serde_json::{Value, json};
use store::{Cosignatures, Cosigned, Keyring, SignedHead};

use super::{
    customer::{Customer, body, certificate, key, name, witness_seed},
    field_runner::{FieldRunner, enrol, fields, token},
    world::{Answer, DEPLOYMENT, Person, World},
};

const CHECKPOINT: &str = "/v1/witness/checkpoint";
const COSIGNATURES: &str = "/v1/witness/cosignatures";

pub(super) struct Scene {
    pub(super) world: World,
    owner: Person,
    customer: Customer,
    runner: FieldRunner,
}

impl Scene {
    pub(super) async fn new() -> Self {
        let (world, customer) = (World::new().await, Customer::new());
        let owner = world.person(world.tenant().await, Role::Owner).await;
        customer.register(&world, &owner).await;
        let runner = FieldRunner::active(&world, &customer, &owner, 10).await;
        Self { world, owner, customer, runner }
    }

    pub(super) fn tenant(&self) -> TenantId {
        self.owner.tenant
    }

    pub(super) fn origin(&self) -> String {
        format!("{DEPLOYMENT}/log/{}", self.tenant())
    }

    pub(super) async fn signer(&self, origin: &str) -> Signer {
        let keyring = Keyring::open(&self.world.store.ports(Identity::Signer)).await.unwrap();
        Signer::from_seed(origin, keyring.material(KeyPurpose::Checkpoint).unwrap()).unwrap()
    }

    pub(super) fn head(&self, rows: &[Hash]) -> Checkpoint {
        let root = proof::root(rows, rows.len() as u64).unwrap();
        Checkpoint { origin: self.origin(), size: rows.len() as u64, root }
    }

    /// What the signer does when the log has these rows: tiles first, then the head. The signed note.
    pub(super) async fn sign(&self, rows: &[Hash]) -> String {
        let blobs = self.world.store.ports(Identity::Signer).blobs;
        let (levels, tenant) = (Levels::new(rows.to_vec()), self.tenant().to_string());
        for tile in tile::files(rows.len() as u64) {
            if let Some(bytes) = levels.encode(&tile) {
                let name = tile.blob_name(&tenant, 0);
                let written = blobs.get(Bucket::Tiles, &name).await.unwrap().map(|blob| blob.etag);
                blobs.put(Bucket::Tiles, &name, &bytes, written.as_ref()).await.unwrap();
            }
        }
        let note = self.head(rows).sign(&self.signer(&self.origin()).await).unwrap();
        let head = SignedHead {
            note: note.clone(),
            size: rows.len() as u64,
            commit: 0,
            last: Hash::ZERO,
            edge: Vec::new(),
            rx: String::new(),
            epoch: 0,
            restore: 0,
            tail: 0,
            rotation: 0,
            ended: None,
        };
        let name = SignedHead::blob(&tenant);
        let before = blobs.get(Bucket::Checkpoints, &name).await.unwrap().map(|blob| blob.etag);
        let bytes = serde_json::to_vec(&head).unwrap();
        blobs.put(Bucket::Checkpoints, &name, &bytes, before.as_ref()).await.unwrap();
        note
    }

    async fn shown(&self, from: u64) -> CheckpointAnswer {
        let path = format!("{CHECKPOINT}?from={from}");
        serde_json::from_value(self.runner.get(&self.world, &path).await.ok()).unwrap()
    }

    /// The cosignature of a Runner over the head of these rows, as many seconds from now.
    fn line(&self, runner: &FieldRunner, rows: &[Hash], in_s: i64) -> String {
        let witness = witness_name(&name(DEPLOYMENT), self.tenant(), &name("plant-1"));
        let witness = Witness::from_seed(&witness, &witness_seed(&runner.key)).unwrap();
        let time = u64::try_from(self.world.now().unix_s() + in_s).unwrap();
        witness.cosign(&self.head(rows).to_text(), time).unwrap()
    }

    async fn post(&self, runner: &FieldRunner, checkpoint: &str, line: &str) -> Answer {
        let head = json!({ "checkpoint": checkpoint, "cosignature": line });
        runner.post(&self.world, COSIGNATURES, &head).await
    }

    /// Signs these rows and has the Runner cosign them.
    async fn witness(&self, rows: &[Hash]) -> Answer {
        let note = self.sign(rows).await;
        self.post(&self.runner, &note, &self.line(&self.runner, rows, 0)).await
    }

    /// As if nothing had been kept of any witness.
    pub(super) async fn forget_cosignatures(&self) {
        let blobs = self.world.store.ports(Identity::Runs).blobs;
        let (_, etag) = Cosignatures::of(&*blobs, (self.tenant(), 0)).await.unwrap();
        Cosignatures::default().store(&*blobs, (self.tenant(), 0), etag.as_ref()).await.unwrap();
    }

    pub(super) async fn kept(&self) -> Cosignatures {
        let blobs = self.world.store.ports(Identity::Audit).blobs;
        Cosignatures::of(&*blobs, (self.tenant(), 0)).await.unwrap().0
    }

    pub(super) async fn recorded(&self) -> usize {
        self.world.count(self.tenant(), "audit.checkpoint.cosigned").await
    }
}

pub(super) fn rows(count: u64) -> Vec<Hash> {
    (0..count).map(|row| leaf_hash(&row.to_be_bytes())).collect()
}

#[tokio::test]
async fn a_runner_is_shown_the_last_head_and_that_it_continues_what_it_knows() {
    let scene = Scene::new().await;
    scene.runner.get(&scene.world, CHECKPOINT).await.refused(409, "nothing-signed");
    for size in [1, 2, 255, 256, 257, 600] {
        let note = scene.sign(&rows(size)).await;
        for from in [0, 1, 2, 255, 256, 257, 600, 700] {
            let answer = scene.shown(from).await;
            assert_eq!(answer.checkpoint, note);
            let proof: Vec<_> = answer.proof.iter().map(|Digest(hash)| Hash(*hash)).collect();
            if (1..=size).contains(&from) {
                let root = |size| proof::root(rows(size).as_slice(), size).unwrap();
                let held = proof::check_consistency(from, root(from), size, root(size), &proof);
                assert_eq!(held, Ok(()), "{from} to {size}");
            } else {
                assert_eq!(proof, [], "{from} to {size}");
            }
        }
    }
}

#[tokio::test]
async fn only_the_certified_witness_key_over_a_signed_head_is_kept() {
    let scene = Scene::new().await;
    let (three, note) = (rows(3), scene.sign(&rows(3)).await);
    let line = scene.line(&scene.runner, &three, 0);
    let forever = i64::MAX - scene.world.now().unix_s();
    let stranger = FieldRunner { key: Ed25519Key::from_seed(&[77; 32]), ..scene.runner.clone() };
    let refused = [
        (note.clone(), scene.line(&stranger, &three, 0), "cosignature-invalid"),
        (note.clone(), scene.line(&scene.runner, &rows(4), 0), "cosignature-invalid"),
        (note.clone(), String::new(), "cosignature-invalid"),
        (note.replace("\n3\n", "\n4\n"), line.clone(), "cosignature-invalid"),
        (note.clone() + &line, line.clone(), "cosignature-invalid"),
        (note.clone(), scene.line(&scene.runner, &three, 301), "cosignature-time"),
        // The last second that a cosignature can claim: no calendar has it.
        (note.clone(), scene.line(&scene.runner, &three, forever), "cosignature-time"),
    ];
    for (checkpoint, line, code) in refused {
        scene.post(&scene.runner, &checkpoint, &line).await.refused(400, code);
    }
    let foreign = format!("{DEPLOYMENT}/log/{}", TenantId::from_u128(9));
    let text = Checkpoint { origin: foreign.clone(), ..scene.head(&three) };
    let foreign = text.sign(&scene.signer(&foreign).await).unwrap();
    scene.post(&scene.runner, &foreign, &line).await.refused(400, "checkpoint-unknown");
    assert_eq!((scene.kept().await.newest(&scene.origin()), scene.recorded().await), (None, 0));

    let kept = scene.post(&scene.runner, &note, &line).await.ok();
    assert_eq!(kept, json!({ "size": 3 }));
    let cosigned = scene.kept().await;
    let cosigned = cosigned.newest(&scene.origin()).unwrap();
    assert_eq!((&cosigned.checkpoint, &cosigned.line), (&note, &line));
    assert_eq!((cosigned.size, cosigned.runner), (3, Some(scene.runner.runner)));
}

#[tokio::test]
async fn a_runner_that_was_not_certified_as_a_witness_is_refused() {
    let scene = Scene::new().await;
    let note = scene.sign(&rows(3)).await;
    let (world, key, now) = (&scene.world, key(12), scene.world.now());
    let token = token(world, &scene.owner, "plant-1").await;
    let mut fields = fields(&scene.customer, scene.tenant(), &token, &key, "plant-1", now);
    let certified = certificate(scene.tenant(), &key, "plant-1", now);
    let certified = RunnerCertificate { witness_jwk: None, ..certified };
    fields.certificate = Envelope::sign_message(&certified, &[&scene.customer.authority]).unwrap();
    let request = EnrolRequest::sign(fields, &key).unwrap();
    let enrolled = enrol(world, &request).await.ok();
    let runner = enrolled["runner"].as_str().unwrap();
    let approve = format!("/v1/runners/{runner}/approve");
    world.post(&scene.owner, &approve, json!({ "words": enrolled["words"] })).await.ok();
    let runner = FieldRunner { runner: runner.parse().unwrap(), key, ..scene.runner.clone() };
    let line = scene.line(&runner, &rows(3), 0);
    scene.post(&runner, &note, &line).await.refused(403, "witness-uncertified");
}

#[tokio::test]
async fn a_witness_goes_forward_only_and_two_trees_of_one_size_are_an_alarm() {
    let scene = Scene::new().await;
    scene.witness(&rows(5)).await.ok();
    let older = scene.head(&rows(3)).sign(&scene.signer(&scene.origin()).await).unwrap();
    let line = scene.line(&scene.runner, &rows(3), 1);
    scene.post(&scene.runner, &older, &line).await.refused(409, "cosignature-older");
    let fork: Vec<_> = rows(6)[1..].to_vec();
    let forked = scene.head(&fork).sign(&scene.signer(&scene.origin()).await).unwrap();
    for _ in 0..2 {
        let line = scene.line(&scene.runner, &fork, 1);
        scene.post(&scene.runner, &forked, &line).await.refused(409, "cosignature-conflict");
    }
    assert_eq!(scene.world.count(scene.tenant(), "log.alarm").await, 1);
    assert_eq!(scene.kept().await.newest(&scene.origin()).unwrap().root, scene.head(&rows(5)).root);
}

/// Each row makes a head, and each head is cosigned: if that made a row, an idle log would never be idle.
#[tokio::test]
async fn the_log_is_not_fed_by_its_own_witnessing() {
    let scene = Scene::new().await;
    for size in 3..=40 {
        scene.witness(&rows(size)).await.ok();
        scene.world.advance(Duration::from_hours(1));
    }
    assert_eq!(scene.recorded().await, 1, "the first time is recorded");
    scene.witness(&rows(40)).await.ok();
    scene.witness(&rows(300)).await.ok();
    assert_eq!(scene.recorded().await, 2, "a day later, and the log grew");
    scene.witness(&rows(900)).await.ok();
    assert_eq!(scene.recorded().await, 2, "the same day");
}

/// Tiles of a log of that size exist no more once the signer was rolled back, but the witness remembers.
#[tokio::test]
async fn a_witness_that_knows_more_than_the_signer_is_kept_and_is_an_alarm() {
    let scene = Scene::new().await;
    let longer = scene.sign(&rows(9)).await;
    scene.sign(&rows(4)).await;
    let line = scene.line(&scene.runner, &rows(9), 0);
    scene.post(&scene.runner, &longer, &line).await.ok();
    assert_eq!(scene.world.count(scene.tenant(), "log.alarm").await, 1);
    assert_eq!(scene.kept().await.newest(&scene.origin()).unwrap().size, 9);
}

/// A quorum needs several witnesses over one head; in a busy log they would all see another one.
#[tokio::test]
async fn a_head_that_was_just_cosigned_is_shown_to_other_witnesses_too() {
    let scene = Scene::new().await;
    let shared = scene.sign(&rows(5)).await;
    scene.witness(&rows(5)).await.ok();
    let newest = scene.sign(&rows(8)).await;
    assert_eq!(scene.shown(3).await.checkpoint, shared);
    assert_eq!(scene.shown(5).await.checkpoint, newest, "who knows it already sees the newest");
    scene.world.advance(Duration::from_secs(31));
    assert_eq!(scene.shown(3).await.checkpoint, newest);

    let other = FieldRunner::active(&scene.world, &scene.customer, &scene.owner, 11).await;
    let note = scene.sign(&rows(8)).await;
    scene.post(&scene.runner, &note, &scene.line(&scene.runner, &rows(8), 0)).await.ok();
    scene.post(&other, &note, &scene.line(&other, &rows(8), 0)).await.ok();
    let complete = scene.kept().await.complete(&note).unwrap();
    assert_eq!(complete.lines().count(), note.lines().count() + 2);
}

/// A log has 32 witnesses at most; Runners that are gone are not among them.
#[tokio::test]
async fn a_new_witness_takes_the_place_of_one_that_is_gone_and_of_no_other() {
    let scene = Scene::new().await;
    let other = FieldRunner::active(&scene.world, &scene.customer, &scene.owner, 11).await;
    let note = scene.sign(&rows(5)).await;
    scene.post(&other, &note, &scene.line(&other, &rows(5), -9)).await.ok();
    let mut kept = scene.kept().await;
    let oldest = kept.newest(&scene.origin()).unwrap().clone();
    for gone in 0..31 {
        let (witness, runner) = (format!("gone-{gone}"), Some(RunnerId::from_u128(gone)));
        kept.keep(Cosigned { witness, runner, time: oldest.time + 1, ..oldest.clone() }).unwrap();
    }
    let blobs = scene.world.store.ports(Identity::Runs).blobs;
    let (_, etag) = Cosignatures::of(&*blobs, (scene.tenant(), 0)).await.unwrap();
    kept.store(&*blobs, (scene.tenant(), 0), etag.as_ref()).await.unwrap();

    scene.witness(&rows(5)).await.ok();
    let kept = scene.kept().await;
    assert_eq!(kept.newest(&scene.origin()).unwrap().runner, Some(scene.runner.runner));
    assert_eq!(kept.last(&oldest.witness), Some(&oldest));
    assert_eq!((0..31).filter(|gone| kept.last(&format!("gone-{gone}")).is_some()).count(), 30);
}

#[tokio::test]
async fn an_alarm_of_a_runner_is_recorded_once_in_its_own_name() {
    let scene = Scene::new().await;
    let alarm = |tenant| WitnessAlarm {
        v: V1,
        tenant,
        runner: scene.runner.runner,
        kind: AlarmKind::Fork,
        at: scene.world.now(),
        size: 7,
        evidence: Digest::of("both heads"),
    };
    let signed = |alarm: &WitnessAlarm, key: &Ed25519Key| -> Value {
        body(&Envelope::sign_message(alarm, &[key]).unwrap())
    };
    let post =
        async |alarm: Value| scene.runner.post(&scene.world, "/v1/witness/alarms", &alarm).await;
    for _ in 0..2 {
        post(signed(&alarm(scene.tenant()), &scene.runner.key)).await.ok();
    }
    assert_eq!(scene.world.count(scene.tenant(), "log.alarm").await, 1);
    assert_eq!(scene.world.documents_of(scene.tenant(), "witness_alarm").await, 1);
    let stranger = Ed25519Key::from_seed(&[77; 32]);
    post(signed(&alarm(scene.tenant()), &stranger)).await.refused(401, "unsigned");
    let elsewhere = signed(&alarm(TenantId::from_u128(9)), &scene.runner.key);
    post(elsewhere).await.refused(403, "wrong-tenant");
}
