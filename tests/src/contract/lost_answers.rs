//! Answers that get lost: what may be concluded, and that it suffices.

use std::sync::Arc;

use ports::{CommitError, Documents, NewDocument, PartitionKey, StorageError, Write};

use super::{
    Backend,
    scene::{PLACE, Scene, document},
};
use crate::doubles::{Counts, Fault, Faulty};

/// Adds one to a counter exactly once, whatever gets lost: the batch holds a create-only document that says so.
async fn add_once(documents: &dyn Documents, partition: &PartitionKey, once: &str) {
    for _ in 0..10 {
        let counter = documents.read(PLACE, partition, "counter").await.unwrap().unwrap();
        let value: u32 = counter.document.k1.unwrap().parse().unwrap();
        let batch = vec![
            Write::Create(document(once, "once", "{}")),
            Write::Replace(self::counter(value + 1), counter.etag),
        ];
        match documents.commit(PLACE, partition, batch).await {
            Ok(_) => return,
            Err(
                CommitError::Storage(StorageError::Unavailable(_)) | CommitError::Refused { .. },
            ) => {
                if documents.read(PLACE, partition, once).await.unwrap().is_some() {
                    return;
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("ten attempts failed");
}

fn counter(value: u32) -> NewDocument {
    NewDocument { k1: Some(value.to_string()), ..document("counter", "counter", "{}") }
}

pub async fn a_create_only_document_tells_what_became_of_a_lost_answer(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    scene.commit(vec![Write::Create(counter(0))]).await;
    let faulty = Faulty::new(Arc::clone(&scene.documents));
    let rounds =
        [None, Some(Fault::NotApplied), Some(Fault::AppliedButUnanswered), Some(Fault::NotApplied)];
    for (round, fault) in rounds.into_iter().enumerate() {
        if let Some(fault) = fault {
            faulty.fail_commit(1, fault);
        }
        add_once(&*faulty, &scene.partition, &format!("once-{round}")).await;
    }
    assert_eq!(scene.read("counter").await.unwrap().document, counter(4));
}

pub async fn faults_strike_where_they_were_planned(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let faulty = Faulty::new(Arc::clone(&scene.documents));
    faulty.fail_commit(2, Fault::NotApplied);
    faulty.fail_commit(3, Fault::AppliedButUnanswered);
    let mut answered = Vec::new();
    for id in ["1", "2", "3", "4"] {
        let batch = vec![Write::Create(document(id, "k", "{}"))];
        answered.push(faulty.commit(PLACE, &scene.partition, batch).await.is_ok());
    }
    assert_eq!(answered, [true, false, false, true]);
    let mut stored = Vec::new();
    for id in ["1", "2", "3", "4"] {
        stored.push(faulty.read(PLACE, &scene.partition, id).await.unwrap().is_some());
    }
    assert_eq!(stored, [true, false, true, true]);
    let counts = Counts { reads: 4, commits: 4, writes: 4, ..Counts::default() };
    assert_eq!(faulty.counts(), counts);
    faulty.reset_counts();
    assert_eq!(faulty.counts(), Counts::default());
}
