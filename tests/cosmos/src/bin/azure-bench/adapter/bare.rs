//! The SDK as its own examples use it: its defaults, nothing checked that it does not check itself.

use anyhow::ensure;
use azure_counterparts::emulator::DATABASE;
use azure_data_cosmos::{
    ContainerClient, CosmosClient, FeedScope, PartitionKey as CosmosKey, Query, TransactionalBatch,
    models::TransactionalBatchOperationResult,
    options::{ChangeFeedOptions, ChangeFeedStartFrom, MaxItemCountHint, QueryOptions},
};
use futures::StreamExt as _;
use ports::{NewDocument, PartitionKey};
use serde::{Deserialize, Serialize};

use super::CONTAINER;

/// The statement that the adapter makes of the same question.
const PAGE: &str = "SELECT TOP @count * FROM c WHERE c.kind = @kind \
    AND (NOT IS_DEFINED(c.expires_at) OR c.expires_at > @now) ORDER BY c.id ASC";

/// One container.
pub(crate) struct Bare {
    container: ContainerClient,
}

/// The document that the adapter makes of the same one.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Plain {
    id: String,
    tenant: String,
    shard: String,
    kind: String,
    k1: Option<String>,
    body: String,
    w: String,
}

impl Bare {
    pub(crate) async fn new(client: &CosmosClient) -> anyhow::Result<Self> {
        let container =
            client.database_client(DATABASE).container_client(CONTAINER.name(), None).await?;
        Ok(Self { container })
    }

    pub(crate) async fn create(
        &self,
        partition: &PartitionKey,
        documents: Vec<NewDocument>,
    ) -> anyhow::Result<()> {
        let mut batch = TransactionalBatch::new(key(partition));
        for document in documents {
            batch = batch.create_item(plain(document, partition))?;
        }
        let answer = self.container.execute_transactional_batch(batch, None).await?.into_model()?;
        ensure!(
            answer.results().iter().all(TransactionalBatchOperationResult::is_success),
            "not created"
        );
        Ok(())
    }

    pub(crate) async fn read(&self, partition: &PartitionKey, id: &str) -> anyhow::Result<Plain> {
        Ok(self.container.read_item(key(partition), id, None).await?.into_model()?)
    }

    /// One more than the page, as whoever wants to know whether there is another does.
    pub(crate) async fn query(
        &self,
        partition: &PartitionKey,
        kind: &str,
        limit: usize,
    ) -> anyhow::Result<Vec<Plain>> {
        let statement = Query::from(PAGE)
            .with_parameter("@count", limit + 1)?
            .with_parameter("@kind", kind)?
            .with_parameter("@now", 1_795_000_000_000_000_i64)?;
        let scope = FeedScope::partition(key(partition));
        let options = QueryOptions::default().with_max_item_count(hint(limit + 1)?);
        let mut items = Box::pin(
            self.container.query_items(statement, scope, Some(options)).await?.take(limit + 1),
        );
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            found.push(item?);
        }
        Ok(found)
    }

    /// The first page, and where to go on.
    pub(crate) async fn changes(
        &self,
        partition: &PartitionKey,
        limit: usize,
    ) -> anyhow::Result<(Vec<Plain>, String)> {
        let scope = FeedScope::partition(key(partition));
        let options = ChangeFeedOptions::default().with_max_item_count(hint(limit)?);
        let mut feed = self
            .container
            .query_change_feed::<Plain>(scope, ChangeFeedStartFrom::Beginning, Some(options))
            .await?;
        let mut found = Vec::new();
        while found.len() < limit {
            let Some(page) = feed.next().await else { break };
            found.extend(page?.items().iter().filter_map(|item| item.current().cloned()));
        }
        Ok((found, feed.to_continuation_token()?.as_str().to_owned()))
    }
}

fn plain(document: NewDocument, partition: &PartitionKey) -> Plain {
    let NewDocument { id, kind, k1, body, .. } = document;
    let (tenant, shard) = (partition.tenant.to_string(), partition.shard.clone());
    // As long as the adapter's mark of a commit.
    Plain { id, tenant, shard, kind, k1, body, w: "AAECAwQFBgcICQoLDA0ODw".to_owned() }
}

fn key(partition: &PartitionKey) -> CosmosKey {
    CosmosKey::from((partition.tenant.to_string(), partition.shard.clone()))
}

fn hint(count: usize) -> anyhow::Result<MaxItemCountHint> {
    Ok(MaxItemCountHint::Limit(u32::try_from(count)?.try_into()?))
}
