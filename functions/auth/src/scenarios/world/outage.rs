//! Queues that count, and are away when a test says so.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use ports::{Queue, QueueError, QueueName};

/// Queues, unless they are away.
pub(in crate::scenarios) struct Outage {
    inner: Arc<dyn Queue>,
    is_away: AtomicBool,
    sent: AtomicUsize,
}

impl Outage {
    pub(super) fn of(inner: Arc<dyn Queue>) -> Arc<Self> {
        Arc::new(Self { inner, is_away: false.into(), sent: 0.into() })
    }

    /// Messages since this was asked last.
    pub(in crate::scenarios) fn counted(&self) -> usize {
        self.sent.swap(0, Ordering::SeqCst)
    }

    pub(in crate::scenarios) fn set(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }
}

#[async_trait]
impl Queue for Outage {
    async fn send(&self, queue: QueueName, text: &str, delay: Duration) -> Result<(), QueueError> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        if self.is_away.load(Ordering::SeqCst) {
            return Err(QueueError::Unavailable("away on purpose".to_owned()));
        }
        self.inner.send(queue, text, delay).await
    }
}
