//! Many at once.

use std::{collections::BTreeSet, sync::Arc};

use ports::{CommitError, Documents, Etag, PartitionKey, Query, Refusal, Write};
use tokio::task::JoinSet;

use super::{
    Backend,
    scene::{FOLLOWER, IDENTITY, PLACE, Scene, create, document},
};

/// Appends one link to a chain with a head: reads the head, writes the link and the next head in one batch, and starts over when
/// someone else was first.
async fn append(documents: &dyn Documents, partition: &PartitionKey) {
    loop {
        let head = documents.read(PLACE, partition, "head").await.unwrap().unwrap();
        let next = head.document.k1.as_deref().unwrap().parse::<u32>().unwrap() + 1;
        let batch =
            vec![create(&format!("l{next:06}"), "link"), Write::Replace(at(next), head.etag)];
        match documents.commit(PLACE, partition, batch).await {
            Ok(_) => return,
            Err(CommitError::Refused { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

fn at(link: u32) -> ports::NewDocument {
    ports::NewDocument { k1: Some(link.to_string()), ..document("head", "head", "{}") }
}

async fn links(scene: &Scene) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let query = Query { kind: "link".into(), after, limit: 64, ..Query::default() };
        let page = scene.documents.query(PLACE, &scene.partition, &query).await.unwrap();
        found.extend(page.documents.into_iter().map(|stored| stored.document.id));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

fn gapless(count: u32) -> Vec<String> {
    (1..=count).map(|link| format!("l{link:06}")).collect()
}

pub async fn four_writers_make_one_chain_of_two_hundred(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    scene.commit(vec![Write::Create(at(0))]).await;
    let mut writers = JoinSet::new();
    for _ in 0..4 {
        let (documents, partition) = (Arc::clone(&scene.documents), scene.partition.clone());
        writers.spawn(async move {
            for _ in 0..50 {
                append(&*documents, &partition).await;
            }
        });
    }
    writers.join_all().await;
    assert_eq!(links(&scene).await, gapless(200));
    assert_eq!(scene.read("head").await.unwrap().document, at(200));
}

/// As the sealer does it: no head, the last document is the head, and creating the next is the lock.
pub async fn two_processes_make_one_gapless_sequence(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let mut writers = JoinSet::new();
    for ports in [backend.ports(IDENTITY), backend.ports_elsewhere(IDENTITY)] {
        let partition = scene.partition.clone();
        writers.spawn(async move {
            for _ in 0..50 {
                create_next(&*ports.documents, &partition).await;
            }
        });
    }
    writers.join_all().await;
    assert_eq!(links(&scene).await, gapless(100));
    let elsewhere = backend.ports_elsewhere(FOLLOWER).documents;
    for feed in [&scene.feed, &elsewhere] {
        let feed = feed.changes(PLACE, &scene.partition, None, 200).await.unwrap();
        let ids: Vec<_> = feed.documents.into_iter().map(|stored| stored.document.id).collect();
        assert_eq!(ids, gapless(100), "the order of the commits");
    }
}

async fn create_next(documents: &dyn Documents, partition: &PartitionKey) {
    loop {
        let last = Query { kind: "link".into(), descending: true, limit: 1, ..Query::default() };
        let page = documents.query(PLACE, partition, &last).await.unwrap();
        let last =
            page.documents.first().map_or(0, |stored| stored.document.id[1..].parse().unwrap());
        let next = vec![create(&format!("l{:06}", last + 1), "link")];
        match documents.commit(PLACE, partition, next).await {
            Ok(_) => return,
            Err(CommitError::Refused { refusal: Refusal::Exists, .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

pub async fn of_many_creates_of_one_id_one_wins(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let mut writers = JoinSet::new();
    for writer in 0..24 {
        let ports = if writer % 2 == 0 {
            backend.ports(IDENTITY)
        } else {
            backend.ports_elsewhere(IDENTITY)
        };
        let partition = scene.partition.clone();
        writers.spawn(async move {
            let beside = format!("beside-{writer}");
            let batch = vec![create(&beside, "k"), create("one", "k")];
            ports.documents.commit(PLACE, &partition, batch).await
        });
    }
    let results = writers.join_all().await;
    let won: Vec<&Vec<Etag>> = results.iter().flatten().collect();
    assert_eq!(won.len(), 1);
    let lost = Err(CommitError::Refused { index: 1, refusal: Refusal::Exists });
    assert_eq!(results.iter().filter(|result| **result == lost).count(), 23);
    let query = Query { kind: "k".into(), limit: 100, ..Query::default() };
    let page = scene.documents.query(PLACE, &scene.partition, &query).await.unwrap();
    assert_eq!(
        page.documents.len(),
        2,
        "a refused batch leaves nothing, whatever it was grouped with"
    );
}

/// A document that became visible behind a cursor that was already given out would be lost to its follower for ever.
pub async fn a_follower_misses_nothing_while_others_write(backend: &dyn Backend) {
    const EACH: usize = 40;
    let scene = Scene::new(backend);
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        let ports = if writer % 2 == 0 {
            backend.ports(IDENTITY)
        } else {
            backend.ports_elsewhere(IDENTITY)
        };
        let partition = scene.partition.clone();
        writers.spawn(async move {
            for n in 0..EACH {
                let batch = vec![create(&format!("w{writer}-{n}"), "k")];
                ports.documents.commit(PLACE, &partition, batch).await.unwrap();
            }
        });
    }
    let (mut seen, mut cursor) = (BTreeSet::new(), None);
    loop {
        // Asked before the page is read: what the last page shows was written before then.
        while let Some(writer) = writers.try_join_next() {
            writer.unwrap();
        }
        let finished = writers.is_empty();
        let page = scene.feed.changes(PLACE, &scene.partition, cursor.as_ref(), 7).await.unwrap();
        seen.extend(page.documents.into_iter().map(|stored| stored.document.id));
        cursor = Some(page.cursor);
        if finished && !page.more {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(seen.len(), 4 * EACH);
}

pub async fn a_read_sees_every_commit_that_was_answered(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let elsewhere = backend.ports_elsewhere(IDENTITY).documents;
    for n in 0..50 {
        let id = format!("d{n}");
        let etag = scene.commit(vec![create(&id, "k")]).await.remove(0);
        let read = elsewhere.read(PLACE, &scene.partition, &id).await.unwrap();
        assert_eq!(read.map(|stored| stored.etag), Some(etag));
    }
}
