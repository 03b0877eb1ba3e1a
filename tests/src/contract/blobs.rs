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

/// Of more than one block of 8 MiB, whose pieces end anywhere.
pub async fn a_blob_in_pieces_is_there_once_it_is_stored(backend: &dyn Backend) {
    let (blobs, name) = scene(backend);
    for pieces in [0, 1, 5] {
        let name = format!("{name}/{pieces}");
        let mut new = blobs.begin(PLACE, &name).await.unwrap();
        let mut whole = Vec::new();
        for piece in 0..pieces {
            let bytes = vec![b'a' + piece; 3_000_001];
            whole.extend_from_slice(&bytes);
            new.append(bytes).await.unwrap();
        }
        assert_eq!(blobs.get(PLACE, &name).await, Ok(None));
        let etag = new.store().await.unwrap();
        let stored = blobs.get(PLACE, &name).await.unwrap().unwrap();
        assert!(stored.bytes == whole && stored.etag == etag, "{pieces}");
        assert_eq!(blobs.put(PLACE, &name, b"x", None).await, Err(BlobError::Moved));
    }
    let mut dropped = blobs.begin(PLACE, &name).await.unwrap();
    dropped.append(b"never stored".to_vec()).await.unwrap();
    drop(dropped);
    assert_eq!(blobs.get(PLACE, &name).await, Ok(None));
}

pub async fn of_two_blobs_in_pieces_one_gets_the_name(backend: &dyn Backend) {
    let (blobs, name) = scene(backend);
    for bytes in [10, 9 << 20] {
        let name = format!("{name}/{bytes}");
        let mut one = blobs.begin(PLACE, &name).await.unwrap();
        let mut other = blobs.begin(PLACE, &name).await.unwrap();
        one.append(vec![1; bytes]).await.unwrap();
        other.append(vec![2; bytes]).await.unwrap();
        other.store().await.unwrap();
        assert_eq!(one.store().await, Err(BlobError::Moved));
        assert!(blobs.get(PLACE, &name).await.unwrap().unwrap().bytes == vec![2; bytes]);
    }
}

pub async fn bytes_of_a_blob_are_read_by_their_places(backend: &dyn Backend) {
    let (blobs, name) = scene(backend);
    assert_eq!(blobs.get_range(PLACE, &name, 0..4).await, Ok(None));
    blobs.put(PLACE, &name, b"0123456789", None).await.unwrap();
    let cases: [(_, &[u8]); 5] =
        [(0..4, b"0123"), (4..8, b"4567"), (8..12, b"89"), (10..14, b""), (100..104, b"")];
    for (range, expected) in cases {
        let got = blobs.get_range(PLACE, &name, range.clone()).await.unwrap().unwrap();
        assert_eq!(got, expected, "{range:?}");
    }
    let empty = format!("{name}/empty");
    blobs.put(PLACE, &empty, b"", None).await.unwrap();
    assert_eq!(blobs.get_range(PLACE, &empty, 0..4).await, Ok(Some(Vec::new())));
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
        let got = blobs.get_range(PLACE, name, 0..1).await;
        assert!(matches!(got, Err(BlobError::Name(_))), "{name:?}: {got:?}");
        let begun = blobs.begin(PLACE, name).await.map(|_| ());
        assert!(matches!(begun, Err(BlobError::Name(_))), "{name:?}: {begun:?}");
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
            let begun = blobs.begin(bucket, &format!("{name}/pieces")).await.map(|_| ());
            assert_eq!(begun.is_ok(), writes, "{identity:?} {bucket:?}: {begun:?}");
            let got = blobs.get_range(bucket, &name, 0..1).await;
            assert_eq!(matches!(got, Err(BlobError::Denied(_))), !reads, "{identity:?} {bucket:?}");
        }
    }
}

pub async fn what_is_immutable_is_never_replaced(backend: &dyn Backend) {
    let blobs = backend.ports(Identity::Signer).blobs;
    let name = format!("{}/once", tenant(&backend.ports(IDENTITY)));
    for bucket in [Bucket::Anchors, Bucket::Checkpoints] {
        let etag = blobs.put(bucket, &name, b"first", None).await.unwrap();
        let replaced = blobs.put(bucket, &name, b"second", Some(&etag)).await;
        let (expected, kept) = if bucket.is_immutable() {
            (matches!(replaced, Err(BlobError::Denied(_))), b"first".as_slice())
        } else {
            (replaced.is_ok(), b"second".as_slice())
        };
        assert!(expected, "{bucket:?}: {replaced:?}");
        assert_eq!(blobs.get(bucket, &name).await.unwrap().unwrap().bytes, kept);
    }
}
