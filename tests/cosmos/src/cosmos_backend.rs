//! Documents on Cosmos DB and everything else on this machine: the backend for what the contract says about documents.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use azure::{AzureDocuments, CosmosSettings};
use azure_data_cosmos::fault_injection::FaultInjectionRule;
use domain::Timestamp;
use local::Store;
use ports::{
    BlobError, Bucket, Clock, Container, Documents, Identity, Message, PartitionKey, Ports,
    QueueName, Randomness, Removal, StorageError,
};
use system_tests::{
    contract::Backend,
    doubles::{ManualClock, SeededRandomness},
};
use tempfile::TempDir;

use crate::{
    emulator::{DATABASE, Emulator, EmulatorHost, FixedToken, Guard, REGION},
    identity::{Tokens, Trouble, client_id},
};

type Handles = BTreeMap<Identity, Arc<AzureDocuments>>;

/// An account of its own, reached through two clients, as two processes have them.
pub struct CosmosBackend {
    here: Handles,
    elsewhere: Handles,
    rest: Store,
    /// Decides the time.
    pub clock: Arc<ManualClock>,
    /// What the roles were asked for, over loopback.
    pub guard: Option<Arc<Guard>>,
    _host: Option<EmulatorHost>,
    _dir: TempDir,
}

impl CosmosBackend {
    /// Requests never leave this process.
    ///
    /// # Errors
    /// * What could not be started.
    pub async fn in_process() -> anyhow::Result<Self> {
        Self::with_faults(Vec::new).await
    }

    /// The same, over a network that fails as `rules` say, for each client by itself.
    ///
    /// # Errors
    /// * What could not be started.
    pub async fn with_faults(
        rules: impl Fn() -> Vec<Arc<FaultInjectionRule>>,
    ) -> anyhow::Result<Self> {
        let emulator = Emulator::in_process().await?;
        let (clock, randomness) = outside();
        let handles = async || {
            let client = emulator.client_with(rules()).await?;
            let open = |identity| {
                let (clock, randomness) = (Arc::clone(&clock), Arc::clone(&randomness));
                let documents =
                    AzureDocuments::over(&client, DATABASE, identity, clock, randomness);
                (identity, Arc::new(documents))
            };
            anyhow::Ok(Identity::ALL.map(open).into())
        };
        Self::over(handles().await?, handles().await?, &clock, &randomness)
    }

    /// Over loopback, with the roles that the deployment assigns.
    ///
    /// # Errors
    /// * What could not be started.
    pub async fn loopback() -> anyhow::Result<Self> {
        let tokens = Arc::new(Tokens::new()?);
        let guard = Guard::new(Arc::clone(&tokens));
        let host = EmulatorHost::start(0, Some(Arc::clone(&guard))).await?;
        let (clock, randomness) = outside();
        let (settings, mut processes) = (settings(&host), Vec::new());
        for _ in 0..2 {
            let mut handles = Handles::new();
            for identity in Identity::ALL {
                let (token, _) =
                    tokens.issue(client_id(identity), "https://cosmos.azure.com", Trouble::None)?;
                let (clock, randomness) = (Arc::clone(&clock), Arc::clone(&randomness));
                let documents = AzureDocuments::connect(
                    &settings,
                    Arc::new(FixedToken(token)),
                    identity,
                    clock,
                    randomness,
                );
                let documents = documents.await?;
                documents.check().await?;
                handles.insert(identity, Arc::new(documents));
            }
            processes.push(handles);
        }
        let (here, elsewhere) =
            (processes.pop().unwrap_or_default(), processes.pop().unwrap_or_default());
        let backend = Self::over(here, elsewhere, &clock, &randomness)?;
        Ok(Self { guard: Some(guard), _host: Some(host), ..backend })
    }

    fn over(
        here: Handles,
        elsewhere: Handles,
        clock: &Arc<ManualClock>,
        randomness: &Arc<SeededRandomness>,
    ) -> anyhow::Result<Self> {
        let dir = TempDir::new()?;
        let rest = Store::open(
            dir.path(),
            Arc::clone(clock) as Arc<dyn Clock>,
            Arc::clone(randomness) as Arc<dyn Randomness>,
        )?;
        let clock = Arc::clone(clock);
        Ok(Self { here, elsewhere, rest, clock, guard: None, _host: None, _dir: dir })
    }

    fn with(&self, handles: &Handles, identity: Identity) -> Ports {
        let mut ports = self.rest.ports(identity);
        if let Some(documents) = handles.get(&identity) {
            ports.documents = Arc::clone(documents) as Arc<dyn Documents>;
            let (documents, rest) = (Arc::clone(documents), ports.removal);
            ports.removal = Arc::new(Removing { documents, rest });
        }
        ports
    }
}

/// Removes documents on Cosmos DB, and blobs on this machine.
struct Removing {
    documents: Arc<AzureDocuments>,
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
        self.documents.remove(container, partition, ids).await
    }

    async fn remove_blob(&self, bucket: Bucket, name: &str) -> Result<(), BlobError> {
        self.rest.remove_blob(bucket, name).await
    }
}

/// Where `host` is.
pub fn settings(host: &EmulatorHost) -> CosmosSettings {
    CosmosSettings {
        endpoint: host.url.clone(),
        database: DATABASE.to_owned(),
        region: REGION.to_owned(),
    }
}

fn outside() -> (Arc<ManualClock>, Arc<SeededRandomness>) {
    (ManualClock::new(Timestamp::from_unix_s(1_795_000_000)), SeededRandomness::new(1))
}

#[async_trait]
impl Backend for CosmosBackend {
    fn ports(&self, identity: Identity) -> Ports {
        self.with(&self.here, identity)
    }

    fn ports_elsewhere(&self, identity: Identity) -> Ports {
        self.with(&self.elsewhere, identity)
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    async fn receive(&self, _queue: QueueName, _visibility: Duration) -> Option<Message> {
        None
    }

    async fn delete(&self, _queue: QueueName, _message: &Message) -> bool {
        false
    }

    async fn fail(&self, _queue: QueueName, _message: &Message) {}

    async fn poisoned(&self, _queue: QueueName) -> Vec<String> {
        Vec::new()
    }
}
