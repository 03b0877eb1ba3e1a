//! The log as one file: what is read, laid out, and signed.

use std::{fmt, ops::Range};

use chain::{
    bundle::{BundleError, Draft, Export},
    note::{NoteError, Signer, VerifierKey},
};
use domain::{Class, ExportId, Fault, TenantId, Timestamp, UserId};
use ports::{BlobError, Bucket, Container, KeyPurpose};
use serde::{Deserialize, Serialize};
use store::{Document, KeyringError, Partition, StoreError, log};

use crate::State;

/// Rows of one export, so that it fits into memory; more is exported in the streaming form to come.
pub(crate) const ROWS_MAX: u64 = 1 << 20;

/// An export that was made.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ExportRecord {
    pub(crate) export: ExportId,
    pub(crate) by: UserId,
    pub(crate) size: u64,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) created_at: Timestamp,
}

impl Document for ExportRecord {
    const CONTAINER: Container = Container::Audit;
    const KIND: &'static str = "export";

    fn id(&self) -> String {
        self.export.to_string()
    }
}

/// What `signer` signed last for a tenant.
#[derive(Deserialize)]
pub(crate) struct SignedCheckpoint {
    /// The signed note.
    pub(crate) note: String,
    /// How many rows it covers.
    pub(crate) size: u64,
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    /// No checkpoint yet.
    #[error(
        "nothing of this log is signed yet; sealing takes a few seconds after the first event, try again then"
    )]
    NothingSigned,
    /// More than one file may hold.
    #[error("the log has {size} rows; this version exports at most {ROWS_MAX} in one file")]
    TooLarge {
        /// How many rows.
        size: u64,
    },
    /// Rows that were signed are not there: purged, or lost.
    #[error("row {0} is not there")]
    Missing(u64),
    /// Rows and checkpoint do not fit.
    #[error("the log cannot be laid out")]
    Bundle(#[from] BundleError),
    /// A name that cannot sign.
    #[error("the log's name cannot sign")]
    Note(#[from] NoteError),
    /// Blobs refused or did not answer.
    #[error("blob storage did not do its part; nothing was exported, try again")]
    Blob(#[from] BlobError),
    /// Keys cannot be read.
    #[error("the keys of the apps cannot be read; nothing was exported, try again")]
    Keys(#[from] KeyringError),
    /// Storage refused or did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ExportError {
    fn class(&self) -> Class {
        match self {
            Self::NothingSigned => Class::Conflict,
            Self::TooLarge { .. } => Class::TooLarge,
            Self::Blob(_) | Self::Keys(_) => Class::Unavailable,
            Self::Store(error) => error.class(),
            Self::Missing(_) | Self::Bundle(_) | Self::Note(_) => Class::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NothingSigned => "nothing-signed",
            Self::TooLarge { .. } => "payload-too-large",
            Self::Blob(_) | Self::Keys(_) => "dependency-unavailable",
            Self::Store(error) => error.code(),
            Self::Missing(_) | Self::Bundle(_) | Self::Note(_) => "internal",
        }
    }
}

/// The name of an export's blob.
pub(crate) fn blob(tenant: TenantId, export: impl fmt::Display) -> String {
    format!("{tenant}/{export}.audit.zip")
}

/// The last checkpoint that was signed for a tenant.
pub(crate) async fn checkpoint(
    state: &State,
    tenant: TenantId,
) -> Result<SignedCheckpoint, ExportError> {
    let blob =
        state.ports.blobs.get(Bucket::Checkpoints, &format!("{tenant}/checkpoint.json")).await?;
    let blob = blob.ok_or(ExportError::NothingSigned)?;
    serde_json::from_slice(&blob.bytes)
        .map_err(|error| StoreError::Unreadable(error.to_string()).into())
}

/// The exact bytes of rows, commit by commit.
pub(crate) async fn rows(
    partition: &Partition,
    range: Range<u64>,
) -> Result<Vec<String>, StoreError> {
    let mut rows = Vec::new();
    let mut next = start_of(partition, range.start).await?;
    while next < range.end {
        let Some(commit) = log::commit_at(partition, next).await? else { break };
        next = commit.size;
        let numbered = (commit.first..).zip(commit.rows);
        rows.extend(numbered.filter(|(number, _)| range.contains(number)).map(|(_, row)| row));
    }
    Ok(rows)
}

/// The first row of the commit that holds `row`.
async fn start_of(partition: &Partition, row: u64) -> Result<u64, StoreError> {
    let of = store::ListOf {
        descending: true,
        limit: 1,
        after: Some(chain::commit::document_id(row.saturating_add(1))),
        ..store::ListOf::default()
    };
    let listing = partition.in_shard(log::shard(row)).list::<log::LogCommit>(of).await?;
    Ok(listing.documents.first().map_or(row, |found| found.document.0.first))
}

/// The bytes of the export of everything that is signed, and how many rows that is.
pub(crate) async fn make(
    state: &State,
    partition: &Partition,
) -> Result<(Vec<u8>, u64), ExportError> {
    let tenant = partition.tenant();
    let checkpoint = checkpoint(state, tenant).await?;
    if checkpoint.size > ROWS_MAX {
        return Err(ExportError::TooLarge { size: checkpoint.size });
    }
    let rows = rows(partition, 0..checkpoint.size).await?;
    let there = rows.len() as u64;
    if there < checkpoint.size {
        return Err(ExportError::Missing(there));
    }
    let (log_keys, app_keys) = keys(state, tenant).await?;
    let export = Export {
        tenant: &tenant.to_string(),
        rows: &rows,
        checkpoint: &checkpoint.note,
        log_keys: &log_keys,
        app_keys: &app_keys,
    };
    let draft = Draft::new(&export)?;
    let signer =
        Signer::new(&format!("{}/export", state.origin(tenant)), state.export_key.clone())?;
    let note = signer.sign(draft.statement())?;
    Ok((draft.finish(&note)?, checkpoint.size))
}

/// The public keys that go with an export, for information.
async fn keys(
    state: &State,
    tenant: TenantId,
) -> Result<(Vec<VerifierKey>, Vec<ed25519_dalek::VerifyingKey>), ExportError> {
    let origin = state.origin(tenant);
    let mut log_keys = Vec::new();
    if let Some(key) = state.ed25519(KeyPurpose::Checkpoint).await? {
        log_keys.push(VerifierKey::new(&origin, key)?);
    }
    let mut app_keys = Vec::new();
    for purpose in [KeyPurpose::AuthIntent, KeyPurpose::RunsIntent, KeyPurpose::AuditIntent] {
        app_keys.extend(state.ed25519(purpose).await?);
    }
    Ok((log_keys, app_keys))
}
