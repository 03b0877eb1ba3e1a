//! A process that commits to a local store until it is done or killed, and says what was acknowledged.
//!
//! `committer DIR TENANT flood NAME`: eight tasks create pairs `NAME-<n>-a`, `NAME-<n>-b` and print `NAME-<n>` after each answer.
//! `committer DIR TENANT chain COUNT`: creates COUNT times the document that follows the last one.

use std::{
    io::{self, Write as _},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use ambient::{SystemClock, SystemRandomness};
use local::Store;
use ports::{
    CommitError, Container, Documents, Identity, NewDocument, PartitionKey, Query, Refusal, Write,
};
use tokio::task::JoinSet;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let [_, dir, tenant, mode, what] = arguments.as_slice() else {
        panic!("usage: committer DIR TENANT flood NAME | chain COUNT");
    };
    let store = Store::open(Path::new(dir), Arc::new(SystemClock), Arc::new(SystemRandomness));
    let documents = store.unwrap().ports(Identity::Runs).documents;
    let partition = PartitionKey::new(tenant.parse().unwrap(), "0");
    match mode.as_str() {
        "flood" => flood(&documents, &partition, what).await,
        "chain" => chain(&*documents, &partition, what.parse().unwrap()).await,
        mode => panic!("unknown mode {mode}"),
    }
}

async fn flood(documents: &Arc<dyn Documents>, partition: &PartitionKey, name: &str) {
    let next = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (documents, partition) = (Arc::clone(documents), partition.clone());
        let (next, name) = (Arc::clone(&next), name.to_owned());
        tasks.spawn(async move {
            loop {
                let id = format!("{name}-{}", next.fetch_add(1, Ordering::SeqCst));
                let pair = vec![create(format!("{id}-a")), create(format!("{id}-b"))];
                documents.commit(Container::Runs, &partition, pair).await.unwrap();
                // One write under PIPE_BUF: whole in the pipe or not there.
                io::stdout().write_all(format!("{id}\n").as_bytes()).unwrap();
                io::stdout().flush().unwrap();
            }
        });
    }
    tasks.join_all().await;
}

async fn chain(documents: &dyn Documents, partition: &PartitionKey, count: usize) {
    let mut done = 0;
    while done < count {
        let last = Query { kind: "k".into(), descending: true, limit: 1, ..Query::default() };
        let page = documents.query(Container::Runs, partition, &last).await.unwrap();
        let last = page.documents.first().map_or(0, |last| last.document.id.parse().unwrap());
        let next = vec![create(format!("{:06}", last + 1))];
        match documents.commit(Container::Runs, partition, next).await {
            Ok(_) => done += 1,
            Err(CommitError::Refused { refusal: Refusal::Exists, .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn create(id: String) -> Write {
    let body = format!("{{\"id\":\"{id}\",\"pad\":\"{}\"}}", "x".repeat(600));
    Write::Create(NewDocument { id, kind: "k".into(), k1: None, k2: None, body, expires_at: None })
}
