//! Nobody sees another tenant, and no identity does what it has no right to.

use ports::{
    Action, CommitError, Container, DOCUMENT_RIGHTS, Documents, Etag, Identity, PUBLISHERS,
    PartitionKey, PublishError, Query, StorageError, Write,
};

use super::{
    Backend,
    scene::{IDENTITY, PLACE, Scene, create, document, tenant},
};

pub async fn another_partition_sees_nothing(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let etag = scene.commit(vec![create("a", "k")]).await.remove(0);
    let query = Query { kind: "k".into(), limit: 10, ..Query::default() };
    let others = [
        PartitionKey::new(tenant(&scene.ports), "0"),
        PartitionKey::new(scene.partition.tenant, "h"),
        PartitionKey::new(scene.partition.tenant, ""),
        PartitionKey::new(scene.partition.tenant, "00"),
    ];
    for other in others {
        let documents = &scene.documents;
        assert_eq!(documents.read(PLACE, &other, "a").await.unwrap(), None, "{other:?}");
        assert!(documents.query(PLACE, &other, &query).await.unwrap().documents.is_empty());
        assert!(scene.feed.changes(PLACE, &other, None, 9).await.unwrap().documents.is_empty());
        let replace = Write::Replace(document("a", "k", "{}"), etag.clone());
        assert!(matches!(
            documents.commit(PLACE, &other, vec![replace]).await,
            Err(CommitError::Refused { refusal: ports::Refusal::Missing, .. })
        ));
    }
    let elsewhere = scene.documents.read(Container::Access, &scene.partition, "a").await;
    assert_eq!(elsewhere, Ok(None), "another container");
    assert_eq!(scene.read("a").await.unwrap().etag, etag);
}

pub async fn an_identity_may_do_what_the_table_says_and_nothing_else(backend: &dyn Backend) {
    let tenant = tenant(&backend.ports(IDENTITY));
    for identity in Identity::ALL {
        let documents = backend.ports(identity).documents;
        for container in Container::ALL {
            for action in Action::ALL {
                let granted = DOCUMENT_RIGHTS.iter().any(|(who, what, actions)| {
                    (*who, *what) == (identity, container) && actions.contains(&action)
                });
                let id = format!("{}-{action:?}", identity.name());
                let partition = PartitionKey::new(tenant, "0");
                let denied = is_denied(&*documents, container, action, &partition, &id).await;
                assert_eq!(denied, !granted, "{identity:?} {action:?} {container:?}");
                let found = is_there(backend, container, &partition, &id).await;
                let created = granted && action == Action::Create;
                assert_eq!(found, created, "{identity:?} {container:?}");
            }
        }
    }
}

/// Whether `id` is there, as someone sees it who may read or query `container`; every container has such a one, or nobody would need it.
async fn is_there(
    backend: &dyn Backend,
    container: Container,
    partition: &PartitionKey,
    id: &str,
) -> bool {
    let who = |action| {
        let may = DOCUMENT_RIGHTS
            .iter()
            .find(|(_, what, actions)| *what == container && actions.contains(&action));
        may.map(|(identity, ..)| backend.ports(*identity).documents)
    };
    if let Some(documents) = who(Action::Read) {
        return documents.read(container, partition, id).await.unwrap().is_some();
    }
    let documents = who(Action::Query).expect("a container that somebody sees");
    let query = Query { kind: "k".into(), limit: 1000, ..Query::default() };
    let page = documents.query(container, partition, &query).await.unwrap();
    page.documents.iter().any(|stored| stored.document.id == id)
}

async fn is_denied(
    documents: &dyn Documents,
    container: Container,
    action: Action,
    partition: &PartitionKey,
    id: &str,
) -> bool {
    let query = Query { kind: "k".into(), limit: 1, ..Query::default() };
    let replace = Write::Replace(document(id, "k", "{}"), Etag("1".into()));
    match action {
        Action::Create => {
            committed(documents.commit(container, partition, vec![create(id, "k")]).await)
        }
        Action::Replace => committed(documents.commit(container, partition, vec![replace]).await),
        Action::Read => read(documents.read(container, partition, id).await),
        Action::Query => read(documents.query(container, partition, &query).await),
        Action::ChangeFeed => {
            let changes = read(documents.changes(container, partition, None, 1).await);
            let dirty = read(documents.dirty(container, None, 1).await);
            assert_eq!(changes, dirty, "one right for both feeds");
            changes
        }
    }
}

fn read<T>(result: Result<T, StorageError>) -> bool {
    match result {
        Ok(_) => false,
        Err(StorageError::Denied(_)) => true,
        Err(error) => panic!("neither done nor denied: {error}"),
    }
}

fn committed(result: Result<Vec<Etag>, CommitError>) -> bool {
    match result {
        Ok(_) | Err(CommitError::Refused { .. }) => false,
        Err(CommitError::Storage(error)) => read::<()>(Err(error)),
    }
}

/// `audit` may create in the log, and replace nothing there.
pub async fn a_batch_with_one_write_that_is_denied_is_denied_whole(backend: &dyn Backend) {
    let ports = backend.ports(Identity::Audit);
    let (place, partition) = (Container::Log, PartitionKey::new(tenant(&ports), "0"));
    let first = vec![create("c-1", "commit")];
    let etag = ports.documents.commit(place, &partition, first).await.unwrap().remove(0);
    let forged = Write::Replace(document("c-1", "commit", "{\"v\":\"forged\"}"), etag.clone());
    let batch = vec![create("c-2", "commit"), forged];
    let denied = ports.documents.commit(place, &partition, batch).await;
    assert!(matches!(denied, Err(CommitError::Storage(StorageError::Denied(_)))), "{denied:?}");
    let read = async |id| ports.documents.read(place, &partition, id).await.unwrap();
    assert_eq!(read("c-2").await, None);
    assert_eq!(read("c-1").await.unwrap().etag, etag);
}

pub async fn only_those_who_change_state_publish(backend: &dyn Backend) {
    let event = r#"{"specversion":"1.0","id":"1","source":"/test","type":"io.proofline.test"}"#;
    for identity in Identity::ALL {
        let published = backend.ports(identity).events.publish(event).await;
        let expected =
            if PUBLISHERS.contains(&identity) { Ok(()) } else { Err(PublishError::Denied) };
        assert_eq!(published, expected, "{identity:?}");
    }
}
