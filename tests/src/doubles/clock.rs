//! Time that moves when it is told to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::Timestamp;
use ports::Clock;
use tokio::sync::Notify;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock {
    us: AtomicI64,
    slept: Notify,
}

impl ManualClock {
    /// A clock that shows `at`.
    pub fn new(at: Timestamp) -> Arc<Self> {
        Arc::new(Self { us: AtomicI64::new(at.unix_us()), slept: Notify::new() })
    }

    /// Shows a later time.
    pub fn advance(&self, duration: Duration) {
        self.set(self.now().plus(duration));
    }

    /// Until somebody let some time pass by waiting.
    pub async fn slept(&self) {
        self.slept.notified().await;
    }

    /// Shows this time.
    pub fn set(&self, at: Timestamp) {
        self.us.store(at.unix_us(), Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_us(self.us.load(Ordering::SeqCst))
    }
    /// The time passes at once; whoever waits for [`slept`](Self::slept) gets a turn.
    async fn sleep(&self, duration: Duration) {
        self.advance(duration);
        self.slept.notify_one();
        tokio::task::yield_now().await;
    }
}
