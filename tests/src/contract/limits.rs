//! Limits, on both sides. What is refused is refused before anything is touched.

use ports::{
    BATCH_BYTES_MAX, CommitError, DOCUMENT_BYTES_MAX, ENVELOPE_BYTES, ID_BYTES_MAX, LimitError,
    StorageError, Write,
};

use super::{
    Backend,
    scene::{Scene, create, document},
};

fn limit(result: Result<Vec<ports::Etag>, CommitError>) -> LimitError {
    match result {
        Err(CommitError::Storage(StorageError::Limit(limit))) => limit,
        other => panic!("not refused by a limit: {other:?}"),
    }
}

/// A document of exactly `bytes` as they are counted: an envelope, the id twice, the kind, and the body with its four quotes escaped.
fn sized(id: &str, bytes: usize) -> Write {
    let frame = ENVELOPE_BYTES + 2 * id.len() + "k".len() + "{\\\"v\\\":\\\"\\\"}".len();
    Write::Create(document(id, "k", &format!("{{\"v\":\"{}\"}}", "x".repeat(bytes - frame))))
}

pub async fn a_batch_has_at_most_a_hundred_writes(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let batch = |count: usize| (0..count).map(|n| create(&format!("d{n}"), "k")).collect();
    let refused = limit(scene.try_commit(batch(101)).await);
    assert!(matches!(refused, LimitError::Batch { writes: 101, .. }));
    assert_eq!(scene.read("d0").await, None);
    assert_eq!(scene.commit(batch(100)).await.len(), 100);
    assert!(scene.read("d99").await.is_some());
    let empty = limit(scene.try_commit(Vec::new()).await);
    assert!(matches!(empty, LimitError::Batch { writes: 0, .. }));
}

pub async fn a_batch_has_at_most_its_bytes(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let refused = limit(scene.try_commit(vec![sized("a", DOCUMENT_BYTES_MAX + 1)]).await);
    assert!(matches!(refused, LimitError::Document { .. }));
    let half = BATCH_BYTES_MAX / 2;
    let over = vec![sized("a", half), sized("b", BATCH_BYTES_MAX - half + 1)];
    assert!(matches!(limit(scene.try_commit(over).await), LimitError::Batch { writes: 2, .. }));
    assert_eq!(scene.read("a").await, None);
    let full = vec![sized("a", half), sized("b", BATCH_BYTES_MAX - half)];
    scene.commit(full).await;
    let largest = sized("c", DOCUMENT_BYTES_MAX);
    scene.commit(vec![largest.clone()]).await;
    assert_eq!(&scene.read("c").await.unwrap().document, largest.document());
}

/// A body is kept as a string of JSON: what must be escaped in it takes more room than it has bytes.
pub async fn a_body_counts_as_it_is_stored(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let quoted = |count: usize| {
        let body = format!("{{\"v\":\"{}\"}}", "\\\"".repeat(count));
        vec![Write::Create(document("q", "k", &body))]
    };
    let refused = limit(scene.try_commit(quoted(DOCUMENT_BYTES_MAX / 4)).await);
    assert!(matches!(refused, LimitError::Document { .. }));
    let fits = quoted((DOCUMENT_BYTES_MAX - 1_000) / 4);
    scene.commit(fits.clone()).await;
    assert_eq!(&scene.read("q").await.unwrap().document, fits[0].document());
}

pub async fn an_id_that_cosmos_would_refuse_is_refused(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    for id in ["", "a/b", "a\\b", "a?b", "a#b", "a\nb", "a ", &"i".repeat(ID_BYTES_MAX + 1)] {
        let refused = limit(scene.try_commit(vec![create("good", "k"), create(id, "k")]).await);
        assert!(matches!(refused, LimitError::Id(_)), "{id:?}");
    }
    assert_eq!(scene.read("good").await, None);
    let longest = "i".repeat(ID_BYTES_MAX);
    scene.commit(vec![create(&longest, "k")]).await;
    assert!(scene.read(&longest).await.is_some());
    let twice = limit(scene.try_commit(vec![create("x", "k"), create("x", "k")]).await);
    assert_eq!(twice, LimitError::Twice("x".into()));
}
