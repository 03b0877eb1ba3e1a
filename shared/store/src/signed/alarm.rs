//! Why nothing more is signed of an epoch of a log.

use domain::{TenantId, Timestamp};
use ports::Blobs;
use serde::{Deserialize, Serialize};

use super::read;
use crate::StoreError;

/// Why nothing more is signed of an epoch of a log. Written once and never taken back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Alarm {
    /// What kind of contradiction, in one stable word.
    pub code: String,
    /// What it is about, in words.
    pub what: String,
    /// What was signed.
    pub expected: String,
    /// What is there.
    pub found: String,
    /// How many rows were signed.
    pub size: u64,
    /// Which epoch of the log.
    pub epoch: u64,
    /// The restore epoch in which it was found.
    pub restore: u64,
    /// When it was found.
    pub at: Timestamp,
}

impl Alarm {
    /// The name of the blob of an epoch of a tenant's log.
    pub fn blob(tenant: impl std::fmt::Display, epoch: u64) -> String {
        match epoch {
            0 => format!("{tenant}/alarm.json"),
            _ => format!("{tenant}/e{epoch}/alarm.json"),
        }
    }

    /// The alarm about an epoch of a tenant's log, if there is one.
    ///
    /// # Errors
    /// When storage fails, or the blob is not one.
    pub async fn read(
        blobs: &dyn Blobs,
        tenant: TenantId,
        epoch: u64,
    ) -> Result<Option<Self>, StoreError> {
        Ok(read(blobs, &Self::blob(tenant, epoch)).await?.map(|(alarm, _)| alarm))
    }
}
