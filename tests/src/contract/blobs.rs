//! Blobs: created once, replaced by version.

use std::sync::Arc;

use ports::{BLOB_RIGHTS, BlobError, Blobs, Bucket, Etag, Identity};
use tokio::task::JoinSet;

use super::{Backend, scene::tenant};

/// Who may read and write [`PLACE`].
const IDENTITY: Identity = Identity::Audit;
const PLACE: Bucket = Bucket::Exports;

/// Blobs, and a name that nobody else uses.
fn scene(backend: &dyn Backend) -> (Arc<dyn Blobs>, String) {
    let ports = backend.ports(IDENTITY);
    let name = format!("{}/export.zip", tenant(&ports));
    (ports.blobs, name)
}

pub async fn a_blob_is_created_once(backend: &dyn Backend) {
    let (blobs, name) = scene(backend);
    assert_eq!(blobs.get(PLACE, &name).await, Ok(None));
    let etag = blobs.put(PLACE, &name, b"first", None).await.unwrap();
    assert_eq!(blobs.put(PLACE, &name, b"second", None).await, Err(BlobError::Moved));
    let stored = blobs.get(PLACE, &name).await.unwrap().unwrap();
    assert_eq!((stored.bytes.as_slice(), stored.etag), (b"first".as_slice(), etag));
    let below = format!("{name}/below");
    blobs.put(PLACE, &below, b"", None).await.unwrap();
    assert!(blobs.get(PLACE, &below).await.unwrap().unwrap().bytes.is_empty());
    let elsewhere = backend.ports_elsewhere(IDENTITY).blobs;
    assert_eq!(elsewhere.get(PLACE, &name).await.unwrap().unwrap().bytes, b"first");
}

pub async fn a_blob_is_replaced_by_its_version_only(backend: &dyn Backend) {
    let (blobs, name) = scene(backend);
    let never = Etag("never".into());
    assert_eq!(blobs.put(PLACE, &name, b"x", Some(&never)).await, Err(BlobError::Moved));
    assert_eq!(blobs.get(PLACE, &name).await, Ok(None));
    let first = blobs.put(PLACE, &name, b"first", None).await.unwrap();
    let large = vec![7; 3 << 20];
    let second = blobs.put(PLACE, &name, &large, Some(&first)).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(blobs.put(PLACE, &name, b"third", Some(&first)).await, Err(BlobError::Moved));
    let stored = blobs.get(PLACE, &name).await.unwrap().unwrap();
    assert!(stored.bytes == large && stored.etag == second);
}

pub async fn of_many_replacements_of_one_version_one_wins(backend: &dyn Backend) {
    let (blobs, name) = scene(backend);
    let first = blobs.put(PLACE, &name, b"first", None).await.unwrap();
    let mut writers = JoinSet::new();
    for writer in 0..8_u8 {
        let ports = if writer % 2 == 0 {
            backend.ports(IDENTITY)
        } else {
            backend.ports_elsewhere(IDENTITY)
        };
        let (name, first) = (name.clone(), first.clone());
        writers.spawn(async move { ports.blobs.put(PLACE, &name, &[writer], Some(&first)).await });
    }
    let results = writers.join_all().await;
    let won: Vec<_> = results.iter().flatten().collect();
    assert_eq!(won.len(), 1, "{results:?}");
    assert_eq!(blobs.get(PLACE, &name).await.unwrap().unwrap().etag, *won[0]);
}

pub async fn a_name_cannot_leave_its_bucket(backend: &dyn Backend) {
    let (blobs, _) = scene(backend);
    for name in ["", "../x", "a/../../x", "/etc/x", "a//b", ".hidden", "A", "a b", "a~/b", "a\0"] {
        let put = blobs.put(PLACE, name, b"x", None).await;
        assert!(matches!(put, Err(BlobError::Name(_))), "{name:?}: {put:?}");
        let get = blobs.get(PLACE, name).await;
        assert!(matches!(get, Err(BlobError::Name(_))), "{name:?}: {get:?}");
    }
}

pub async fn an_identity_may_do_to_blobs_what_the_table_says(backend: &dyn Backend) {
    let name = format!("{}/rights", tenant(&backend.ports(IDENTITY)));
    for identity in Identity::ALL {
        let blobs = backend.ports(identity).blobs;
        for bucket in Bucket::ALL {
            let right = BLOB_RIGHTS.iter().find(|row| (row.0, row.1) == (identity, bucket));
            let (reads, writes) = right.map_or((false, false), |row| (row.2, row.3));
            let name = format!("{name}/{}", identity.name());
            let put = blobs.put(bucket, &name, b"x", None).await;
            assert_eq!(
                matches!(put, Err(BlobError::Denied(_))),
                !writes,
                "{identity:?} {bucket:?}"
            );
            let got = blobs.get(bucket, &name).await;
            assert_eq!(matches!(got, Err(BlobError::Denied(_))), !reads, "{identity:?} {bucket:?}");
            assert!(!reads || got.unwrap().is_some() == writes, "denied, yet written");
        }
    }
}
