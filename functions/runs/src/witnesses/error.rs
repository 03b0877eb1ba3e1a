//! Why a Runner's witnessing does not count.

use chain::{checkpoint::CheckpointError, note::NoteError};
use domain::{Class, Fault, Timestamp};
use protocol::key::KeyError;
use store::{CosignedError, KeyringError, StoreError};

use crate::log_witness::AskError;

/// Why a Runner's witnessing does not count.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WitnessError {
    #[error(
        "the customer's certificate for this Runner names no witness key; let the authority certify it again, and enrol anew"
    )]
    Uncertified,
    #[error("the witness key in the Runner's certificate cannot be used")]
    Key(#[from] KeyError),
    #[error(
        "nothing of this log is signed yet; sealing takes a few seconds after the first event, try again then"
    )]
    NothingSigned,
    #[error("the cosignature is from {time}, which is later than now, {now}; correct the clock")]
    Time { time: Timestamp, now: Timestamp },
    #[error("the signed head cannot be read")]
    Note(#[from] NoteError),
    #[error("the signed head cannot be read")]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Cosigned(#[from] CosignedError),
    #[error("the witness did not do its part")]
    Asked(#[from] AskError),
    #[error("the log's keys cannot be read; try again")]
    Keys(#[from] KeyringError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for WitnessError {
    fn class(&self) -> Class {
        match self {
            Self::Uncertified => Class::Forbidden,
            Self::NothingSigned => Class::Conflict,
            Self::Time { .. } => Class::Invalid,
            Self::Key(_) | Self::Note(_) | Self::Checkpoint(_) => Class::Internal,
            Self::Cosigned(error) => error.class(),
            Self::Keys(_) | Self::Asked(_) => Class::Unavailable,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Uncertified => "witness-uncertified",
            Self::NothingSigned => "nothing-signed",
            Self::Time { .. } => "cosignature-time",
            Self::Key(_) | Self::Note(_) | Self::Checkpoint(_) => "internal",
            Self::Cosigned(error) => error.code(),
            Self::Keys(_) | Self::Asked(_) => "dependency-unavailable",
            Self::Store(error) => error.code(),
        }
    }
}
