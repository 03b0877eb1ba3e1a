//! What an app signed is in the log, whenever it comes: late, twice, or contradicted by another of the same name.

use std::{sync::Arc, time::Duration};

use chain::{commit::Commit, instances::Instances, intent::SignedIntent};
use domain::{Actor, AuditEvent, EventKind, Plan, Role, Target, TenantId};
use ports::{Container, Identity, KeyPurpose, NewDocument, PartitionKey, Write};
use serde_json::{Value, json};
use store::{IntentSource, Keyring, Partition, Prepared, SystemCap, log};
use system_tests::{
    doubles::SeededRandomness,
    purging::{DAY, ROWS, again, project, purge, record},
    world::World,
};

/// A tenant whose log has begun, and where it is kept.
struct Scene {
    world: World,
    tenant: TenantId,
    /// Of the log that is looked at.
    epoch: u64,
}

/// A row, as far as it matters here.
#[derive(Debug, Eq, PartialEq)]
struct Row {
    action: String,
    reason: Value,
    data: Value,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let tenant = world.tenant(Plan::Business).await;
        world.person(tenant, Role::Admin).await;
        Self { world, tenant, epoch: 0 }
    }

    /// A process of `auth` that begins now. The same seed makes the same names: a process that was copied while it ran.
    async fn source(&self, seed: u64) -> IntentSource {
        let ports = self.world.store.ports(Identity::Auth);
        let keyring = Keyring::open(&ports).await.unwrap();
        let key = keyring.material(KeyPurpose::AuthIntent).unwrap();
        IntentSource::new(Identity::Auth, key, SeededRandomness::new(seed))
    }

    fn prepare(&self, source: &IntentSource, what: &str) -> Prepared {
        let event = AuditEvent::new(EventKind::StepUpSucceeded, Target::new("user", what));
        source.prepare(self.tenant, &Actor::system("test"), self.world.now(), &event, None).unwrap()
    }

    /// Stores an intent as the document `id`.
    async fn put(&self, id: &str, prepared: &Prepared) {
        self.put_signed(id, &prepared.signed).await;
    }

    async fn put_signed(&self, id: &str, intent: &SignedIntent) {
        let body = json!({"intent": intent}).to_string();
        let (id, kind) = (id.to_owned(), "intent".to_owned());
        let document = NewDocument { id, kind, k1: None, k2: None, body, expires_at: None };
        let ports = self.world.store.ports(Identity::Auth);
        let key = PartitionKey::new(self.tenant, "0");
        let writes = vec![Write::Create(document)];
        ports.documents.commit(Container::Auth, &key, writes).await.unwrap();
    }

    async fn seal(&self) {
        let envelope = json!({"Data": {"message": format!("\"{}\"", self.tenant)}});
        let answer = self.world.invoke("seal_intents", &envelope).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
    }

    /// Lets a gap be there for so long that it counts.
    async fn wait_for_gaps(&self) {
        self.world.clock.advance(Duration::from_secs(61));
        self.seal().await;
    }

    fn log(&self) -> Partition {
        let ports = self.world.store.ports(Identity::Audit);
        #[expect(clippy::disallowed_methods, reason = "a test looks at what is stored")]
        SystemCap::mint(ports, None).partition(self.tenant, "test")
    }

    async fn commits(&self) -> Vec<Commit> {
        log::commits_from(&self.log().in_epoch(self.epoch), 0, 1000).await.unwrap()
    }

    /// The rows from `first` on.
    async fn rows(&self, first: usize) -> Vec<Row> {
        let commits = self.commits().await;
        let rows = commits.iter().flat_map(|commit| &commit.rows).skip(first);
        let row = |text: &String| {
            let row: Value = serde_json::from_str(text).unwrap();
            let action = row["action"].as_str().unwrap().to_owned();
            Row { action, reason: row["reason"].clone(), data: row["data"].clone() }
        };
        rows.map(row).collect()
    }

    /// The digests of the rows' intents: what was promised.
    async fn promised(&self) -> Vec<String> {
        let commits = self.commits().await;
        let rows = commits.iter().flat_map(|commit| &commit.rows);
        let digest = |row: &String| {
            let intent = chain::row::intent_text(row).unwrap();
            chain::Hash::of(intent.as_bytes()).to_string()
        };
        rows.map(digest).collect()
    }

    /// What the log remembers follows from its rows alone, commit by commit.
    async fn assert_recounted(&self) {
        let mut before = Instances::default();
        for commit in self.commits().await {
            commit.recount(&before).unwrap();
            before = commit.instances;
        }
    }
}

fn row(action: &str, reason: &str, data: Value) -> Row {
    Row { action: action.to_owned(), reason: reason.into(), data }
}

fn event() -> Row {
    Row { action: "auth.stepup.succeeded".to_owned(), reason: Value::Null, data: json!({}) }
}

fn instance(prepared: &Prepared) -> String {
    let intent: Value = serde_json::from_str(&prepared.signed.intent).unwrap();
    format!("auth/{}", intent["src"]["inst"].as_str().unwrap())
}

#[tokio::test]
async fn an_intent_that_comes_after_it_was_given_up_is_sealed_once() {
    let scene = Scene::new().await;
    let source = scene.source(5).await;
    let intents = ["a", "b", "c", "d"].map(|what| scene.prepare(&source, what));
    scene.put("one", &intents[0]).await;
    scene.put("four", &intents[3]).await;
    scene.seal().await;
    let begun = scene.rows(0).await.len();
    assert_eq!(begun, 3, "the first row, and two events");
    scene.world.clock.advance(Duration::from_secs(59));
    scene.seal().await;
    assert_eq!(scene.rows(begun).await, [], "it may still come");
    scene.wait_for_gaps().await;
    let instance = instance(&intents[0]);
    let missing = json!({"from": 2, "instance": instance, "to": 3});
    assert_eq!(scene.rows(begun).await, [row("log.incomplete", "missing", missing)]);

    // Acknowledged, and then a region was not reachable: it is in the log all the same, and said to be late.
    scene.put("three", &intents[2]).await;
    scene.seal().await;
    let late = |number| {
        let data = json!({"instance": instance, "number": number, "was": "missing"});
        [event(), row("log.filled", "late", data)]
    };
    assert_eq!(scene.rows(begun + 1).await, late(3));
    scene.put("two", &intents[1]).await;
    // The same again, as a reader meets it whose cursor was lost.
    scene.put("three again", &intents[2]).await;
    scene.put("one again", &intents[0]).await;
    scene.seal().await;
    scene.wait_for_gaps().await;
    assert_eq!(scene.rows(begun + 3).await, late(2));
    let promised = scene.promised().await;
    for intent in &intents {
        let count = promised.iter().filter(|digest| **digest == intent.promise.intent).count();
        assert_eq!(count, 1, "{:?}", intent.promise);
    }
    scene.assert_recounted().await;
}

#[tokio::test]
async fn a_number_that_was_declared_void_and_comes_after_all_is_sealed_once() {
    let scene = Scene::new().await;
    let source = scene.source(5).await;
    let first = scene.prepare(&source, "a");
    let second = scene.prepare(&source, "b");
    let (signed, promise) = (second.signed.clone(), second.promise.clone());
    let name = instance(&second);
    // Given back: the third declares it void.
    drop(second);
    let third = scene.prepare(&source, "c");
    scene.put("one", &first).await;
    scene.put("three", &third).await;
    scene.seal().await;
    scene.wait_for_gaps().await;
    let begun = scene.rows(0).await.len();
    assert_eq!(begun, 3);
    scene.put_signed("two", &signed).await;
    scene.seal().await;
    let data = json!({"instance": name, "number": 2, "was": "void"});
    assert_eq!(scene.rows(begun).await, [event(), row("log.filled", "late", data)]);
    scene.put_signed("two again", &signed).await;
    scene.seal().await;
    assert_eq!(scene.rows(begun).await.len(), 2);
    assert!(scene.promised().await.contains(&promise.intent));
    scene.assert_recounted().await;
}

/// A machine was copied while it ran: both copies go on counting under one name.
#[tokio::test]
async fn two_histories_of_one_instance_show() {
    let scene = Scene::new().await;
    let (one, other) = (scene.source(5).await, scene.source(5).await);
    let ours = ["a", "b"].map(|what| scene.prepare(&one, what));
    let theirs = ["a", "x", "c"].map(|what| scene.prepare(&other, what));
    assert_eq!(ours[0].promise, theirs[0].promise);
    for (id, intent) in [("1", &ours[0]), ("2", &ours[1]), ("3", &theirs[2])] {
        scene.put(id, intent).await;
    }
    scene.seal().await;
    let instance = instance(&ours[0]);
    let forked = json!({
        "expected": ours[1].promise.intent, "got": theirs[1].promise.intent,
        "instance": instance, "number": 3,
    });
    // Nothing that was acknowledged is left out: all three, and then that they do not fit.
    let expected = [event(), event(), event(), row("log.incomplete", "forked", forked)];
    assert_eq!(scene.rows(1).await, expected);
    scene.put("2 of the other", &theirs[1]).await;
    scene.seal().await;
    let conflict = json!({
        "event": theirs[1].promise.event.to_string(), "expected": ours[1].promise.intent,
        "got": theirs[1].promise.intent, "instance": instance, "number": 2,
    });
    assert_eq!(scene.rows(5).await, [row("log.incomplete", "conflict", conflict)]);
    scene.assert_recounted().await;
}

/// The log forgets an instance two days after its last row; what it was is found in the log.
#[tokio::test]
async fn what_was_sealed_by_an_instance_that_is_forgotten_is_not_sealed_again() {
    let scene = Scene::new().await;
    let (first, second) = (scene.source(5).await, scene.source(6).await);
    let old = ["a", "b", "c"].map(|what| scene.prepare(&first, what));
    for (place, intent) in old.iter().enumerate() {
        scene.put(&format!("old {place}"), intent).await;
        scene.seal().await;
    }
    let conflicting = scene.source(5).await;
    let other = ["a", "x"].map(|what| scene.prepare(&conflicting, what));
    for (days, what) in ["d", "e", "f"].into_iter().enumerate() {
        scene.world.clock.advance(Duration::from_hours(20));
        scene.put(&format!("new {days}"), &scene.prepare(&second, what)).await;
        scene.seal().await;
    }
    let name = instance(&old[0]);
    let remembered =
        serde_json::to_string(&scene.commits().await.last().unwrap().instances).unwrap();
    assert!(!remembered.contains(&name), "{remembered}");
    let begun = scene.rows(0).await.len();
    scene.put("old again", &old[1]).await;
    scene.seal().await;
    assert_eq!(scene.rows(begun).await, []);
    scene.put("old, with other words", &other[1]).await;
    scene.seal().await;
    let rows = scene.rows(begun).await;
    assert_eq!((rows.len(), &rows[0].reason), (1, &json!("conflict")), "{rows:?}");
    scene.assert_recounted().await;
}

/// A database was restored and the log goes on in a new epoch: it knows what the one before sealed.
#[tokio::test]
async fn what_an_earlier_epoch_sealed_is_not_sealed_again() {
    let before = Scene::new().await;
    let source = before.source(5).await;
    let intents = ["a", "b"].map(|what| before.prepare(&source, what));
    for (id, intent) in [("one", &intents[0]), ("two", &intents[1])] {
        before.put(id, intent).await;
        before.seal().await;
        before.world.settle().await;
    }
    let lost = before.commits().await.last().unwrap().id();
    let database = rusqlite::Connection::open(before.world.data().join("store.sqlite")).unwrap();
    let deleted = database.execute("DELETE FROM documents WHERE id = ?1", [&lost]).unwrap();
    assert_eq!(deleted, 1);
    let settings = [("PROOFLINE_RESTORE_EPOCH", "1")];
    let data = before.world.data();
    let world = World::set_to(&data, before.world.now(), &settings).await;
    let after = Scene { world, tenant: before.tenant, epoch: 1 };
    after.seal().await;
    let actions = |rows: Vec<Row>| rows.into_iter().map(|row| row.action).collect::<Vec<_>>();
    let begun = ["log.genesis", "log.alarm", "auth.stepup.succeeded"];
    assert_eq!(actions(after.rows(0).await), begun, "and what was lost with the database");
    after.put("one again", &intents[0]).await;
    after.put("two again", &intents[1]).await;
    after.seal().await;
    assert_eq!(actions(after.rows(0).await), begun);
}

/// Storage refused the first of two changes that were made at once; nobody does anything afterwards.
#[tokio::test]
async fn a_refused_change_among_others_is_no_missing_one() {
    let scene = Scene::new().await;
    let ports = scene.world.store.ports(Identity::Auth);
    let source = Arc::new(scene.source(5).await);
    #[expect(clippy::disallowed_methods, reason = "a test changes something as an app does")]
    let data = SystemCap::mint(ports, Some(Arc::clone(&source))).partition(scene.tenant, "test");
    let event = || AuditEvent::new(EventKind::StepUpSucceeded, Target::new("user", "a"));
    let (actor, now) = (Actor::system("test"), scene.world.now());
    let taken = data.commit(&actor, now, store::Change::new(event())).await.unwrap();
    // Prepared, overtaken by another one, and refused: its document exists.
    let late = scene.prepare(&source, "b");
    data.commit(&actor, now, store::Change::new(event())).await.unwrap();
    let refused = data.create_carriers(vec![(late, Taken(taken.event.to_string()))]).await;
    assert_eq!(refused, Err(store::StoreError::Exists));
    scene.seal().await;
    scene.wait_for_gaps().await;
    scene.wait_for_gaps().await;
    let actions: Vec<_> = scene.rows(1).await.into_iter().map(|row| row.action).collect();
    assert_eq!(actions, ["auth.stepup.succeeded", "auth.stepup.succeeded", "log.void"]);
    scene.assert_recounted().await;
}

/// A document whose id is taken.
#[derive(serde::Deserialize, serde::Serialize)]
struct Taken(String);

impl store::Document for Taken {
    const CONTAINER: Container = Container::Auth;
    const KIND: &'static str = "taken";

    fn id(&self) -> String {
        self.0.clone()
    }
}

impl store::Carrier for Taken {
    fn intent(&self) -> &SignedIntent {
        unreachable!("nobody asks")
    }
}

/// More than half of the log is over its time and purged: what is left is found there, and what is gone is not sealed again.
#[tokio::test]
async fn what_is_read_again_after_a_purge_is_not_sealed_again() {
    let world = World::new().await;
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    let scene = Scene { world, tenant: owner.tenant, epoch: 0 };
    let old = scene.prepare(&scene.source(5).await, "old");
    scene.put("old", &old).await;
    record(&scene.world, &owner, ROWS).await;
    project(&scene.world).await;
    scene.world.clock.advance(DAY * 420);
    let owner = again(&scene.world, &owner).await;
    assert_eq!(purge(&scene.world, &owner).await["state"], "executed");
    let young = scene.prepare(&scene.source(6).await, "young");
    scene.put("young", &young).await;
    scene.seal().await;
    let head = log::head(&scene.log()).await.unwrap();
    assert_eq!(log::holding(&scene.log(), head.tree.size() / 2).await.unwrap(), None, "purged");
    for (id, intent) in [("young again", &young), ("old again", &old)] {
        scene.put(id, intent).await;
        scene.seal().await;
        assert_eq!(log::head(&scene.log()).await.unwrap().tree, head.tree, "{id}");
    }
}
