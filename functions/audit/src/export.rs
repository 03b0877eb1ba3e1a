//! The log as a file: what is read, laid out, and signed.

mod bundled;
mod csv;
mod file;
mod format;
mod making;
mod ocsf;
mod reading;

pub(crate) use self::{
    format::Format,
    making::{Made, check, make},
};

use std::time::Duration;

use chain::{bundle::BundleError, note::NoteError, policy::Tier};
use domain::{Class, ExportId, Fault, FilterError, TenantId, Timestamp, UserId};
use ports::{BlobError, Container};
use serde::{Deserialize, Serialize};
use store::{Alarm, Document, KeyringError, Partition, SignedHead, StoreError};

use crate::{State, witnessed::HeadChoice};

/// Rows of one export.
pub(crate) const ROWS_MAX: u64 = domain::retention::EXPORT_ROWS_MAX;

/// So long after it was laid out an export whose file is missing is laid out again: as long as a request counts as sent again. Later the file may
/// have been removed because its time was over, and nobody would look for another one.
const MADE_AGAIN_WITHIN: Duration = Duration::from_hours(24);

/// An export that was made.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ExportRecord {
    pub(crate) export: ExportId,
    /// Who asked for it; nobody for one that a purge waits for.
    pub(crate) by: Option<UserId>,
    #[serde(default)]
    pub(crate) format: Format,
    pub(crate) size: u64,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    /// The attempts to lay out its file, which have a blob each. The last one is the export; what another may have left is removed with it.
    pub(crate) attempts: Vec<String>,
    /// How many witnesses cosigned the head that it goes up to.
    #[serde(default)]
    pub(crate) witnesses: usize,
    /// Whether it shows a time stamp of an authority.
    #[serde(default)]
    pub(crate) stamped: bool,
    /// Whether it shows personal details.
    #[serde(default)]
    pub(crate) details: bool,
    pub(crate) created_at: Timestamp,
}

impl Document for ExportRecord {
    const CONTAINER: Container = Container::Audit;
    const KIND: &'static str = "export";

    fn id(&self) -> String {
        self.export.to_string()
    }
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    /// No checkpoint yet.
    #[error(
        "nothing of this log is signed yet; sealing takes a few seconds after the first event, try again then"
    )]
    NothingSigned,
    /// No witness yet.
    #[error(
        "no witness has cosigned this log yet; let a Runner witness it ('proofline-runner witness'), or export the newest head"
    )]
    NothingWitnessed,
    /// The signer refuses the log.
    #[error(
        "the log is not the one that was signed, and nothing of it is vouched for: {what} Ask the operator of this deployment"
    )]
    Refused {
        /// Why.
        what: String,
    },
    /// More than one file may hold.
    #[error(
        "{size} rows would be read; one file is made of at most {ROWS_MAX}; ask for a shorter range of time, in a format that takes filters"
    )]
    TooLarge {
        /// How many rows.
        size: u64,
    },
    /// More details than one file may hold.
    #[error(
        "the personal details of these rows take {bytes} bytes, more than one file holds; export without them"
    )]
    Details {
        /// How many.
        bytes: usize,
    },
    /// Not every file can be made of some rows.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// Rows were purged meanwhile.
    #[error(
        "{what} changed while the export was made, as it does when rows are purged; make it again"
    )]
    Changed {
        /// Which file of it.
        what: String,
    },
    /// Rows and checkpoint do not fit.
    #[error(
        "the rows of the log and what was signed of it do not make one file; nothing was exported; \
         a verification of the log names what is wrong with it"
    )]
    Bundle(#[source] BundleError),
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

impl From<BundleError> for ExportError {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Changed(what) => Self::Changed { what },
            error @ (BundleError::Note(_)
            | BundleError::Checkpoint(_)
            | BundleError::Rows { .. }
            | BundleError::Entry(_)
            | BundleError::TooLarge(_)
            | BundleError::Manifest(_)
            | BundleError::File(_)
            | BundleError::Statement) => Self::Bundle(error),
        }
    }
}

impl Fault for ExportError {
    fn class(&self) -> Class {
        match self {
            Self::NothingSigned | Self::NothingWitnessed => Class::Conflict,
            Self::Refused { .. } => Class::Unavailable,
            Self::TooLarge { .. } | Self::Details { .. } => Class::TooLarge,
            Self::Changed { .. } | Self::Blob(_) | Self::Keys(_) => Class::Unavailable,
            Self::Store(error) => error.class(),
            Self::Filter(error) => error.class(),
            Self::Bundle(_) => Class::Unavailable,
            Self::Note(_) => Class::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NothingSigned => "nothing-signed",
            Self::NothingWitnessed => "nothing-witnessed",
            Self::Refused { .. } | Self::Bundle(_) => "log-refused",
            Self::TooLarge { .. } | Self::Details { .. } => "payload-too-large",
            Self::Changed { .. } | Self::Blob(_) | Self::Keys(_) => "dependency-unavailable",
            Self::Store(error) => error.code(),
            Self::Filter(error) => error.code(),
            Self::Note(_) => "internal",
        }
    }
}

impl ExportRecord {
    /// What describes the file that was made, without personal details.
    pub(crate) fn new(
        export: ExportId,
        by: Option<UserId>,
        format: Format,
        made: &Made,
        now: Timestamp,
    ) -> Self {
        Self {
            export,
            by,
            format,
            size: made.rows,
            bytes: made.file.bytes,
            sha256: made.file.sha256.clone(),
            attempts: vec![made.file.attempt.clone()],
            witnesses: made.witnesses,
            stamped: made.stamped,
            details: false,
            created_at: now,
        }
    }

    /// What stands behind its head, as far as the control plane says so.
    pub(crate) const fn tier(&self) -> Tier {
        match (self.witnesses, self.stamped) {
            (1.., _) => Tier::Witnessed,
            (0, true) => Tier::Timestamped,
            (0, false) => Tier::Signed,
        }
    }

    /// The name of its file.
    pub(crate) fn file(&self) -> String {
        format!("{}.{}", self.export, self.format.extension())
    }

    /// The name of its blob.
    pub(crate) fn blob(&self, tenant: TenantId) -> String {
        let attempt = self.attempts.last().map_or("", String::as_str);
        file::blob_name(tenant, attempt, self.export, self.format)
    }

    /// Whether its file is laid out again if it is missing.
    pub(crate) fn is_made_again(&self, now: Timestamp) -> bool {
        now < self.created_at.plus(MADE_AGAIN_WITHIN)
    }

    /// The same, with the attempts that came before this one.
    pub(crate) fn after(mut self, earlier: &Self) -> Self {
        self.attempts.splice(..0, earlier.attempts.iter().cloned());
        self
    }
}

/// The last checkpoint that was signed of this epoch of the log. None is given out once the signer refused it.
pub(crate) async fn checkpoint(state: &State, log: &Partition) -> Result<SignedHead, ExportError> {
    let (blobs, tenant) = (&*state.ports.blobs, log.tenant());
    if let Some(alarm) = Alarm::read(blobs, tenant, log.epoch()).await? {
        return Err(ExportError::Refused { what: alarm.what });
    }
    let signed = SignedHead::read(blobs, tenant).await?.map(|(signed, _)| signed);
    let signed = match signed {
        Some(signed) if signed.epoch > log.epoch() => {
            SignedHead::read_ended(blobs, tenant, log.epoch()).await?
        }
        signed => signed.filter(|signed| signed.epoch == log.epoch()),
    };
    signed.ok_or(ExportError::NothingSigned)
}

/// How much of the log an export shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// Which epoch; the current one when it does not say.
    pub(crate) epoch: Option<u64>,
    /// Up to which head.
    pub(crate) head: HeadChoice,
    /// Whether a bundle shows personal details.
    pub(crate) details: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that was removed because its time was over does not come back: nothing would remove it a second time.
    #[test]
    fn a_missing_file_is_laid_out_again_for_a_day() {
        let created_at = Timestamp::from_unix_s(1_000_000);
        let record = ExportRecord {
            export: ExportId::from_u128(1),
            by: None,
            format: Format::Csv,
            size: 1,
            bytes: 1,
            sha256: String::new(),
            attempts: vec!["a".to_owned()],
            witnesses: 0,
            stamped: false,
            details: false,
            created_at,
        };
        let is_made_again = |s| record.is_made_again(created_at.plus(Duration::from_secs(s)));
        assert_eq!([0, 86_399, 86_400].map(is_made_again), [true, true, false]);
    }
}
