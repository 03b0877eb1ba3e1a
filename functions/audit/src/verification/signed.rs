//! What the rows are measured by: the signed head, its tiles, and what witnesses saw.

use chain::{
    Hash,
    checkpoint::Checkpoint,
    commit::Head,
    note::{Note, VerifierKey},
    proof::{self, ProofError, Subtrees},
    report::{Finding, Kind},
    tile::{
        Content, Tile, TileError, TileHashes, WIDTH, needed_for_consistency, needed_for_inclusion,
    },
    tree::CompactRange,
};
use ports::Bucket;
use store::{Alarm, Partition, SignedHead, StoreError, kept, log};

use super::VerificationError;
use crate::{State, export::ExportError};

const WIDTH_U64: u64 = WIDTH as u64;

/// A head whose signature was checked, and the tree under it.
pub(super) struct Signed<'a> {
    state: &'a State,
    log: &'a Partition,
    pub(super) head: Checkpoint,
}

/// What made the signer refuse the log, if something did.
pub(super) async fn refusal(
    state: &State,
    log: &Partition,
) -> Result<Option<Finding>, VerificationError> {
    let alarm = Alarm::read(&*state.ports.blobs, log.tenant(), log.epoch()).await?;
    Ok(alarm.map(|Alarm { expected, found, what, .. }| {
        Finding::of(Kind::Root, expected, format!("{found} ({what})"))
    }))
}

/// What was signed last of the epoch, be it over or not; unchecked.
pub(super) async fn last(state: &State, log: &Partition) -> Result<Option<SignedHead>, StoreError> {
    let blobs = &*state.ports.blobs;
    let Some((current, _)) = SignedHead::read(blobs, log.tenant()).await? else { return Ok(None) };
    kept::head_of(blobs, log, &current, log.epoch()).await
}

/// The last signed head; none when nothing is signed yet. `Err` inside when something is wrong with it.
pub(super) async fn head<'a>(
    state: &'a State,
    log: &'a Partition,
) -> Result<Result<Option<Signed<'a>>, Finding>, VerificationError> {
    let tenant = log.tenant();
    let Some(signed) = last(state, log).await? else { return Ok(Ok(None)) };
    let origin = state.origin(tenant, log.epoch());
    let key = state.log_key(&signed).await.map_err(ExportError::from)?;
    let head = match key {
        Some(key) => {
            read(&signed.note, &VerifierKey::new(&origin, key).map_err(ExportError::from)?)
        }
        None => Err("the log's key is not known".to_owned()),
    };
    Ok(match head {
        Ok(head) => Ok(Some(Signed { state, log, head })),
        Err(why) => Err(Finding::of(Kind::Signature, format!("a head signed by {origin}"), why)),
    })
}

fn read(note: &str, key: &VerifierKey) -> Result<Checkpoint, String> {
    let note = Note::parse(note.as_bytes()).map_err(|error| error.to_string())?;
    note.verify(std::slice::from_ref(key)).map_err(|error| error.to_string())?;
    let head = Checkpoint::parse(note.text).map_err(|error| error.to_string())?;
    if head.origin == key.name() { Ok(head) } else { Err(format!("the head of {}", head.origin)) }
}

impl Signed<'_> {
    /// Whether a tree of `size` rows with this root is how the signed tree begins.
    pub(super) async fn begins_with(
        &self,
        size: u64,
        root: Hash,
    ) -> Result<bool, VerificationError> {
        let mut hashes = TileHashes::default();
        for tile in needed_for_consistency(size, self.head.size) {
            // A tile that is missing or another makes no proof.
            let bytes = self.tile(&tile).await?.unwrap_or_default();
            if hashes.insert(&tile, &bytes).is_err() {
                return Ok(false);
            }
        }
        let proof = proof::consistency(&hashes, size, self.head.size);
        let checked = proof.ok_or(ProofError::Length).and_then(|proof| {
            proof::check_consistency(size, root, self.head.size, self.head.root, &proof)
        });
        Ok(checked.is_ok())
    }

    /// The end of the log after its first `size` rows, by the tree's tiles. They are taken at their word: that the signed tree begins like this is to be
    /// proved. When the last of those rows was sealed is not said.
    pub(super) async fn head_after(&self, size: u64) -> Result<Head, VerificationError> {
        let mut hashes = TileHashes::default();
        // Beside the way from row `size` to the root lie the subtrees of all rows before it.
        for tile in needed_for_inclusion(size, self.head.size) {
            let bytes = self.tile(&tile).await?.unwrap_or_default();
            let wrong = |error: TileError| StoreError::Unreadable(error.to_string());
            hashes.insert(&tile, &bytes).map_err(wrong)?;
        }
        let heights = (0..u64::BITS).rev().filter(|height| (size >> height) & 1 == 1);
        let edge = heights.map(|height| hashes.subtree(height, (size >> height) - 1));
        let edge = edge.collect::<Option<_>>().ok_or_else(|| log::missing(size))?;
        let tree = CompactRange::new(size, edge).map_err(|_| log::missing(size))?;
        let last = size.saturating_sub(1);
        let leaves = self.leaves(last / WIDTH_U64).await?;
        let last = leaves.last().copied().ok_or_else(|| log::missing(last))?;
        Ok(Head { last, tree, ..Head::default() })
    }

    /// The hash that the signed tree's tiles have for a row. They are taken at their word: good for naming a row, not for proving it.
    pub(super) async fn leaves(&self, index: u64) -> Result<Vec<Hash>, VerificationError> {
        let start = index * WIDTH_U64;
        if start >= self.head.size {
            return Ok(Vec::new());
        }
        let width = WIDTH_U64.min(self.head.size - start);
        let tile = Tile { content: Content::Hashes { level: 0 }, index, width };
        let bytes = self.tile(&tile).await?.unwrap_or_default();
        Ok(chain::tile::decode_hashes(&bytes).map(Iterator::collect).unwrap_or_default())
    }

    async fn tile(&self, tile: &Tile) -> Result<Option<Vec<u8>>, VerificationError> {
        let name = tile.blob_name(&self.log.tenant().to_string(), self.log.epoch());
        let blob = self.state.ports.blobs.get(Bucket::Tiles, &name).await;
        Ok(blob.map_err(StoreError::from)?.map(|blob| blob.bytes))
    }
}
