//! Where an operation takes place.

use azure_data_cosmos::{ContainerClient, PartitionKey as CosmosKey};
use domain::Timestamp;
use ports::{Container, PartitionKey, Stored};

use super::wire::Wire;

/// One logical partition of one container, at one time.
pub(super) struct Place<'a> {
    pub(super) client: &'a ContainerClient,
    pub(super) container: Container,
    pub(super) partition: &'a PartitionKey,
    /// What has expired by now does not exist.
    pub(super) now: Timestamp,
}

impl Place<'_> {
    /// The full key: a prefix of it would reach every shard, or every tenant.
    pub(super) fn key(&self) -> CosmosKey {
        CosmosKey::from((self.partition.tenant.to_string(), self.partition.shard.clone()))
    }

    /// Keeps what belongs here; whatever else came back is dropped, loudly.
    pub(super) fn ours(&self, wire: Wire) -> Option<Wire> {
        if wire.tenant == self.partition.tenant.to_string() && wire.shard == self.partition.shard {
            return Some(wire);
        }
        tracing::error!(
            container = self.container.name(),
            tenant.id = %self.partition.tenant,
            shard = self.partition.shard,
            foreign.tenant = wire.tenant,
            foreign.shard = wire.shard,
            foreign.id = wire.id,
            "Cosmos DB gave a document of another partition; it was dropped"
        );
        None
    }

    /// The document that everybody sees: of this partition, and not expired.
    pub(super) fn seen(&self, wire: Wire) -> Option<Stored> {
        self.ours(wire).filter(|wire| !wire.is_expired(self.now)).map(Wire::into_stored)
    }
}
