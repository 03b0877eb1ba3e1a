//! Time and randomness, so that tests decide both.

use std::time::Duration;

use async_trait::async_trait;
use domain::{Id, Kind, Timestamp};

/// The time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Lets `duration` pass.
    async fn sleep(&self, duration: Duration);
}

/// Random bytes fit for keys.
pub trait Randomness: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Randomness + '_ {
    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A new identifier.
    pub fn id<K: Kind>(&self, at: Timestamp) -> Id<K> {
        Id::new(at, self.bytes())
    }
}
