//! Least privilege: what the tables of `ports` grant is what the product uses, to the last right, and what is generated from them says the same.

use std::collections::BTreeSet;

use domain::{Class, Fault as _, TenantId};
use ports::{
    Action, BLOB_RIGHTS, CommitError, Container, DOCUMENT_RIGHTS, Etag, Identity, KEYS, KeyPurpose,
    NewDocument, PUBLISHERS, PartitionKey, Ports, QUEUE_RIGHTS, Query, RECEIVERS, SECRETS,
    StorageError, Write,
};
use store::StoreError;
use system_tests::{
    doubles::{Recorder, Right},
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
    documents.chain(blobs).chain(keys).chain(queues).chain(events).chain(letters).collect()
}

/// What only the contract tests use, for the product has no need of it yet: the deployment's directory log, events for other apps, letters.
const NOT_NEEDED_YET: [Right; 5] = [
    Right::Key(Identity::Signer, KeyPurpose::Directory),
    Right::Publish(Identity::Auth),
    Right::Publish(Identity::Runs),
    Right::Publish(Identity::Audit),
    Right::Mail(Identity::Auth),
];

#[tokio::test]
async fn every_right_is_used_and_no_other_is_tried() {
    let recorder = Recorder::default();
    let world = World::with_ports(|ports| recorder.wrap(ports)).await;
    world.whole_story().await;
    let (granted, used) = (granted(), recorder.rights());
    let unused: BTreeSet<_> = granted.difference(&used).copied().collect();
    let tried: Vec<_> = used.difference(&granted).collect();
    assert_eq!(unused, BTreeSet::from(NOT_NEEDED_YET), "granted and not used");
    assert_eq!(tried, Vec::<&Right>::new(), "used and not granted");
    let expiring = Container::ALL.into_iter().filter(|container| container.expires()).collect();
    assert_eq!(recorder.expiring(), expiring, "containers of documents that expire");
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
    let expected: [(_, &[_]); 2] =
        [(Identity::Audit, &[create, read, query]), (Identity::Signer, &[read])];
    assert_eq!(of_log, expected);
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
