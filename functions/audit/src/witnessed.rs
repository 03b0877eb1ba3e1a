//! Heads of the log with the lines of the witnesses that cosigned them.

use schemars::JsonSchema;
use serde::Deserialize;
use store::{Cosignatures, Partition, SignedHead};

use crate::{
    State, anchor,
    export::{self, ExportError},
};

/// Up to which head the log is exported.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HeadChoice {
    /// The last one that was signed. Witnesses may not have seen it yet.
    #[default]
    Newest,
    /// The last one that a witness cosigned. Rows that came after it are left out.
    Witnessed,
}

/// A head with the lines of the witnesses over it.
#[derive(Debug)]
pub(crate) struct Witnessed {
    /// The head; its note has those lines.
    pub(crate) head: SignedHead,
    /// How many witnesses there are.
    pub(crate) witnesses: usize,
}

/// The head that was chosen, with the lines of all witnesses over it.
pub(crate) async fn head(
    state: &State,
    log: &Partition,
    choice: HeadChoice,
) -> Result<Witnessed, ExportError> {
    let signed = export::checkpoint(state, log).await?;
    let (kept, _) = Cosignatures::of(&*state.ports.blobs, (log.tenant(), log.epoch())).await?;
    let head = match choice {
        HeadChoice::Newest => anchor::head(state, log, signed).await?,
        HeadChoice::Witnessed => {
            let origin = state.origin(log.tenant(), log.epoch());
            let cosigned = kept.newest(&origin).filter(|cosigned| cosigned.size <= signed.size);
            let cosigned = cosigned.ok_or(ExportError::NothingWitnessed)?;
            SignedHead { note: cosigned.checkpoint.clone(), size: cosigned.size, ..signed }
        }
    };
    let note = kept.complete(&head.note)?;
    let witnesses = note.lines().count() - head.note.lines().count();
    Ok(Witnessed { head: SignedHead { note, ..head }, witnesses })
}

/// A signed head that covers row `seq`, as a note with the lines of all witnesses over it: the last one that a witness cosigned, or else the newest.
pub(crate) async fn covering(
    state: &State,
    log: &Partition,
    seq: u64,
) -> Result<String, ExportError> {
    let signed = export::checkpoint(state, log).await?;
    let (kept, _) = Cosignatures::of(&*state.ports.blobs, (log.tenant(), log.epoch())).await?;
    let origin = state.origin(log.tenant(), log.epoch());
    let cosigned = kept.newest(&origin).filter(|head| (seq + 1..=signed.size).contains(&head.size));
    let note = cosigned.map_or(&signed.note, |head| &head.checkpoint);
    Ok(kept.complete(note)?)
}
