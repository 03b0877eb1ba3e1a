//! Documents whose answers get lost.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use ports::{CommitError, Container, Documents, Etag, PartitionKey, StorageError, Write};

use super::between::{Asked, Between, Through};

/// How a commit fails. Its caller hears [`StorageError::Unavailable`] either way, and cannot tell which.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Nothing was applied.
    NotApplied,
    /// Everything was applied, and the answer was lost. A commit that is refused answers nothing either.
    AppliedButUnanswered,
}

/// How often each operation was asked for since the counts were reset.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Point reads.
    pub reads: usize,
    /// Pages.
    pub queries: usize,
    /// Batches, those that failed included.
    pub commits: usize,
    /// Writes in those batches.
    pub writes: usize,
    /// Pages of a feed.
    pub changes: usize,
    /// Pages of changed partitions.
    pub dirty: usize,
}

/// Documents that fail where a test says so, and count what is asked of them.
pub type Faulty = Through<Faults>;

/// Which commits fail, and what was asked for.
pub struct Faults {
    inner: Arc<dyn Documents>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    counts: Counts,
    commits: usize,
    plan: BTreeMap<usize, Fault>,
}

impl Faulty {
    /// `inner`, without faults until they are planned.
    pub fn new(inner: Arc<dyn Documents>) -> Arc<Self> {
        Arc::new(Self(Faults { inner, state: Mutex::default() }))
    }
}

impl Faults {
    /// Makes the `nth` commit from now fail; 1 is the next.
    pub fn fail_commit(&self, nth: usize, fault: Fault) {
        self.with(|state| state.plan.insert(state.commits + nth, fault));
    }

    /// What was asked for since the last reset.
    pub fn counts(&self) -> Counts {
        self.with(|state| state.counts)
    }

    /// Counts from zero again.
    pub fn reset_counts(&self) {
        self.with(|state| state.counts = Counts::default());
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn begin_commit(&self, writes: usize) -> Option<Fault> {
        self.with(|state| {
            state.commits += 1;
            state.counts.commits += 1;
            state.counts.writes += writes;
            state.plan.remove(&state.commits)
        })
    }
}

fn unanswered() -> CommitError {
    StorageError::Unavailable("the answer was lost on purpose".to_owned()).into()
}

#[async_trait]
impl Between for Faults {
    fn inner(&self) -> &dyn Documents {
        self.inner.as_ref()
    }

    fn before(&self, asked: Asked) -> Result<(), StorageError> {
        self.with(|State { counts, .. }| match asked {
            Asked::Read => counts.reads += 1,
            Asked::Query => counts.queries += 1,
            Asked::Changes => counts.changes += 1,
            Asked::Dirty => counts.dirty += 1,
        });
        Ok(())
    }

    async fn commit(
        &self,
        container: Container,
        partition: &PartitionKey,
        writes: Vec<Write>,
    ) -> Result<Vec<Etag>, CommitError> {
        let fault = self.begin_commit(writes.len());
        // Others run between a read and the commit that follows from it, so that joined futures really interleave.
        tokio::task::yield_now().await;
        match fault {
            None => self.inner.commit(container, partition, writes).await,
            Some(Fault::NotApplied) => Err(unanswered()),
            Some(Fault::AppliedButUnanswered) => {
                self.inner.commit(container, partition, writes).await.ok();
                Err(unanswered())
            }
        }
    }
}
