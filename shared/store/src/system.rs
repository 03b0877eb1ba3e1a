//! The system's own way to tenants' data: minted once, in `host`, for jobs and for the steps before a caller is known.

use std::sync::Arc;

use domain::{TenantId, Timestamp};
use ports::{Container, Cursor, Dirty, Ports};

use crate::{IntentSource, Partition, Records, StoreError};

/// The capability to open any tenant's partition.
#[derive(Clone)]
pub struct SystemCap {
    ports: Ports,
    source: Option<Arc<IntentSource>>,
    records: Arc<Records>,
}

impl SystemCap {
    /// Mints the capability. Only `host` does, once for each app.
    pub fn mint(ports: Ports, source: Option<Arc<IntentSource>>) -> Self {
        let records = Records::reading(&ports);
        Self { ports, source, records }
    }

    /// The same, with records that are signed or were verified by `records`.
    #[must_use]
    pub fn with_records(self, records: Arc<Records>) -> Self {
        Self { records, ..self }
    }

    /// What signs and verifies records, for the job that looks after its keys.
    pub fn records(&self) -> &Records {
        &self.records
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
            Arc::clone(&self.records),
            tenant,
        )
    }

    /// Declares void, for every tenant, what this process gave out numbers for and storage refused, where that failed before. Best effort.
    pub async fn declare_void(&self, now: Timestamp) {
        for tenant in self.source.iter().flat_map(|source| source.debtors()) {
            self.partition(tenant, "declare_void").declare_void(now).await;
        }
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
