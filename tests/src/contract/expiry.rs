//! Documents that expire.

use std::time::Duration;

use domain::Timestamp;
use ports::{CommitError, NewDocument, Query, Refusal, Write};

use super::{
    Backend,
    scene::{PLACE, Scene, create, document, ids},
};

const LIFE: Duration = Duration::from_mins(1);

fn lease(expires_at: Timestamp, body: &str) -> NewDocument {
    NewDocument { expires_at: Some(expires_at), ..document("lease", "lease", body) }
}

pub async fn a_document_expires_on_the_microsecond(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let expires_at = scene.ports.clock.now().plus(LIFE);
    let lease = lease(expires_at, "{}");
    let etag = scene.commit(vec![Write::Create(lease.clone())]).await.remove(0);
    let last = expires_at.minus(Duration::from_micros(1));
    backend.pass(last.since(scene.ports.clock.now())).await;
    assert!(scene.read("lease").await.is_some());
    backend.pass(Duration::from_micros(1)).await;
    assert_eq!(scene.read("lease").await, None);
    let late = scene.try_commit(vec![Write::Replace(lease, etag)]).await;
    assert_eq!(late, Err(CommitError::Refused { index: 0, refusal: Refusal::Missing }));
}

pub async fn an_expired_id_can_be_created_again(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let expires_at = scene.ports.clock.now().plus(LIFE);
    let first = scene.commit(vec![Write::Create(lease(expires_at, "{\"v\":1}"))]).await;
    let again = || lease(expires_at.plus(LIFE), "{\"v\":2}");
    let early = scene.try_commit(vec![Write::Create(again())]).await;
    assert_eq!(early, Err(CommitError::Refused { index: 0, refusal: Refusal::Exists }));
    backend.pass(LIFE).await;
    let second = scene.commit(vec![Write::Create(again()), create("beside", "k")]).await;
    assert_eq!(scene.read("lease").await.unwrap().document, again());
    let stale = scene.try_commit(vec![Write::Replace(again(), first[0].clone())]).await;
    assert_eq!(stale, Err(CommitError::Refused { index: 0, refusal: Refusal::Stale }));
    scene.commit(vec![Write::Replace(again(), second[0].clone())]).await;
}

/// Whoever must see every document in a feed gives it no expiry.
pub async fn an_expired_document_is_left_out_of_queries_and_feeds(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let expires_at = scene.ports.clock.now().plus(LIFE);
    let kept = document("kept", "lease", "{}");
    scene.commit(vec![Write::Create(lease(expires_at, "{}")), Write::Create(kept)]).await;
    backend.pass(LIFE).await;
    let query = Query { kind: "lease".into(), limit: 1, ..Query::default() };
    let page = scene.documents.query(PLACE, &scene.partition, &query).await.unwrap();
    assert_eq!((ids(&page.documents), page.next), (vec!["kept"], None));
    let feed = scene.feed.changes(PLACE, &scene.partition, None, 10).await.unwrap();
    assert_eq!(ids(&feed.documents), ["kept"]);
}
