//! Documents of one app, with a stand-in for the app that seals.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use chain::intent::Intent;
use domain::{EventId, EventKind};
use local::Store;
use ports::{
    CommitError, Container, Documents, Etag, Identity, NewDocument, PartitionKey, StorageError,
    Write,
};
use serde_json::Value;
use store::{Document as _, Sealed};

use super::between::{Between, Through};
use crate::world::START;

/// Documents whose awaited events are as good as sealed when they are committed: the receipt is there. Nothing else of a log is.
pub type Receipted = Through<Receipts>;

/// Whose events were sealed, and whose are left.
pub struct Receipts {
    inner: Arc<dyn Documents>,
    sealer: Arc<dyn Documents>,
    is_still: AtomicBool,
    left: Mutex<Vec<(PartitionKey, EventId)>>,
    /// Commits until nothing is taken any more, as when the process is killed.
    commits_left: AtomicUsize,
}

impl Receipted {
    /// `inner`, with the sealer of `store`.
    pub fn new(store: &Store, inner: Arc<dyn Documents>) -> Arc<Self> {
        let sealer = store.ports(Identity::Audit).documents;
        Arc::new(Through(Receipts {
            inner,
            sealer,
            is_still: false.into(),
            left: Mutex::default(),
            commits_left: usize::MAX.into(),
        }))
    }
}

impl Receipts {
    /// From now on nothing is sealed.
    pub fn seal_nothing(&self) {
        self.is_still.store(true, Ordering::SeqCst);
    }

    /// Seals what was left, and what comes.
    pub async fn seal_the_rest(&self) {
        self.is_still.store(false, Ordering::SeqCst);
        let left = std::mem::take(&mut *self.left.lock().unwrap_or_else(PoisonError::into_inner));
        for (partition, event) in left {
            self.receipt(&partition, event).await;
        }
    }

    /// Kills whoever writes after this many commits: each that follows is not applied, until [`live`](Self::live).
    pub fn die_after(&self, commits: usize) {
        self.commits_left.store(commits, Ordering::SeqCst);
    }

    /// Takes commits again.
    pub fn live(&self) {
        self.die_after(usize::MAX);
    }

    fn is_dead(&self) -> bool {
        let one = |left: usize| left.checked_sub(1);
        self.commits_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one).is_err()
    }

    async fn receipt(&self, partition: &PartitionKey, event: EventId) {
        let sealed = Sealed { event, epoch: 0, seq: 1, hash: "0".repeat(64), rx: START };
        let document = NewDocument {
            id: sealed.id(),
            kind: Sealed::KIND.to_owned(),
            k1: None,
            k2: None,
            body: serde_json::to_string(&sealed).unwrap(),
            expires_at: sealed.expires_at(),
        };
        let key = PartitionKey::new(partition.tenant, "0");
        let writes = vec![Write::Create(document)];
        self.sealer.commit(Container::Sealed, &key, writes).await.unwrap();
    }
}

/// The events of a batch whose sealing somebody waits for.
fn awaited(writes: &[Write]) -> Vec<EventId> {
    let intents = writes.iter().map(Write::document).filter(|document| document.kind == "intent");
    let said = intents.filter_map(|document| {
        let body: Value = serde_json::from_str(&document.body).ok()?;
        let intent = Intent::parse(body["intent"]["intent"].as_str()?).ok()?;
        EventKind::from_name(&intent.action).filter(|kind| kind.is_awaited())?;
        intent.id.parse().ok()
    });
    said.collect()
}

#[async_trait]
impl Between for Receipts {
    fn inner(&self) -> &dyn Documents {
        self.inner.as_ref()
    }

    async fn commit(
        &self,
        container: Container,
        partition: &PartitionKey,
        writes: Vec<Write>,
    ) -> Result<Vec<Etag>, CommitError> {
        if self.is_dead() {
            let why = "killed on purpose".to_owned();
            return Err(StorageError::Unavailable(why).into());
        }
        let events = awaited(&writes);
        let done = self.inner.commit(container, partition, writes).await?;
        for event in events {
            if self.is_still.load(Ordering::SeqCst) {
                let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
                left.push((partition.clone(), event));
            } else {
                self.receipt(partition, event).await;
            }
        }
        Ok(done)
    }
}
