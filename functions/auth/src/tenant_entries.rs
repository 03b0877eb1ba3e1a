//! Which tenants there are: one entry each in the deployment's own partition, written before the tenant is. An entry without a tenant is one whose
//! making was cut short.

use domain::{TenantId, TenantKind, Timestamp};
use ports::Container;
use serde::{Deserialize, Serialize};
use store::{Document, StoreError};

use crate::{AuthState, followers};

/// That a tenant is to be.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantEntry {
    /// Which; they sort by the time at which they were made.
    pub(crate) tenant: TenantId,
    /// A customer's, or that of whoever runs the deployment.
    pub(crate) kind: TenantKind,
    /// When it was entered.
    pub(crate) at: Timestamp,
}

impl TenantEntry {
    /// Its id; a page of entries continues after one.
    pub(crate) fn id_of(tenant: TenantId) -> String {
        format!("entry-{tenant}")
    }
}

impl Document for TenantEntry {
    const CONTAINER: Container = Container::Access;
    const KIND: &'static str = "tenant_entry";

    fn id(&self) -> String {
        Self::id_of(self.tenant)
    }
}

/// Enters a tenant. Entered twice is entered once.
pub(crate) async fn enter(state: &AuthState, entry: &TenantEntry) -> Result<(), StoreError> {
    followers::create(&state.data(TenantId::SYSTEM), entry).await
}
