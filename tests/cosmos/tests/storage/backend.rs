//! Storage on Azure under the shared checks; what they do not look at is `local`.

use std::{sync::Arc, time::Duration};

use ambient::{SystemClock, SystemRandomness};
use async_trait::async_trait;
use azure::{AzureBlobs, Queues, StorageSettings};
use local::Store;
use ports::{
    BlobError, Bucket, Container, Identity, Message, PartitionKey, Ports, QueueName, Removal,
    StorageError,
};
use system_tests::contract::Backend;
use tempfile::TempDir;

use super::account::{account, blobs, queue, queues};

/// Everything that hides or waits does so by the server's clock.
const SLACK: Duration = Duration::from_millis(50);

/// Removes blobs in Azure, and documents on this machine.
struct Removing {
    blobs: Arc<AzureBlobs>,
    rest: Arc<dyn Removal>,
}

#[async_trait]
impl Removal for Removing {
    async fn remove_documents(
        &self,
        container: Container,
        partition: &PartitionKey,
        ids: &[String],
    ) -> Result<u64, StorageError> {
        self.rest.remove_documents(container, partition, ids).await
    }

    async fn remove_blob(&self, bucket: Bucket, name: &str) -> Result<(), BlobError> {
        self.blobs.remove(bucket, name).await
    }
}

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
        let rest = self.rest.ports(identity);
        let blobs = Arc::new(blobs(&self.settings, identity));
        let removal = Removing { blobs: Arc::clone(&blobs), rest: Arc::clone(&rest.removal) };
        let queue = Arc::new(queue(&self.settings, identity));
        Ports { blobs, removal: Arc::new(removal), queue, ..rest }
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
