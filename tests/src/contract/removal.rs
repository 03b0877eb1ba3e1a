//! Removal: one identity alone, only what the table names, and as often as one likes.

use ports::{
    BLOB_REMOVAL_RIGHTS, BlobError, Bucket, Container, Identity, PartitionKey, Query,
    REMOVAL_RIGHTS, REMOVALS_MAX, StorageError, Write,
};

use super::{
    Backend,
    scene::{FOLLOWER, PLACE, Scene, document, tenant},
};

/// The one who removes.
const REMOVER: Identity = Identity::Purge;

pub async fn what_is_removed_is_gone_from_reads_queries_and_feeds(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let ids = ["aud_1", "aud_2", "kept"];
    scene.commit(ids.map(|id| Write::Create(document(id, "k", "{}"))).into()).await;
    let removal = backend.ports(REMOVER).removal;
    let remove = async |ids: &[&str]| {
        let ids: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
        removal.remove_documents(PLACE, &scene.partition, &ids).await
    };
    assert_eq!(remove(&["aud_1", "aud_2"]).await, Ok(2));
    assert_eq!(scene.read("aud_1").await, None);
    assert!(scene.read("kept").await.is_some());
    let query = Query { kind: "k".to_owned(), limit: 10, ..Query::default() };
    let page = scene.documents.query(PLACE, &scene.partition, &query).await.unwrap();
    assert_eq!(page.documents.len(), 1);
    let changes = scene.feed.changes(PLACE, &scene.partition, None, 10).await.unwrap();
    let fed: Vec<_> = changes.documents.iter().map(|fed| fed.document.id.as_str()).collect();
    assert_eq!(fed, ["kept"]);
    assert_eq!(remove(&["aud_1", "aud_9"]).await, Ok(0), "they are removed already");
    // The id is free again, and a follower sees what is made of it.
    scene.commit(vec![Write::Create(document("aud_1", "k", "{\"again\":1}"))]).await;
    let later = scene.feed.changes(PLACE, &scene.partition, Some(&changes.cursor), 10).await;
    let fed = later.unwrap().documents;
    assert_eq!(fed.iter().map(|fed| fed.document.id.as_str()).collect::<Vec<_>>(), ["aud_1"]);
}

pub async fn other_partitions_keep_what_is_removed_in_one(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let other = Scene::new(backend);
    for scene in [&scene, &other] {
        scene.commit(vec![Write::Create(document("aud_1", "k", "{}"))]).await;
    }
    let removal = backend.ports_elsewhere(REMOVER).removal;
    let ids = ["aud_1".to_owned()];
    removal.remove_documents(PLACE, &scene.partition, &ids).await.unwrap();
    assert_eq!(scene.read("aud_1").await, None);
    assert!(other.read("aud_1").await.is_some());
    let nowhere = PartitionKey::new(tenant(&scene.ports), "0");
    assert_eq!(removal.remove_documents(PLACE, &nowhere, &ids).await, Ok(0));
}

pub async fn an_identity_removes_documents_where_the_table_says(backend: &dyn Backend) {
    let partition = PartitionKey::new(tenant(&backend.ports(FOLLOWER)), "0");
    for identity in Identity::ALL {
        let removal = backend.ports(identity).removal;
        for container in Container::ALL {
            let rows = REMOVAL_RIGHTS.iter().filter(|row| (row.0, row.1) == (identity, container));
            let prefixes: Vec<_> = rows.map(|row| row.2).collect();
            for prefix in ["aud_", "c-", "pd-", "usr_", "tenant"] {
                let ids = [format!("{prefix}1")];
                let removed = removal.remove_documents(container, &partition, &ids).await;
                let denied = matches!(removed, Err(StorageError::Denied(_)));
                assert_eq!(
                    !denied,
                    prefixes.contains(&prefix),
                    "{identity:?} {container:?} {prefix}"
                );
            }
            // One that it may not remove among others that it may.
            let ids = ["aud_1".to_owned(), "usr_1".to_owned()];
            let removed = removal.remove_documents(container, &partition, &ids).await;
            assert!(matches!(removed, Err(StorageError::Denied(_))), "{identity:?} {container:?}");
        }
    }
}

pub async fn at_most_a_hundred_are_removed_at_once(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let removal = backend.ports(REMOVER).removal;
    let ids = |count| (0..count).map(|number| format!("aud_{number}")).collect::<Vec<_>>();
    let remove = async |count| removal.remove_documents(PLACE, &scene.partition, &ids(count)).await;
    assert_eq!(remove(REMOVALS_MAX).await, Ok(0));
    assert!(matches!(remove(REMOVALS_MAX + 1).await, Err(StorageError::Limit(_))));
}

pub async fn a_blob_is_removed_by_whom_the_table_names(backend: &dyn Backend) {
    let ports = backend.ports(Identity::Audit);
    let name = format!("{}/export.zip", tenant(&ports));
    ports.blobs.put(Bucket::Exports, &name, b"x", None).await.unwrap();
    for identity in Identity::ALL {
        let removal = backend.ports(identity).removal;
        for bucket in Bucket::ALL {
            let may = BLOB_REMOVAL_RIGHTS.contains(&(identity, bucket));
            let removed = removal.remove_blob(bucket, &format!("{name}.none")).await;
            assert_eq!(
                !matches!(removed, Err(BlobError::Denied(_))),
                may,
                "{identity:?} {bucket:?}"
            );
        }
    }
    assert!(ports.blobs.get(Bucket::Exports, &name).await.unwrap().is_some());
    let removal = backend.ports(REMOVER).removal;
    for _ in 0..2 {
        removal.remove_blob(Bucket::Exports, &name).await.unwrap();
        assert_eq!(ports.blobs.get(Bucket::Exports, &name).await, Ok(None));
    }
    ports.blobs.put(Bucket::Exports, &name, b"y", None).await.unwrap();
    let escape = removal.remove_blob(Bucket::Exports, "../x").await;
    assert!(matches!(escape, Err(BlobError::Name(_))), "{escape:?}");
}
