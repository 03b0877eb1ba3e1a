//! The log as a file: what is read, laid out, and signed.

mod csv;
mod format;
mod ocsf;

use std::ops::Range;

pub(crate) use self::format::Format;

use chain::{
    bundle::{BundleError, Draft, Export},
    note::{NoteError, Signer, VerifierKey},
};
use domain::{AuditFilter, Class, ExportId, Fault, FilterError, TenantId, Timestamp, UserId};
use ports::{BlobError, Bucket, Container, KeyPurpose};
use serde::{Deserialize, Serialize};
use store::{Document, KeyringError, Partition, StoreError};

use crate::{
    State,
    search::{self, Order, Row},
};

/// Rows of one export, so that it fits into memory; a larger log is exported by ranges of time.
pub(crate) const ROWS_MAX: u64 = 1 << 20;

/// An export that was made.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ExportRecord {
    pub(crate) export: ExportId,
    pub(crate) by: UserId,
    #[serde(default)]
    pub(crate) format: Format,
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
    #[error(
        "{size} rows would be read; one file is made of at most {ROWS_MAX}; ask for a shorter range of time, in a format that takes filters"
    )]
    TooLarge {
        /// How many rows.
        size: u64,
    },
    /// Not every file can be made of some rows.
    #[error(transparent)]
    Filter(#[from] FilterError),
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
            Self::Filter(error) => error.class(),
            Self::Bundle(_) | Self::Note(_) => Class::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NothingSigned => "nothing-signed",
            Self::TooLarge { .. } => "payload-too-large",
            Self::Blob(_) | Self::Keys(_) => "dependency-unavailable",
            Self::Store(error) => error.code(),
            Self::Filter(error) => error.code(),
            Self::Bundle(_) | Self::Note(_) => "internal",
        }
    }
}

impl ExportRecord {
    /// The name of its file.
    pub(crate) fn file(&self) -> String {
        format!("{}.{}", self.export, self.format.extension())
    }

    /// The name of its blob.
    pub(crate) fn blob(&self, tenant: TenantId) -> String {
        format!("{tenant}/{}", self.file())
    }
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

/// A file, and how many rows are in it.
pub(crate) struct Made {
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: u64,
}

/// The file of the rows that are signed and fit `filter`.
pub(crate) async fn make(
    state: &State,
    partition: &Partition,
    format: Format,
    filter: &AuditFilter,
) -> Result<Made, ExportError> {
    let checkpoint = checkpoint(state, partition.tenant()).await?;
    if format == Format::Bundle {
        return bundle(state, partition, &checkpoint, filter).await;
    }
    let span = search::span(partition, filter, checkpoint.size).await?;
    let mut made = Made { bytes: format.head().into_bytes(), rows: 0 };
    for_each(partition, span, |row| {
        if filter.matches(&Row::parse(row)?.view()) {
            made.bytes.extend_from_slice(format.line(row)?.as_bytes());
            made.rows += 1;
        }
        Ok(())
    })
    .await?;
    Ok(made)
}

/// Gives the exact bytes of rows to `take`, in order.
async fn for_each(
    partition: &Partition,
    mut span: Range<u64>,
    mut take: impl FnMut(&str) -> Result<(), StoreError> + Send,
) -> Result<(), ExportError> {
    let size = span.end.saturating_sub(span.start);
    if size > ROWS_MAX {
        return Err(ExportError::TooLarge { size });
    }
    while !span.is_empty() {
        for (number, row) in search::read(partition, Order::Oldest, &span).await? {
            take(&row)?;
            span.start = number + 1;
        }
    }
    Ok(())
}

/// The export of everything that is signed.
async fn bundle(
    state: &State,
    partition: &Partition,
    checkpoint: &SignedCheckpoint,
    filter: &AuditFilter,
) -> Result<Made, ExportError> {
    if !filter.names().is_empty() {
        let expected = "left out of a bundle, which proves the whole log; choose another format";
        return Err(FilterError { parameter: "filters", expected }.into());
    }
    let tenant = partition.tenant();
    let mut rows = Vec::new();
    for_each(partition, 0..checkpoint.size, |row| {
        rows.push(row.to_owned());
        Ok(())
    })
    .await?;
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
    Ok(Made { bytes: draft.finish(&note)?, rows: checkpoint.size })
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
