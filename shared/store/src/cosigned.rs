//! What witnesses cosigned of a tenant's log: of each the newest head of each epoch, all of an epoch in one blob, so that whoever exports finds them.

mod newest;

use chain::{
    Hash,
    checkpoint::Checkpoint,
    cosignature::{self, WitnessKey},
    note::{Note, NoteError, VerifierKey},
};
use domain::{Class, Fault, RunnerId, Timestamp};
use serde::{Deserialize, Serialize};

pub use newest::Cosignatures;

/// The most witnesses of one log: a note holds 64 signatures.
const WITNESSES_MAX: usize = 32;

/// A head as one witness cosigned it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Cosigned {
    /// Which log.
    pub origin: String,
    /// How many rows.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// The checkpoint, as the log itself signed it.
    pub checkpoint: String,
    /// The witness' line; ends in a newline.
    pub line: String,
    /// The witness' verifier key.
    pub witness: String,
    /// The Runner that it is, unless it is somebody else's witness.
    pub runner: Option<RunnerId>,
    /// When it cosigned, by its own clock, in seconds since 1970.
    pub time: u64,
    /// What the log itself says of this witness.
    #[serde(default)]
    pub recorded: Option<Recorded>,
}

/// What was recorded last of a witness.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Recorded {
    /// How many rows it had witnessed then.
    pub size: u64,
    /// When.
    pub at: Timestamp,
}

/// Why a cosignature is not kept.
#[derive(Debug, thiserror::Error)]
pub enum CosignedError {
    /// Not a note of ours.
    #[error("that is not a checkpoint of this log as it was signed, with the line of a witness")]
    Note(#[from] NoteError),
    /// Not a checkpoint, or one of another log.
    #[error("that is not a checkpoint of this log")]
    OtherLog,
    /// The witness' line is not there.
    #[error("the note has no line by the witness key that is registered")]
    Missing,
    /// It cosigned more before.
    #[error("this witness has cosigned {size} rows already; it may not go back")]
    Older {
        /// How many rows.
        size: u64,
    },
    /// It cosigned another root of the same size before.
    #[error("this witness has cosigned another tree of {size} rows; one of the two is a fork")]
    Conflict {
        /// How many rows.
        size: u64,
    },
    /// Too many.
    #[error("a log has at most {WITNESSES_MAX} witnesses")]
    TooMany,
}

impl Fault for CosignedError {
    fn class(&self) -> Class {
        match self {
            Self::Note(_) | Self::OtherLog | Self::Missing => Class::Invalid,
            Self::Older { .. } | Self::Conflict { .. } | Self::TooMany => Class::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Note(_) | Self::Missing => "cosignature-invalid",
            Self::OtherLog => "checkpoint-unknown",
            Self::Older { .. } => "cosignature-older",
            Self::Conflict { .. } => "cosignature-conflict",
            Self::TooMany => "witnesses-too-many",
        }
    }
}

impl Cosigned {
    /// What `witness` says with `line` of `checkpoint`, a signed note with lines of the log and nobody else.
    ///
    /// # Errors
    /// [`CosignedError`].
    pub fn read(
        checkpoint: &str,
        line: &str,
        log: &[VerifierKey],
        witness: &WitnessKey,
        runner: Option<RunnerId>,
    ) -> Result<Self, CosignedError> {
        let signed = Note::parse(checkpoint.as_bytes())?;
        let Checkpoint { origin, size, root } =
            Checkpoint::parse(signed.text).map_err(|_| CosignedError::OtherLog)?;
        if log.iter().all(|key| key.name() != origin) {
            return Err(CosignedError::OtherLog);
        }
        // Whoever sends it cannot add lines of others, which everybody would have to carry.
        if signed.verify(log)?.len() != signed.signatures.len() {
            return Err(NoteError::Format("it has lines of others than the log").into());
        }
        let whole = format!("{checkpoint}{line}");
        let cosigned = Note::parse(whole.as_bytes())?;
        if cosigned.signatures.len() != signed.signatures.len() + 1 {
            return Err(CosignedError::Missing);
        }
        let found = cosignature::cosigned(&cosigned, [witness])?;
        let time = found.first().ok_or(CosignedError::Missing)?.time;
        Ok(Self {
            origin,
            size,
            root,
            checkpoint: checkpoint.to_owned(),
            line: line.to_owned(),
            witness: witness.to_string(),
            runner,
            time,
            recorded: None,
        })
    }

    /// The text that was cosigned.
    fn text(&self) -> String {
        Checkpoint { origin: self.origin.clone(), size: self.size, root: self.root }.to_text()
    }
}

#[cfg(test)]
mod tests;
