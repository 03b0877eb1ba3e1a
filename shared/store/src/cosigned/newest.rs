//! What all witnesses of one epoch of a tenant's log cosigned last, in one blob.

use std::collections::BTreeMap;

use chain::note::{Note, NoteError};
use ports::{Blobs, Bucket, Etag};
use serde::{Deserialize, Serialize};

use super::{Cosigned, CosignedError, WITNESSES_MAX};
use crate::{StoreError, proofs::Log};

/// What all witnesses of one epoch of a tenant's log cosigned last.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Cosignatures {
    /// By verifier key.
    witnesses: BTreeMap<String, Cosigned>,
}

impl Cosignatures {
    fn blob((tenant, epoch): Log) -> String {
        match epoch {
            0 => format!("{tenant}/cosignatures.json"),
            _ => format!("{tenant}/e{epoch}/cosignatures.json"),
        }
    }

    /// What is kept for an epoch of a log, with the version of its blob.
    ///
    /// # Errors
    /// When storage fails, or the blob is not one.
    pub async fn of(blobs: &dyn Blobs, log: Log) -> Result<(Self, Option<Etag>), StoreError> {
        let name = Self::blob(log);
        let Some(blob) = blobs.get(Bucket::Cosignatures, &name).await? else {
            return Ok((Self::default(), None));
        };
        let kept = serde_json::from_slice(&blob.bytes)
            .map_err(|error| StoreError::Unreadable(format!("the blob {name}: {error}")))?;
        Ok((kept, Some(blob.etag)))
    }

    /// Stores it in place of the version that was read.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: somebody else was faster; read it again. Others when storage fails.
    pub async fn store(
        &self,
        blobs: &dyn Blobs,
        log: Log,
        expected: Option<&Etag>,
    ) -> Result<(), StoreError> {
        let bytes =
            serde_json::to_vec(self).map_err(|error| StoreError::Unreadable(error.to_string()))?;
        blobs.put(Bucket::Cosignatures, &Self::blob(log), &bytes, expected).await?;
        Ok(())
    }

    /// What a witness cosigned last.
    pub fn last(&self, witness: &str) -> Option<&Cosigned> {
        self.witnesses.get(witness)
    }

    /// Who may have to go so that the witness of `next` finds room, the first first: witnesses of other logs (earlier epochs), then those that were
    /// heard of least lately. Nobody while there is room.
    pub fn first_to_go(&self, next: &Cosigned) -> Vec<Cosigned> {
        if self.witnesses.contains_key(&next.witness) || self.witnesses.len() < WITNESSES_MAX {
            return Vec::new();
        }
        let mut all: Vec<_> = self.witnesses.values().cloned().collect();
        all.sort_by_key(|cosigned| (cosigned.origin == next.origin, cosigned.time));
        all
    }

    /// Forgets a witness, which may begin anew.
    pub fn forget(&mut self, witness: &str) {
        self.witnesses.remove(witness);
    }

    /// Takes in a cosignature as the newest of its witness. What was recorded of the witness before stays.
    ///
    /// # Errors
    /// [`CosignedError::Older`], [`CosignedError::Conflict`], [`CosignedError::TooMany`]. Another log (a later epoch) begins anew.
    pub fn keep(&mut self, mut cosigned: Cosigned) -> Result<(), CosignedError> {
        if let Some(known) =
            self.witnesses.get(&cosigned.witness).filter(|known| known.origin == cosigned.origin)
        {
            let size = known.size;
            if size > cosigned.size {
                return Err(CosignedError::Older { size });
            }
            if size == cosigned.size && known.root != cosigned.root {
                return Err(CosignedError::Conflict { size });
            }
            if size == cosigned.size && known.time >= cosigned.time {
                return Ok(());
            }
            cosigned.recorded = cosigned.recorded.or(known.recorded);
        } else if !self.witnesses.contains_key(&cosigned.witness)
            && self.witnesses.len() >= WITNESSES_MAX
        {
            return Err(CosignedError::TooMany);
        }
        self.witnesses.insert(cosigned.witness.clone(), cosigned);
        Ok(())
    }

    /// Whether nobody ever cosigned this epoch.
    pub fn is_empty(&self) -> bool {
        self.witnesses.is_empty()
    }

    /// The newest head of the log `origin` that anybody cosigned: as the log signed it, how many rows it covers, when it was cosigned.
    pub fn newest(&self, origin: &str) -> Option<&Cosigned> {
        let of_log = self.witnesses.values().filter(|cosigned| cosigned.origin == origin);
        of_log.max_by_key(|cosigned| (cosigned.size, cosigned.time))
    }

    /// `checkpoint` with the line of every witness that cosigned its very text.
    ///
    /// # Errors
    /// [`NoteError`]: it is not a note.
    pub fn complete(&self, checkpoint: &str) -> Result<String, NoteError> {
        let text = Note::parse(checkpoint.as_bytes())?.text;
        let over_it = self.witnesses.values().filter(|cosigned| cosigned.text() == text);
        Ok(over_it.fold(checkpoint.to_owned(), |note, cosigned| note + &cosigned.line))
    }
}
