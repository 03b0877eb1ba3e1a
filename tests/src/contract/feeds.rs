//! What changed, and where.

use ports::{Changes, Cursor, PartitionKey, Stored, Write};

use super::{
    Backend,
    scene::{PLACE, Scene, create, document, ids},
};

async fn changes(scene: &Scene, after: Option<&Cursor>, limit: usize) -> Changes {
    scene.feed.changes(PLACE, &scene.partition, after, limit).await.unwrap()
}

async fn replace(scene: &Scene, id: &str, body: &str) {
    let etag = scene.read(id).await.unwrap().etag;
    scene.commit(vec![Write::Replace(document(id, "k", body), etag)]).await;
}

pub async fn a_feed_gives_the_latest_version_in_the_order_of_the_commits(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let nothing = changes(&scene, None, 10).await;
    assert!(nothing.documents.is_empty() && !nothing.more);
    scene.commit(vec![create("z", "k"), create("a", "k")]).await;
    scene.commit(vec![create("m", "k")]).await;
    replace(&scene, "z", "{\"v\":2}").await;
    let all = changes(&scene, None, 10).await;
    assert_eq!(ids(&all.documents), ["a", "m", "z"]);
    assert!(!all.more);
    assert_eq!(Some(all.documents[2].clone()), scene.read("z").await);
    let from_nothing = changes(&scene, Some(&nothing.cursor), 10).await;
    assert_eq!(ids(&from_nothing.documents), ["a", "m", "z"]);
}

pub async fn a_feed_goes_on_from_an_old_cursor(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    scene.commit(vec![create("a", "k")]).await;
    let first = changes(&scene, None, 10).await.cursor;
    let same = changes(&scene, Some(&first), 10).await;
    assert!(same.documents.is_empty() && !same.more);
    scene.commit(vec![create("b", "k")]).await;
    replace(&scene, "a", "{\"v\":2}").await;
    for cursor in [&first, &same.cursor] {
        let next = changes(&scene, Some(cursor), 10).await;
        assert_eq!(ids(&next.documents), ["b", "a"]);
        assert_eq!(next.documents[1].document.body, "{\"v\":2}");
        let end = changes(&scene, Some(&next.cursor), 10).await;
        assert!(end.documents.is_empty());
    }
}

pub async fn pages_of_a_feed_lose_nothing(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let written: Vec<_> = (0..17).map(|n| format!("d{n:02}")).collect();
    scene.commit(written.iter().map(|id| create(id, "k")).collect()).await;
    for limit in [1, 5, 16, 17, 18] {
        let (mut found, mut cursor) = (Vec::<Stored>::new(), None);
        loop {
            let page = changes(&scene, cursor.as_ref(), limit).await;
            found.extend(page.documents);
            assert!(found.len() <= written.len(), "the same page again");
            if !page.more {
                break;
            }
            cursor = Some(page.cursor);
        }
        // A batch is one commit: the order of its documents is not promised.
        let mut found = ids(&found);
        found.sort_unstable();
        assert_eq!(found, written, "{limit}");
    }
}

/// One batch may come together; documents that were written one by one do not.
pub async fn a_page_of_a_feed_has_at_most_its_limit(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    for id in ["a", "b", "c", "d", "e"] {
        scene.commit(vec![create(id, "k")]).await;
    }
    let first = changes(&scene, None, 2).await;
    assert_eq!((ids(&first.documents), first.more), (vec!["a", "b"], true));
    let second = changes(&scene, Some(&first.cursor), 2).await;
    assert_eq!((ids(&second.documents), second.more), (vec!["c", "d"], true));
    let last = changes(&scene, Some(&second.cursor), 2).await;
    assert_eq!((ids(&last.documents), last.more), (vec!["e"], false));
}

pub async fn other_partitions_never_appear_in_a_feed(backend: &dyn Backend) {
    let (scene, other) = (Scene::new(backend), Scene::new(backend));
    let shard = PartitionKey::new(scene.partition.tenant, "01");
    for round in ["1", "2", "3"] {
        scene.commit(vec![create(&format!("mine-{round}"), "k")]).await;
        other.commit(vec![create(&format!("theirs-{round}"), "k")]).await;
        let beside = vec![create(&format!("beside-{round}"), "k")];
        scene.documents.commit(PLACE, &shard, beside).await.unwrap();
    }
    let feed = changes(&scene, None, 100).await;
    assert_eq!(ids(&feed.documents), ["mine-1", "mine-2", "mine-3"]);
    assert_eq!(ids(&changes(&other, None, 100).await.documents).len(), 3);
}

pub async fn dirty_names_each_partition_that_changed(backend: &dyn Backend) {
    let (first, second, third) = (Scene::new(backend), Scene::new(backend), Scene::new(backend));
    let dirty = async |after: Option<&Cursor>, limit| {
        let (mut partitions, mut after) = (Vec::new(), after.cloned());
        loop {
            let page = first.feed.dirty(PLACE, after.as_ref(), limit).await.unwrap();
            partitions.extend(page.partitions);
            after = Some(page.cursor);
            if !page.more {
                return (partitions, after);
            }
        }
    };
    first.commit(vec![create("a", "k")]).await;
    second.commit(vec![create("a", "k")]).await;
    let (all, cursor) = dirty(None, 1).await;
    assert!(all.contains(&first.partition) && all.contains(&second.partition));
    assert!(!all.contains(&third.partition));
    let (nothing, _) = dirty(cursor.as_ref(), 10).await;
    assert!(!nothing.contains(&first.partition) && !nothing.contains(&second.partition));
    third.commit(vec![create("a", "k")]).await;
    replace(&first, "a", "{\"v\":2}").await;
    for limit in [1, 100] {
        let (since, _) = dirty(cursor.as_ref(), limit).await;
        assert!(since.contains(&first.partition) && since.contains(&third.partition));
        assert!(!since.contains(&second.partition));
    }
}
