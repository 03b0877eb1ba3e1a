//! What the signer says of the directory of logs: its key, and where a log stands in it.

use domain::TenantId;
use ports::Blobs;
use protocol::key::Jwk;
use serde::{Deserialize, Serialize};

use super::read;
use crate::StoreError;

/// The blob, among the checkpoints, in which the signer says with which key it signs heads of the directory of logs.
pub const DIRECTORY_KEY: &str = "directory-key.json";

/// What stands there.
pub type DirectoryKey = Jwk;

/// The key with these coordinates.
pub const fn directory_key_at(x: [u8; 32], y: [u8; 32]) -> DirectoryKey {
    Jwk::P256 { x, y }
}

/// The key that signs heads of the directory of logs, once one was signed.
///
/// # Errors
/// When storage fails, or the blob is not one.
pub async fn directory_key(blobs: &dyn Blobs) -> Result<Option<DirectoryKey>, StoreError> {
    Ok(read(blobs, DIRECTORY_KEY).await?.map(|(key, _)| key))
}

/// Where the last checkpoint of a tenant's log stands in the directory of logs.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AnchorRecord {
    /// The checkpoint, a signed note: the row of the directory.
    pub note: String,
    /// Which epoch of the log it is about.
    pub epoch: u64,
    /// How many rows it covers.
    pub size: u64,
    /// The number of the row in the directory.
    pub index: u64,
    /// How many rows the directory's head covers that was signed first with it.
    pub directory: u64,
}

impl AnchorRecord {
    /// The name of the blob of a tenant, among the checkpoints.
    pub fn blob(tenant: impl std::fmt::Display) -> String {
        format!("{tenant}/anchor.json")
    }

    /// The name of the directory's head over `size` rows, among the anchors.
    pub fn head(size: u64) -> String {
        format!("directory/head/{size:012}")
    }

    /// The name of the time stamp of that head.
    pub fn stamp(size: u64) -> String {
        format!("directory/head/{size:012}.tsr")
    }

    /// The record of a tenant, once its log is in the directory.
    ///
    /// # Errors
    /// When storage fails, or the blob is not one.
    pub async fn read(blobs: &dyn Blobs, tenant: TenantId) -> Result<Option<Self>, StoreError> {
        Ok(read(blobs, &Self::blob(tenant)).await?.map(|(record, _)| record))
    }
}
