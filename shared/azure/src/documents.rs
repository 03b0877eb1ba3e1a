//! Documents on Cosmos DB: containers with the hierarchical partition key `[/tenant, /shard]`, always named in full.

mod answer;
mod check;
mod commit;
mod feeds;
mod limits;
mod place;
mod query;
mod remove;
mod wire;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_data_cosmos::{
    AccountEndpoint, AccountReference, ContainerClient, CosmosClient, CosmosRuntime,
    DatabaseClient, RoutingStrategy, options::Region,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::FutureExt as _;
use ports::{
    Action, Changes, Clock, CommitError, Container, Cursor, Dirty, Documents, Etag, Identity,
    LimitError, Page, PartitionKey, Query, REMOVALS_MAX, Randomness, StorageError, Stored, Write,
    check_batch, rights,
};
use tokio::sync::OnceCell;

use self::{answer::within, place::Place};
use crate::{CosmosSettings, OpenError};

/// The documents that one identity may reach.
pub struct AzureDocuments {
    database: DatabaseClient,
    endpoint: url::Url,
    containers: BTreeMap<Container, OnceCell<ContainerClient>>,
    identity: Identity,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

impl AzureDocuments {
    /// Connects: reads the account's regions, and nothing else ([`check`](Self::check) looks at the containers).
    ///
    /// # Errors
    /// * [`OpenError::Credential`], [`OpenError::Denied`]: who we are is not accepted.
    /// * [`OpenError::Unavailable`]: no answer in time.
    pub async fn connect(
        settings: &CosmosSettings,
        credential: Arc<dyn TokenCredential>,
        identity: Identity,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, OpenError> {
        let endpoint = AccountEndpoint::from(settings.endpoint.clone());
        let account = AccountReference::with_credential(endpoint, credential);
        let nearest = RoutingStrategy::ProximityTo(Region::new(settings.region.clone()));
        // A runtime remembers containers together with the credential that found them: two identities in one process must not share one.
        let connecting = async {
            let runtime = CosmosRuntime::builder().build().await?;
            let options = limits::of_every_operation();
            let builder = CosmosClient::builder().with_runtime(runtime);
            builder.with_default_operation_options(options).build(account, nearest).await
        };
        let client = within(connecting.boxed()).await.map_err(|failure| {
            failure.on_opening(&settings.endpoint, "the Cosmos DB account".to_owned())
        })?;
        Ok(Self::over(&client, &settings.database, identity, clock, randomness))
    }

    /// Over a client that exists: for tests with a transport of their own.
    pub fn over(
        client: &CosmosClient,
        database: &str,
        identity: Identity,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        let containers =
            Container::ALL.into_iter().map(|container| (container, OnceCell::new())).collect();
        Self {
            database: client.database_client(database),
            endpoint: client.endpoint().clone(),
            containers,
            identity,
            clock,
            randomness,
        }
    }

    /// Checks that every container which the identity has rights on exists with the right partition key. Makes nothing.
    ///
    /// # Errors
    /// * [`OpenError`], for the first container that is not as it should be.
    pub async fn check(&self) -> Result<(), OpenError> {
        check::containers(&self.database, &self.endpoint, self.identity).await
    }

    /// Removes documents of one partition; those that are not there are removed already. How many were there.
    ///
    /// # Errors
    /// * [`StorageError::Denied`], [`StorageError::Limit`]; others when it is not known what was removed.
    pub async fn remove(
        &self,
        container: Container,
        partition: &PartitionKey,
        ids: &[String],
    ) -> Result<u64, StorageError> {
        rights::remove_documents(self.identity, container, ids)?;
        if ids.len() > REMOVALS_MAX {
            return Err(LimitError::Batch { writes: ids.len(), bytes: 0 }.into());
        }
        let client = self.client(container).await?;
        remove::remove(&Place { client, container, partition, now: self.clock.now() }, ids).await
    }

    /// Asks the tables of `ports` whether this may be done, then finds the place where.
    async fn place<'a>(
        &'a self,
        container: Container,
        partition: &'a PartitionKey,
        action: Action,
    ) -> Result<Place<'a>, StorageError> {
        rights::documents(self.identity, container, action)?;
        let client = self.client(container).await?;
        Ok(Place { client, container, partition, now: self.clock.now() })
    }

    /// The client of a container, made when it is needed first: that reads the container's partition key.
    async fn client(&self, container: Container) -> Result<&ContainerClient, StorageError> {
        let unknown = || StorageError::Unavailable(format!("no container {}", container.name()));
        let cell = self.containers.get(&container).ok_or_else(unknown)?;
        let open = || {
            let options = Some(limits::of_opening());
            within(self.database.container_client(container.name(), options).boxed())
        };
        cell.get_or_try_init(open).await.map_err(|failure| failure.on_access(container))
    }
}

#[async_trait]
impl Documents for AzureDocuments {
    async fn read(
        &self,
        container: Container,
        partition: &PartitionKey,
        id: &str,
    ) -> Result<Option<Stored>, StorageError> {
        let place = self.place(container, partition, Action::Read).await?;
        query::read(&place, id).await
    }

    async fn query(
        &self,
        container: Container,
        partition: &PartitionKey,
        query: &Query,
    ) -> Result<Page, StorageError> {
        let place = self.place(container, partition, Action::Query).await?;
        query::page(&place, query).await
    }

    async fn commit(
        &self,
        container: Container,
        partition: &PartitionKey,
        writes: Vec<Write>,
    ) -> Result<Vec<Etag>, CommitError> {
        for write in &writes {
            let action = match write {
                Write::Create(_) => Action::Create,
                Write::Replace(..) => Action::Replace,
            };
            rights::documents(self.identity, container, action)?;
        }
        check_batch(&writes).map_err(StorageError::from)?;
        let client = self.client(container).await?;
        let place = Place { client, container, partition, now: self.clock.now() };
        let write_id = URL_SAFE_NO_PAD.encode(self.randomness.bytes::<16>());
        commit::apply(&place, &writes, &write_id).await
    }

    async fn changes(
        &self,
        container: Container,
        partition: &PartitionKey,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Changes, StorageError> {
        let place = self.place(container, partition, Action::ChangeFeed).await?;
        feeds::changes(&place, after, limit).await
    }

    async fn dirty(
        &self,
        container: Container,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Dirty, StorageError> {
        rights::documents(self.identity, container, Action::ChangeFeed)?;
        feeds::dirty(self.client(container).await?, container, after, limit).await
    }
}
