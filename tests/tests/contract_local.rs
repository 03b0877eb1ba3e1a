//! What every backend promises, kept by `local`.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::Timestamp;
use local::Store;
use ports::{Identity, Message, Ports, QueueName};
use system_tests::{
    contract::Backend,
    contract_tests,
    doubles::{ManualClock, SeededRandomness},
};
use tempfile::TempDir;

/// A folder of its own, opened twice: each store has its own connections and its own writer, as two processes have.
struct LocalBackend {
    here: Store,
    elsewhere: Store,
    clock: Arc<ManualClock>,
    _dir: TempDir,
}

impl LocalBackend {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let clock = ManualClock::new(Timestamp::from_unix_s(1_795_000_000));
        let randomness = SeededRandomness::new(1);
        let open = || {
            let (clock, randomness) = (Arc::clone(&clock), Arc::clone(&randomness));
            Store::open(dir.path(), clock, randomness).unwrap()
        };
        Self { here: open(), elsewhere: open(), clock, _dir: dir }
    }
}

#[async_trait]
impl Backend for LocalBackend {
    fn ports(&self, identity: Identity) -> Ports {
        self.here.ports(identity)
    }

    fn ports_elsewhere(&self, identity: Identity) -> Ports {
        self.elsewhere.ports(identity)
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    async fn receive(&self, queue: QueueName, visibility: Duration) -> Option<Message> {
        self.elsewhere.queues().receive(queue, visibility).await.unwrap()
    }

    async fn delete(&self, queue: QueueName, message: &Message) -> bool {
        self.here.queues().delete(queue, message).await.unwrap()
    }

    async fn fail(&self, queue: QueueName, message: &Message) {
        self.here.queues().failed(queue, message, Duration::ZERO).await.unwrap();
    }

    async fn poisoned(&self, queue: QueueName) -> Vec<String> {
        let poisoned = self.here.queues().poisoned(queue, 100).unwrap();
        poisoned.into_iter().map(|message| message.text).collect()
    }
}

contract_tests!(LocalBackend::new());
