//! Why nothing was signed.

use domain::{Class, Fault, TenantId, Timestamp};
use ports::BlobError;
use store::{Alarm, StoreError};

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SigningError {
    /// What is there contradicts what was signed, or what is stored beside it.
    #[error("tenant {tenant}: {}; expected {}, found {}; nothing is signed", .alarm.what, .alarm.expected, .alarm.found)]
    Refused {
        /// Whose log.
        tenant: TenantId,
        /// What contradicts what.
        alarm: Box<Alarm>,
    },
    /// A row after the signed ones does not follow.
    #[error("tenant {tenant}: the log does not continue from row {size}; nothing is signed")]
    Broken {
        /// Whose log.
        tenant: TenantId,
        /// How many rows are well.
        size: u64,
        /// The rule that is broken.
        #[source]
        source: chain::commit::CommitError,
    },
    /// A later epoch of the log does not begin where the earlier one ended.
    #[error(
        "tenant {tenant}: epoch {epoch} of the log does not begin with what was signed last; nothing is signed"
    )]
    Beginning {
        /// Whose log.
        tenant: TenantId,
        /// Which epoch.
        epoch: u64,
    },
    /// Rows follow the one that ended an epoch of the log.
    #[error(
        "tenant {tenant}: epoch {epoch} of the log ended with row {size}, and more rows follow; nothing is signed"
    )]
    Over {
        /// Whose log.
        tenant: TenantId,
        /// Which epoch.
        epoch: u64,
        /// How many rows it has.
        size: u64,
    },
    /// The row that ends an epoch names other keys or another name than this signer has for the next.
    #[error(
        "tenant {tenant}: the row that ends epoch {epoch} of the log announces what this signer will not sign; nothing is signed"
    )]
    Announcement {
        /// Whose log.
        tenant: TenantId,
        /// Which epoch.
        epoch: u64,
    },
    /// The log was rotated further than this process was told.
    #[error(
        "rotation {0} of the logs has begun, and PROOFLINE_LOG_ROTATION of this process is lower; raise it"
    )]
    Behind(u32),
    /// A blob is not what it was, or not what it should be.
    #[error("the blob {name} {is}; nothing is signed")]
    Differs {
        /// Its name.
        name: String,
        /// What is wrong.
        is: &'static str,
    },
    /// What the signer itself keeps cannot be read.
    #[error("what the signer keeps of {0} cannot be read; nothing is signed")]
    Unreadable(String),
    /// Blobs refused or did not answer.
    #[error("blob storage did not do its part")]
    Blob(#[from] BlobError),
    /// Storage refused or did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The name of the log cannot be signed.
    #[error("the log's origin cannot be signed")]
    Note(#[from] chain::note::NoteError),
    /// The key store refused or did not answer.
    #[error("the directory's key cannot be used")]
    Key(#[from] ports::KeyError),
}

/// Where a refusal was met.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) tenant: TenantId,
    pub(super) size: u64,
    pub(super) epoch: u64,
    pub(super) restore: u64,
    pub(super) at: Timestamp,
}

impl SigningError {
    /// The alarm to keep; `None` when trying again may help.
    pub(super) fn alarm(&self, place: Place) -> Option<Alarm> {
        let Place { size, epoch, restore, at, .. } = place;
        let alarm = |code: &str, what: &str, expected: &str, found: String| {
            let (code, what, expected) = (code.to_owned(), what.to_owned(), expected.to_owned());
            Some(Alarm { code, what, expected, found, size, epoch, restore, at })
        };
        match self {
            Self::Refused { alarm, .. } => Some((**alarm).clone()),
            Self::Broken { source, .. } => alarm(
                "log-broken",
                "A row after the signed ones does not follow from them.",
                "rows that follow from each other",
                source.to_string(),
            ),
            Self::Beginning { .. } => alarm(
                "log-broken",
                "The epoch does not begin with the checkpoint that was signed last of the one before.",
                "that checkpoint in row 0",
                "another row 0".to_owned(),
            ),
            Self::Over { .. } => alarm(
                "log-broken",
                "Rows follow the one that ended the epoch.",
                "no row after log.rotate",
                "more rows".to_owned(),
            ),
            Self::Announcement { .. } => alarm(
                "log-broken",
                "The row that ends the epoch announces a name or a key that is not the next.",
                "the next name of the log and the signer's next key",
                "others".to_owned(),
            ),
            Self::Differs { name, is } => alarm(
                "tile-differs",
                "A tile that was written before is not the one that the log has now.",
                "the same bytes",
                format!("{name} {is}"),
            ),
            Self::Unreadable(_)
            | Self::Blob(_)
            | Self::Store(_)
            | Self::Note(_)
            | Self::Key(_)
            | Self::Behind(_) => None,
        }
    }
}

impl Fault for SigningError {
    fn class(&self) -> Class {
        match self {
            Self::Blob(BlobError::Moved | BlobError::Unavailable(_))
            | Self::Key(ports::KeyError::Unavailable(_))
            | Self::Behind(_) => Class::Unavailable,
            Self::Store(error) => error.class(),
            Self::Refused { .. }
            | Self::Broken { .. }
            | Self::Beginning { .. }
            | Self::Over { .. }
            | Self::Announcement { .. }
            | Self::Differs { .. }
            | Self::Unreadable(_)
            | Self::Note(_)
            | Self::Key(_)
            | Self::Blob(_) => Class::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Blob(BlobError::Moved | BlobError::Unavailable(_))
            | Self::Key(ports::KeyError::Unavailable(_))
            | Self::Behind(_) => "dependency-unavailable",
            Self::Store(error) => error.code(),
            Self::Refused { .. }
            | Self::Broken { .. }
            | Self::Beginning { .. }
            | Self::Over { .. }
            | Self::Announcement { .. }
            | Self::Differs { .. } => "log-refused",
            Self::Unreadable(_) | Self::Note(_) | Self::Key(_) | Self::Blob(_) => "internal",
        }
    }
}
