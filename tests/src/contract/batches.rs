//! Batches: whole or not at all, and only on the versions that they were decided on.

use std::time::Duration;

use ports::{CommitError, Etag, NewDocument, Refusal, Write};

use super::{
    Backend,
    scene::{Scene, create, document},
};

fn refused(index: usize, refusal: Refusal) -> Result<Vec<Etag>, CommitError> {
    Err(CommitError::Refused { index, refusal })
}

/// Byte for byte: a row of the log is hashed as it was stored, and 2⁵³ + 1 is not a double.
pub async fn a_document_reads_back_as_it_was_written(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let body = "{ \"z\": 9007199254740993, \"a\": \"\\u00e4 \u{e4} \u{1f512}\", \"e\": 1e2 }";
    let full = NewDocument {
        k1: Some("first".into()),
        k2: Some("second".into()),
        expires_at: Some(scene.ports.clock.now().plus(Duration::from_micros(86_400_000_001))),
        ..document("full id:ä.~|=@", "kind/1", body)
    };
    let bare = document("bare", "kind/2", "{}");
    let etags = scene.commit(vec![Write::Create(full.clone()), Write::Create(bare.clone())]).await;
    for (written, etag) in [full, bare].into_iter().zip(etags) {
        let stored = scene.read(&written.id).await.unwrap();
        assert_eq!((stored.document, stored.etag), (written, etag));
    }
}

pub async fn a_batch_is_applied_whole_or_not_at_all(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    scene.commit(vec![create("a", "k"), create("b", "k")]).await;
    let batch = vec![create("new", "k"), create("b", "k"), create("newer", "k")];
    assert_eq!(scene.try_commit(batch).await, refused(1, Refusal::Exists));
    assert_eq!(scene.read("new").await, None);
    assert_eq!(scene.read("newer").await, None);
}

pub async fn the_first_write_that_is_refused_is_named(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let etag = scene.commit(vec![create("a", "k")]).await.remove(0);
    let missing = Write::Replace(document("missing", "k", "{}"), etag.clone());
    let batch = vec![create("x", "k"), missing.clone(), create("a", "k")];
    assert_eq!(scene.try_commit(batch).await, refused(1, Refusal::Missing));
    let stale = Write::Replace(document("a", "k", "{}"), Etag("another".into()));
    let batch = vec![create("x", "k"), create("y", "k"), stale, missing];
    assert_eq!(scene.try_commit(batch).await, refused(2, Refusal::Stale));
}

pub async fn a_create_that_comes_again_is_refused_and_changes_nothing(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    scene.commit(vec![Write::Create(document("a", "k", "{\"v\":\"first\"}"))]).await;
    let first = scene.read("a").await;
    let again = Write::Create(document("a", "k", "{\"v\":\"second\"}"));
    assert_eq!(scene.try_commit(vec![again]).await, refused(0, Refusal::Exists));
    assert_eq!(scene.read("a").await, first);
}

pub async fn a_replace_needs_the_version_that_is_there(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let replace =
        |body: &str, etag: &Etag| vec![Write::Replace(document("a", "k", body), etag.clone())];
    let first = scene.commit(vec![create("a", "k")]).await.remove(0);
    let second = scene.commit(replace("{\"v\":2}", &first)).await.remove(0);
    assert_eq!(scene.try_commit(replace("{\"v\":3}", &first)).await, refused(0, Refusal::Stale));
    assert_eq!(scene.read("a").await.unwrap().document.body, "{\"v\":2}");
    assert_eq!(scene.read("a").await.unwrap().etag, second);
    let nothing = Write::Replace(document("b", "k", "{}"), second);
    assert_eq!(scene.try_commit(vec![nothing]).await, refused(0, Refusal::Missing));
}

/// Also when nothing else changed: an `ETag` names a version, not its content.
pub async fn every_version_has_another_etag(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let mut etags = scene.commit(vec![create("a", "k"), create("b", "k")]).await;
    let same = Write::Replace(document("a", "k", "{\"v\":1}"), etags[0].clone());
    etags.extend(scene.commit(vec![same]).await);
    for (index, etag) in etags.iter().enumerate().skip(1) {
        assert!(!etags[..index].contains(etag), "{etags:?}");
    }
}
