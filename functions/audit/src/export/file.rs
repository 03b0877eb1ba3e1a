//! The file of an export while it is written: memory holds a few megabytes of it.

use domain::{ExportId, TenantId};
use ports::{Bucket, NewBlob};
use sha2::{Digest as _, Sha256};

use super::{ExportError, Format};
use crate::State;

/// What is handed to storage at a time.
const PIECE_BYTES: usize = 4 << 20;

/// A file that grows.
pub(crate) struct ExportFile {
    blob: Box<dyn NewBlob>,
    attempt: String,
    waiting: Vec<u8>,
    bytes: u64,
    hasher: Sha256,
}

/// A file that is written to its end, and is there once it is stored.
pub(crate) struct Written {
    blob: Box<dyn NewBlob>,
    /// Part of its blob's name.
    pub(crate) attempt: String,
    pub(crate) bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub(crate) sha256: String,
}

impl ExportFile {
    pub(crate) async fn begin(
        state: &State,
        tenant: TenantId,
        export: ExportId,
        format: Format,
    ) -> Result<Self, ExportError> {
        let attempt = hex::encode(state.ports.randomness.bytes::<8>());
        let name = blob_name(tenant, &attempt, export, format);
        let blob = state.ports.blobs.begin(Bucket::Exports, &name).await?;
        Ok(Self { blob, attempt, waiting: Vec::new(), bytes: 0, hasher: Sha256::new() })
    }

    pub(crate) async fn append(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() < PIECE_BYTES {
            return Ok(());
        }
        self.hand_over().await
    }

    pub(crate) async fn end(mut self) -> Result<Written, ExportError> {
        self.hand_over().await?;
        let Self { blob, attempt, bytes, hasher, .. } = self;
        Ok(Written { blob, attempt, bytes, sha256: hex::encode(hasher.finalize()) })
    }

    async fn hand_over(&mut self) -> Result<(), ExportError> {
        let piece = std::mem::take(&mut self.waiting);
        self.hasher.update(&piece);
        self.bytes += piece.len() as u64;
        Ok(self.blob.append(piece).await?)
    }
}

impl Written {
    pub(crate) async fn store(self) -> Result<(), ExportError> {
        self.blob.store().await?;
        Ok(())
    }
}

/// The name of an export's blob. What was laid out a second time is another file.
pub(super) fn blob_name(
    tenant: TenantId,
    attempt: &str,
    export: ExportId,
    format: Format,
) -> String {
    format!("{tenant}/{attempt}-{export}.{}", format.extension())
}
