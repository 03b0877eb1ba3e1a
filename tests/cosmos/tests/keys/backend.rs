//! Ports whose keys are in a vault, and everything else on this machine.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use azure_counterparts::vault::alone::Alone;
use domain::Timestamp;
use local::Store;
use ports::{Identity, Message, Ports, QueueName};
use system_tests::{
    contract::Backend,
    doubles::{ManualClock, SeededRandomness},
};
use tempfile::TempDir;

pub(crate) struct VaultBackend {
    alone: Alone,
    store: Store,
    _folder: TempDir,
}

impl VaultBackend {
    pub(crate) async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = ManualClock::new(Timestamp::from_unix_s(1_795_000_000));
        let store = Store::open(folder.path(), clock, SeededRandomness::new(1)).unwrap();
        Self { alone: Alone::start().await.unwrap(), store, _folder: folder }
    }
}

/// The keys of `ports`' identity, in the vault.
pub(crate) fn in_vault(alone: &Alone, ports: Ports) -> Ports {
    Ports { keys: Arc::new(alone.keys(ports.identity).unwrap()), ..ports }
}

#[async_trait]
impl Backend for VaultBackend {
    fn ports(&self, identity: Identity) -> Ports {
        in_vault(&self.alone, self.store.ports(identity))
    }

    fn ports_elsewhere(&self, identity: Identity) -> Ports {
        self.ports(identity)
    }

    async fn pass(&self, _: Duration) {
        unreachable!("keys know no time")
    }

    async fn receive(&self, _: QueueName, _: Duration) -> Option<Message> {
        unreachable!("keys use no queue")
    }

    async fn delete(&self, _: QueueName, _: &Message) -> bool {
        unreachable!("keys use no queue")
    }

    async fn fail(&self, _: QueueName, _: &Message) {
        unreachable!("keys use no queue")
    }

    async fn poisoned(&self, _: QueueName) -> Vec<String> {
        unreachable!("keys use no queue")
    }
}
