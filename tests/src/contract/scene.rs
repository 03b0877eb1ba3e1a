//! What most checks begin with.

use std::sync::Arc;

use domain::TenantId;
use ports::{
    Container, Documents, Etag, Identity, NewDocument, PartitionKey, Ports, Stored, Write,
};

use super::Backend;

/// Who writes to its own container, and looks for documents there.
pub(super) const IDENTITY: Identity = Identity::Runs;
/// The container of [`IDENTITY`].
pub(super) const PLACE: Container = Container::Runs;
/// Who reads its feed. Nobody may both write and follow in a container that has a follower.
pub(super) const FOLLOWER: Identity = Identity::Audit;

/// Documents, and a partition of a tenant that nobody else knows.
pub(super) struct Scene {
    pub(super) ports: Ports,
    pub(super) documents: Arc<dyn Documents>,
    /// The same documents, as their follower sees them.
    pub(super) feed: Arc<dyn Documents>,
    pub(super) partition: PartitionKey,
}

impl Scene {
    pub(super) fn new(backend: &dyn Backend) -> Self {
        let ports = backend.ports(IDENTITY);
        let partition = PartitionKey::new(tenant(&ports), "0");
        let feed = backend.ports(FOLLOWER).documents;
        Self { documents: Arc::clone(&ports.documents), feed, ports, partition }
    }

    pub(super) async fn commit(&self, writes: Vec<Write>) -> Vec<Etag> {
        self.try_commit(writes).await.unwrap()
    }

    pub(super) async fn try_commit(
        &self,
        writes: Vec<Write>,
    ) -> Result<Vec<Etag>, ports::CommitError> {
        self.documents.commit(PLACE, &self.partition, writes).await
    }

    pub(super) async fn read(&self, id: &str) -> Option<Stored> {
        self.documents.read(PLACE, &self.partition, id).await.unwrap()
    }
}

pub(super) fn tenant(ports: &Ports) -> TenantId {
    ports.randomness.id(ports.clock.now())
}

pub(super) fn document(id: &str, kind: &str, body: &str) -> NewDocument {
    NewDocument {
        id: id.to_owned(),
        kind: kind.to_owned(),
        k1: None,
        k2: None,
        body: body.to_owned(),
        expires_at: None,
    }
}

pub(super) fn create(id: &str, kind: &str) -> Write {
    Write::Create(document(id, kind, "{\"v\":1}"))
}

pub(super) fn ids(documents: &[Stored]) -> Vec<&str> {
    documents.iter().map(|stored| stored.document.id.as_str()).collect()
}
