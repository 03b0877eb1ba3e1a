//! Storage that counts, and waits or is slow where a test says so.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use ports::{CommitError, Container, Documents, Etag, PartitionKey, StorageError, Write};
use system_tests::doubles::{Asked, Between, Through};
use tokio::sync::Notify;

use super::TestClock;

/// Documents with a test in between.
pub(in crate::scenarios) type Storage = Through<Stage>;

/// What the test says.
pub(in crate::scenarios) struct Stage {
    inner: Arc<dyn Documents>,
    clock: Arc<TestClock>,
    slow: Mutex<Option<Duration>>,
    reads: AtomicUsize,
    commits: AtomicUsize,
    held: Mutex<Option<&'static str>>,
    is_held: Notify,
    goes_on: Notify,
}

impl Stage {
    pub(super) fn over(inner: Arc<dyn Documents>, clock: Arc<TestClock>) -> Arc<Storage> {
        let (is_held, goes_on) = (Notify::new(), Notify::new());
        let (slow, held) = (Mutex::default(), Mutex::default());
        let (reads, commits) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let stage = Self { inner, clock, slow, reads, commits, held, is_held, goes_on };
        Arc::new(Through(stage))
    }

    /// Point reads and commits since this was asked last.
    pub(in crate::scenarios) fn counted(&self) -> (usize, usize) {
        (self.reads.swap(0, Ordering::SeqCst), self.commits.swap(0, Ordering::SeqCst))
    }

    /// The next read takes this long.
    pub(in crate::scenarios) fn be_slow(&self, wait: Duration) {
        *self.slow.lock().unwrap() = Some(wait);
    }

    /// Holds the next commit of this event until [`go_on`](Self::go_on).
    pub(in crate::scenarios) fn hold(&self, action: &'static str) {
        *self.held.lock().unwrap() = Some(action);
    }

    /// Comes back when the commit is held.
    pub(in crate::scenarios) async fn until_held(&self) {
        self.is_held.notified().await;
    }

    pub(in crate::scenarios) fn go_on(&self) {
        self.goes_on.notify_one();
    }

    fn takes_hold(&self, writes: &[Write]) -> bool {
        let has = |action: &mut &str| {
            writes.iter().any(|write| write.document().body.contains(&**action))
        };
        self.held.lock().unwrap().take_if(has).is_some()
    }
}

#[async_trait]
impl Between for Stage {
    fn inner(&self) -> &dyn Documents {
        self.inner.as_ref()
    }

    fn before(&self, asked: Asked) -> Result<(), StorageError> {
        self.reads.fetch_add(usize::from(asked == Asked::Read), Ordering::SeqCst);
        if let Some(wait) = self.slow.lock().unwrap().take() {
            self.clock.pass(wait);
        }
        Ok(())
    }

    async fn commit(
        &self,
        container: Container,
        partition: &PartitionKey,
        writes: Vec<Write>,
    ) -> Result<Vec<Etag>, CommitError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        if self.takes_hold(&writes) {
            self.is_held.notify_one();
            self.goes_on.notified().await;
        }
        self.inner.commit(container, partition, writes).await
    }
}
