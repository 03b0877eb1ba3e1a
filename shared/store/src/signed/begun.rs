//! How an epoch began that the one before announced.

use domain::TenantId;
use ports::Blobs;
use serde::{Deserialize, Serialize};

use super::read;
use crate::StoreError;

/// Row 0 of an epoch that the one before announced: it shows how that one ended. Kept by the signer, for who may not read rows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Begun {
    /// Its exact bytes.
    pub row: String,
}

impl Begun {
    /// The name of the blob of an epoch of a tenant's log.
    pub fn blob(tenant: impl std::fmt::Display, epoch: u64) -> String {
        format!("{tenant}/begun-{epoch}.json")
    }

    /// How that epoch began; `None` when it did not, or nothing announced it.
    ///
    /// # Errors
    /// When storage fails, or the blob is not one.
    pub async fn read(
        blobs: &dyn Blobs,
        tenant: TenantId,
        epoch: u64,
    ) -> Result<Option<Self>, StoreError> {
        Ok(read(blobs, &Self::blob(tenant, epoch)).await?.map(|(begun, _)| begun))
    }
}
