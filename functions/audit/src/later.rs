//! Rows of later epochs that account for what was purged of one that has ended: for its export, each with its proof, under a head that witnesses
//! cosigned where there is one.

use chain::{
    checkpoint::{Checkpoint, CheckpointError},
    later::{FILE_BYTES_MAX, Shown},
    note::Note,
    tree::leaf_hash,
};
use domain::retention::Sought;
use store::{
    Partition, SignedHead, StoreError,
    kept::{self, Kept, Stands},
    proofs,
    retention::{holds, purges},
};

use crate::{State, export::ExportError, witnessed};

/// The file that shows them; empty when there are none.
pub(crate) async fn rows(state: &State, log: &Partition) -> Result<Vec<u8>, ExportError> {
    let blobs = &*state.ports.blobs;
    let current = SignedHead::read(blobs, log.tenant()).await?.map(|(signed, _)| signed);
    let Some(current) = current.filter(|current| current.epoch > log.epoch()) else {
        return Ok(Vec::new());
    };
    let mut rows = found(state, log, &current).await?;
    rows.extend(ends(state, log, &rows).await?);
    rows.sort();
    rows.dedup();
    let mut file = Vec::new();
    for row in rows {
        let line = serde_json::to_vec(&shown(state, log, row).await?);
        file.extend(line.map_err(|error| StoreError::Unreadable(error.to_string()))?);
        file.push(b'\n');
    }
    if file.len() > FILE_BYTES_MAX {
        let why = "the rows that account for what was purged take more than one file";
        return Err(StoreError::Unreadable(why.to_owned()).into());
    }
    Ok(file)
}

/// The rows of later epochs that say what was purged of this one, and what is or was held.
async fn found(
    state: &State,
    log: &Partition,
    current: &SignedHead,
) -> Result<Vec<Stands>, StoreError> {
    let mut rows = Vec::new();
    for sought in sought(log).await? {
        let found = kept::stands(&*state.ports.blobs, log, &sought, current).await?;
        rows.extend(found.filter(|found| found.epoch > log.epoch()));
    }
    Ok(rows)
}

/// The events of those rows.
pub(crate) async fn sought(log: &Partition) -> Result<Vec<Sought>, StoreError> {
    let data = log.in_own_shards();
    let purges = purges(&data).await?.into_iter().map(|found| found.document.0);
    let of_purges = purges.filter(|plan| plan.epoch == log.epoch());
    let mut sought: Vec<_> = of_purges.filter_map(|plan| plan.recorded()).collect();
    let holds = holds(&data).await?;
    let here = holds.iter().filter(|hold| !hold.rows_in(log.epoch()).is_empty());
    sought.extend(here.flat_map(|hold| [hold.set_by, hold.released_by]).flatten());
    Ok(sought)
}

/// The rows that ended the epochs between this one and those rows: they name the keys that sign those.
async fn ends(state: &State, log: &Partition, rows: &[Stands]) -> Result<Vec<Stands>, StoreError> {
    let last = rows.iter().map(|row| row.epoch).max().unwrap_or(0);
    let mut ends = Vec::new();
    for epoch in log.epoch() + 1..last {
        let blobs = &*state.ports.blobs;
        let ended = SignedHead::read_ended(blobs, log.tenant(), epoch).await?;
        let Some(ended) = ended.filter(|ended| ended.ended.is_some()) else { continue };
        let seq = ended.size.saturating_sub(1);
        let found = kept::read(blobs, &log.in_epoch(epoch), seq).await?;
        for (number, kept) in found {
            if let Kept::Row(row) = kept
                && number == seq
            {
                ends.push(Stands { epoch, seq, row });
            }
        }
    }
    Ok(ends)
}

async fn shown(state: &State, log: &Partition, stands: Stands) -> Result<Shown, ExportError> {
    let Stands { epoch, seq, row } = stands;
    let log = log.in_epoch(epoch);
    let note = witnessed::covering(state, &log, seq).await?;
    let (head, blobs) = (checkpoint(&note)?, &*state.ports.blobs);
    let proof = proofs::inclusion(blobs, (log.tenant(), log.epoch()), seq, head.size).await?;
    let leaf = leaf_hash(row.as_bytes());
    if chain::proof::check_inclusion(leaf, seq, head.size, &proof, head.root).is_err() {
        return Err(
            StoreError::Unreadable(format!("row {seq} is not the one that was signed")).into()
        );
    }
    Ok(Shown { note, proof, row })
}

fn checkpoint(note: &str) -> Result<Checkpoint, ExportError> {
    let text = Note::parse(note.as_bytes())?.text;
    let unreadable = |error: CheckpointError| StoreError::Unreadable(error.to_string());
    Ok(Checkpoint::parse(text).map_err(unreadable)?)
}
