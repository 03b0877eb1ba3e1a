//! Least privilege: what the tables of `ports` grant is what the product uses, to the last right, and what is generated from them says the same.

use std::{collections::BTreeSet, time::Duration};

use chain::{
    cosignature::Witness,
    tile::{Content, Tile, encode_entries},
};
use domain::{Class, Fault as _, Plan, Role, TenantId};
use ports::{
    Action, BLOB_REMOVAL_RIGHTS, BLOB_RIGHTS, Bucket, CommitError, Container, DOCUMENT_RIGHTS,
    Etag, Identity, KEYS, NewDocument, PUBLISHERS, PartitionKey, Ports, QUEUE_RIGHTS, Query,
    RECEIVERS, REMOVAL_RIGHTS, SECRETS, StorageError, Stored, Write,
};
use store::StoreError;
use system_tests::{
    doubles::{Recorder, Right},
    load::invite,
    purging,
    sign_up::PASSWORD,
    world::World,
};
use web::TriggerKind;

/// Every right that the tables grant.
fn granted() -> BTreeSet<Right> {
    let documents = DOCUMENT_RIGHTS.iter().flat_map(|(who, container, actions)| {
        actions.iter().map(|action| Right::Documents(*who, *container, *action))
    });
    let blobs = BLOB_RIGHTS.iter().flat_map(|(who, bucket, read, write)| {
        let reads = read.then_some(Right::ReadBlobs(*who, *bucket));
        reads.into_iter().chain(write.then_some(Right::WriteBlobs(*who, *bucket)))
    });
    let keys = KEYS.iter().map(|(purpose, who)| Right::Key(*who, *purpose));
    let queues = QUEUE_RIGHTS.iter().map(|(who, queue)| Right::Send(*who, *queue));
    let events = PUBLISHERS.iter().map(|who| Right::Publish(*who));
    let letters = SECRETS.iter().map(|(_, who)| Right::Mail(*who));
    let removals = REMOVAL_RIGHTS.iter().map(|(who, from, _)| Right::RemoveDocuments(*who, *from));
    let blobs_removed =
        BLOB_REMOVAL_RIGHTS.iter().map(|(who, from)| Right::RemoveBlobs(*who, *from));
    let removals = removals.chain(blobs_removed);
    documents
        .chain(blobs)
        .chain(removals)
        .chain(keys)
        .chain(queues)
        .chain(events)
        .chain(letters)
        .collect()
}

/// What only the contract tests use, for the product has no need of it yet: events for other apps.
const NOT_NEEDED_YET: [Right; 3] = [
    Right::Publish(Identity::Auth),
    Right::Publish(Identity::Runs),
    Right::Publish(Identity::Audit),
];

/// What no app asks for by itself: Cosmos DB refuses a batch without saying why, so whoever replaces reads what is there (`azure::documents`).
const USED_BY_A_BACKEND: Right =
    Right::Documents(Identity::Audit, Container::LogSearch, Action::Read);

/// A witness of others whose server is down: nothing listens on that port.
fn absent_witness() -> String {
    let witness = Witness::from_seed("witness.example/down", &[9; 32]).unwrap();
    format!("{} http://127.0.0.1:1", witness.public())
}

#[tokio::test]
async fn every_right_is_used_and_no_other_is_tried() {
    let recorder = Recorder::default();
    let witnesses = absent_witness();
    let settings = [("PROOFLINE_WITNESSES", witnesses.as_str())];
    let world = World::with_ports_set_to(|ports| recorder.wrap(ports), &settings).await;
    world.whole_story().await;
    sign_after_one_that_died(&world).await;
    come_in_again(&world).await;
    mend_what_was_altered(&world).await;
    let (granted, used) = (granted(), recorder.rights());
    let unneeded = NOT_NEEDED_YET.into_iter().chain([USED_BY_A_BACKEND]);
    let unused: BTreeSet<_> = granted.difference(&used).copied().collect();
    let tried: Vec<_> = used.difference(&granted).collect();
    assert_eq!(unused, unneeded.collect(), "granted and not used");
    assert_eq!(tried, Vec::<&Right>::new(), "used and not granted");
    let expiring = Container::ALL.into_iter().filter(|container| container.expires()).collect();
    assert_eq!(recorder.expiring(), expiring, "containers of documents that expire");
}

/// A signer died when it had written a bundle of rows and not yet signed: the next one compares.
async fn sign_after_one_that_died(world: &World) {
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    purging::note(world, &owner, 0..260).await;
    world.clock.advance(Duration::from_secs(1));
    purging::wake(world, &owner, "seal_intents").await;
    #[expect(clippy::disallowed_methods, reason = "a test stands in for the host")]
    let cap = store::SystemCap::mint(world.store.ports(Identity::Audit), None);
    let data = cap.partition(owner.tenant, "test");
    let mut rows = Vec::new();
    while let Some(commit) = store::log::commit_at(&data, rows.len() as u64).await.unwrap() {
        rows.extend(commit.rows);
    }
    rows.truncate(256);
    let bundle = Tile { content: Content::Entries, index: 0, width: 256 };
    let name = bundle.blob_name(&owner.tenant.to_string(), 0);
    let bytes = encode_entries(&rows).unwrap();
    let signer = world.store.ports(Identity::Signer).blobs;
    signer.put(Bucket::Entries, &name, &bytes, None).await.unwrap();
    purging::wake(world, &owner, "sign_checkpoint").await;
}

/// Whoever was of a tenant that is closed comes into another one.
async fn come_in_again(world: &World) {
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    come_in(world, owner.tenant).await;
    world.close(&owner.token, "Example").await;
    world.settle().await;
    world.end_grace().await;
    come_in(world, world.tenant(Plan::Business).await).await;
}

/// By an invitation that nobody had to mail.
async fn come_in(world: &World, tenant: TenantId) {
    let ports = world.store.ports(Identity::Auth);
    let id = ports.randomness.id(ports.clock.now());
    let token = invite(&ports, tenant, id).await;
    let body = serde_json::json!({"token": token, "email": "again@closing.example", "display_name": "Bob", "password": PASSWORD});
    let path = "/api/auth/v1/invitations/redeem";
    let answer = world.call("POST", path, None, Some(&body)).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
}

/// Somebody altered what leads to a row: the next verification makes it as it was.
async fn mend_what_was_altered(world: &World) {
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    purging::note(world, &owner, 0..1).await;
    purging::seal(world, &owner).await;
    purging::project(world).await;
    let documents = world.store.ports(Identity::Audit).documents;
    let key = PartitionKey::new(owner.tenant, "0");
    let query = Query { kind: "lead".to_owned(), limit: 1, ..Query::default() };
    let page = documents.query(Container::LogSearch, &key, &query).await.unwrap();
    let Stored { document, etag } = page.documents[0].clone();
    let altered = NewDocument { k1: None, ..document };
    let write = vec![Write::Replace(altered, etag)];
    documents.commit(Container::LogSearch, &key, write).await.unwrap();
    purging::call(world, &owner, "POST", "verifications", Some(serde_json::json!({}))).await;
}

#[tokio::test]
async fn whoever_receives_from_a_queue_is_whom_it_wakes() {
    let world = World::new().await;
    let woken: BTreeSet<_> = world
        .apps()
        .iter()
        .flat_map(|app| app.triggers.iter().map(|trigger| (app.identity, trigger.kind)))
        .filter_map(|(identity, kind)| match kind {
            TriggerKind::Queue(queue) => Some((identity, queue)),
            TriggerKind::EventGrid { .. } | TriggerKind::Timer { .. } => None,
        })
        .collect();
    assert_eq!(RECEIVERS.iter().copied().collect::<BTreeSet<_>>(), woken);
}

/// Design, invariant 5: whoever seals can add to the log and change nothing in it, and nobody else can do so much.
#[test]
fn the_log_is_append_only_by_permission() {
    let of_log: Vec<_> = DOCUMENT_RIGHTS
        .iter()
        .filter(|(_, container, _)| *container == Container::Log)
        .map(|(who, _, actions)| (*who, *actions))
        .collect();
    let (create, read, query) = (Action::Create, Action::Read, Action::Query);
    let feed = Action::ChangeFeed;
    let expected: [(_, &[_]); 3] = [
        (Identity::Audit, &[create, read, query]),
        (Identity::Signer, &[read, feed]),
        (Identity::Purge, &[query, feed]),
    ];
    assert_eq!(of_log, expected);
    let removers = REMOVAL_RIGHTS.iter().filter(|row| row.1 == Container::Log);
    assert_eq!(removers.collect::<Vec<_>>(), [&(Identity::Purge, Container::Log, "c-")]);
    assert!(!Container::Log.expires(), "nor may a row remove itself");
}

#[test]
fn no_row_comes_twice_and_every_key_and_secret_has_one_holder() {
    let places: BTreeSet<_> = DOCUMENT_RIGHTS.iter().map(|row| (row.0, row.1)).collect();
    assert_eq!(places.len(), DOCUMENT_RIGHTS.len());
    for (who, container, actions) in DOCUMENT_RIGHTS {
        let distinct: BTreeSet<_> = actions.iter().collect();
        assert_eq!(distinct.len(), actions.len(), "{who:?} {container:?}");
        assert!(!actions.is_empty(), "{who:?} {container:?}");
    }
    let keys: BTreeSet<_> = KEYS.iter().map(|row| row.0).collect();
    assert_eq!(keys.len(), KEYS.len());
    let secrets: BTreeSet<_> = SECRETS.iter().map(|row| row.0).collect();
    assert_eq!(secrets.len(), SECRETS.len());
}

/// What Cosmos DB answers with 403 is the same error, so that whoever reads a log need not know the backend.
#[tokio::test]
async fn a_refusal_says_what_was_refused_and_is_our_own_fault_not_the_callers() {
    let world = World::new().await;
    let verbs = [
        (Action::Create, "create in"),
        (Action::Read, "read from"),
        (Action::Replace, "replace in"),
        (Action::Query, "query"),
        (Action::ChangeFeed, "read the change feed of"),
    ];
    for (action, verb) in verbs {
        let error = denied(&world.store.ports(Identity::Signer), action).await;
        assert_eq!(error.to_string(), format!("this identity may not {verb} auth"));
        let error = StoreError::from(error);
        assert_eq!((error.class(), error.code()), (Class::Internal, "internal"), "{action:?}");
    }
}

/// What `signer` hears when it does something to the accounts.
async fn denied(ports: &Ports, action: Action) -> StorageError {
    let (place, partition) = (Container::Auth, PartitionKey::new(TenantId::SYSTEM, "0"));
    let document = || NewDocument {
        id: "a".to_owned(),
        kind: "k".to_owned(),
        k1: None,
        k2: None,
        body: "{}".to_owned(),
        expires_at: None,
    };
    let query = Query { kind: "k".to_owned(), limit: 1, ..Query::default() };
    let documents = &ports.documents;
    let write = match action {
        Action::Create => Write::Create(document()),
        Action::Replace => Write::Replace(document(), Etag("1".to_owned())),
        Action::Read => return documents.read(place, &partition, "a").await.unwrap_err(),
        Action::Query => return documents.query(place, &partition, &query).await.unwrap_err(),
        Action::ChangeFeed => {
            return documents.changes(place, &partition, None, 1).await.unwrap_err();
        }
    };
    match documents.commit(place, &partition, vec![write]).await {
        Err(CommitError::Storage(error)) => error,
        other => panic!("{other:?}"),
    }
}
