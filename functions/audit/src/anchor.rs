//! The place of a log's head in the directory of all logs, for exports.

use std::{collections::BTreeMap, time::Duration};

use chain::{
    anchor::{PROOF, TIMESTAMP},
    note::Note,
    proof,
    row_proof::RowProof,
    tile::{TileHashes, needed_for_inclusion},
};
use ports::{Bucket, QueueName};
use store::{AnchorRecord, Partition, SignedHead, StoreError, log};
use web::Wait;

use crate::{
    State,
    export::{self, ExportError},
};

/// How often an export looks whether its head is in the directory: some four seconds. The signer may be away, and then the file goes without.
const LOOKS: usize = 12;

/// The folder of the directory among the anchors.
const FOLDER: &str = "directory";

/// Has the directory take up what is signed now, and waits a little until it did.
pub(crate) async fn refresh(state: &State, log: &Partition) -> Result<(), ExportError> {
    let signed = export::checkpoint(state, log).await?;
    if record(state, log, signed.size).await?.is_some() {
        return Ok(());
    }
    let text = log.tenant().to_string();
    if let Err(error) = state.ports.queue.send(QueueName::Directory, &text, Duration::ZERO).await {
        tracing::warn!(error = %error, "the directory of logs was not asked for a head; the export may go without");
        return Ok(());
    }
    let mut wait = Wait::begin(&*state.ports.clock);
    for _ in 0..LOOKS {
        if record(state, log, signed.size).await?.is_some() || !wait.goes_on().await {
            break;
        }
    }
    Ok(())
}

/// The head that the directory has, when it is not older than `signed`; otherwise `signed`.
pub(crate) async fn head(
    state: &State,
    log: &Partition,
    signed: SignedHead,
) -> Result<SignedHead, ExportError> {
    Ok(match record(state, log, signed.size).await? {
        Some(AnchorRecord { note, size, .. }) => SignedHead { note, size, ..signed },
        None => signed,
    })
}

/// Where the log stands in the directory with at least `size` rows.
async fn record(
    state: &State,
    log: &Partition,
    size: u64,
) -> Result<Option<AnchorRecord>, StoreError> {
    let record = AnchorRecord::read(&*state.ports.blobs, log.tenant()).await?;
    Ok(record.filter(|record| record.epoch == log.epoch() && record.size >= size))
}

/// The files that show `head` in the directory; none when it is not there.
pub(crate) async fn files(
    state: &State,
    log: &Partition,
    head: &SignedHead,
) -> Result<BTreeMap<String, Vec<u8>>, ExportError> {
    let Some(record) = record(state, log, head.size).await? else { return Ok(BTreeMap::new()) };
    let text = |note: &str| Note::parse(note.as_bytes()).map(|note| note.text.to_owned());
    if text(&record.note)? != text(&head.note)? {
        return Ok(BTreeMap::new());
    }
    let directory = get(state, &AnchorRecord::head(record.directory)).await?;
    let directory = directory.ok_or_else(|| missing(&AnchorRecord::head(record.directory)))?;
    let directory = String::from_utf8(directory).map_err(|_| missing("a head of the directory"))?;
    let hashes = way(state, record.index, record.directory).await?;
    let row = Some(record.note.into_bytes());
    let shown = RowProof { row, index: record.index, hashes, checkpoint: &directory };
    let mut files = BTreeMap::from([(PROOF.to_owned(), shown.to_text().into_bytes())]);
    let stamp = get(state, &AnchorRecord::stamp(record.directory)).await?;
    files.extend(stamp.map(|stamp| (TIMESTAMP.to_owned(), stamp)));
    Ok(files)
}

/// Whether an authority stamped the head of the directory in which the log stands.
pub(crate) async fn is_stamped(state: &State, record: &AnchorRecord) -> Result<bool, StoreError> {
    Ok(get(state, &AnchorRecord::stamp(record.directory)).await?.is_some())
}

/// The inclusion proof of a row of the directory.
async fn way(state: &State, index: u64, size: u64) -> Result<Vec<chain::Hash>, StoreError> {
    let mut hashes = TileHashes::default();
    for tile in needed_for_inclusion(index, size) {
        let name = tile.blob_name(FOLDER, 0);
        let bytes = get(state, &name).await?.ok_or_else(|| missing(&name))?;
        hashes.insert(&tile, &bytes).map_err(|error| StoreError::Unreadable(error.to_string()))?;
    }
    proof::inclusion(&hashes, index, size).ok_or_else(|| log::missing(index))
}

async fn get(state: &State, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(state.ports.blobs.get(Bucket::Anchors, name).await?.map(|blob| blob.bytes))
}

fn missing(name: &str) -> StoreError {
    StoreError::Unreadable(format!("{name} is not among the anchors"))
}
