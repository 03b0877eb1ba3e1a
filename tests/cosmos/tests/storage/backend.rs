//! Storage on Azure under the shared checks; what they do not look at is `local`.

use std::{sync::Arc, time::Duration};

use ambient::{SystemClock, SystemRandomness};
use async_trait::async_trait;
use azure::{Queues, StorageSettings};
use local::Store;
use ports::{Identity, Message, Ports, QueueName};
use system_tests::contract::Backend;
use tempfile::TempDir;

use crate::account::{account, blobs, queue, queues};

/// Everything that hides or waits does so by the server's clock.
const SLACK: Duration = Duration::from_millis(50);

pub(crate) struct StorageBackend {
    settings: StorageSettings,
    queues: Queues,
    rest: Store,
    _dir: TempDir,
}

impl StorageBackend {
    pub(crate) async fn new(number: u32) -> Self {
        let dir = TempDir::new().unwrap();
        let rest = Store::open(dir.path(), Arc::new(SystemClock), Arc::new(SystemRandomness));
        let settings = account(number).await;
        Self { queues: queues(&settings), settings, rest: rest.unwrap(), _dir: dir }
    }
}

#[async_trait]
impl Backend for StorageBackend {
    fn ports(&self, identity: Identity) -> Ports {
        Ports {
            blobs: Arc::new(blobs(&self.settings, identity)),
            queue: Arc::new(queue(&self.settings, identity)),
            ..self.rest.ports(identity)
        }
    }

    fn ports_elsewhere(&self, identity: Identity) -> Ports {
        self.ports(identity)
    }

    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time + SLACK).await;
    }

    async fn receive(&self, queue: QueueName, visibility: Duration) -> Option<Message> {
        self.queues.receive(queue, visibility).await.unwrap()
    }

    async fn delete(&self, queue: QueueName, message: &Message) -> bool {
        self.queues.delete(queue, message).await.unwrap()
    }

    async fn fail(&self, queue: QueueName, message: &Message) {
        self.queues.failed(queue, message, Duration::ZERO).await.unwrap();
    }

    async fn poisoned(&self, queue: QueueName) -> Vec<String> {
        let poisoned = self.queues.poisoned(queue, 32).await.unwrap();
        poisoned.into_iter().map(|message| message.text).collect()
    }
}
