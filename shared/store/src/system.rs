//! The system's own way to tenants' data: minted once, in `host`, for jobs and for the steps before a caller is known.

use std::sync::Arc;

use domain::TenantId;
use ports::{Container, Cursor, Dirty, Ports};

use crate::{IntentSource, Partition, StoreError};

/// The capability to open any tenant's partition.
#[derive(Clone)]
pub struct SystemCap {
    ports: Ports,
    source: Option<Arc<IntentSource>>,
}

impl SystemCap {
    /// Mints the capability. Only `host` does, once for each app.
    pub fn mint(ports: Ports, source: Option<Arc<IntentSource>>) -> Self {
        Self { ports, source }
    }

    /// The data of `tenant`, for the job that names itself.
    pub fn partition(&self, tenant: TenantId, job: &'static str) -> Partition {
        tracing::trace!(tenant.id = %tenant, job, "system partition");
        #[expect(
            clippy::disallowed_methods,
            reason = "one of the two places where a partition is opened"
        )]
        Partition::open(
            Arc::clone(&self.ports.documents),
            Arc::clone(&self.ports.queue),
            self.source.clone(),
            tenant,
        )
    }

    /// Which partitions of a container changed since `after`.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn dirty(
        &self,
        container: Container,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Dirty, StoreError> {
        Ok(self.ports.documents.dirty(container, after, limit).await?)
    }
}
