//! The second part of a round: its rows become tiles, a signed head, a stamp. Each write is of a new blob, and finding it there is as good.

use chain::{
    Hash,
    checkpoint::Checkpoint,
    ecdsa::EcdsaKey,
    note::Note,
    tile::{
        Content, Tile, TileHashes, Tiler, WIDTH, bundles, decode_entries, encode_entries,
        needed_to_append,
    },
    tree::leaf_hash,
};
use ports::{BlobError, Blobs, Bucket, Etag, KeyPurpose};
use store::{
    AnchorRecord,
    signed::{self, DIRECTORY_KEY, DirectoryKey},
};

use super::{Directory, STATE, origin};
use crate::{State, kept, signing::SigningError, stamping};

/// The folder of the directory among the anchors.
const FOLDER: &str = "directory";

/// Ends the round that `directory` holds. How many rows the directory has.
pub(super) async fn publish(
    state: &State,
    directory: Directory,
    etag: Option<&Etag>,
) -> Result<u64, SigningError> {
    let blobs = &*state.ports.blobs;
    let tiler = write_tiles(blobs, &directory).await?;
    write_entries(blobs, &directory).await?;
    let size = tiler.size();
    let head = head(state, size, tiler.range().root()).await?;
    stamping::stamp(state, &AnchorRecord::stamp(size), &head).await?;
    for (index, leaf) in (directory.size..).zip(&directory.pending) {
        let name = AnchorRecord::blob(leaf.tenant);
        let before = kept::read::<AnchorRecord>(blobs, &name).await?;
        let record = AnchorRecord {
            note: leaf.note.clone(),
            epoch: leaf.epoch,
            size: leaf.size,
            index,
            directory: size,
        };
        kept::write(blobs, &name, &record, before.map(|(_, etag)| etag).as_ref()).await?;
    }
    let edge = tiler.range().edge().to_vec();
    let next = Directory { size, edge, pending: Vec::new(), ..directory };
    kept::write(blobs, STATE, &next, etag).await?;
    Ok(size)
}

/// Writes the hash tiles that the round's rows fill or change.
async fn write_tiles(blobs: &dyn Blobs, directory: &Directory) -> Result<Tiler, SigningError> {
    let mut hashes = TileHashes::default();
    for tile in needed_to_append(directory.size) {
        let bytes = kept::get(blobs, Bucket::Anchors, &name(&tile)).await?;
        hashes.insert(&tile, &bytes).map_err(|_| differs(&tile))?;
    }
    let unreadable = || SigningError::Unreadable(STATE.to_owned());
    let resumed = Tiler::resume(directory.size, &hashes);
    // The tiles are where nothing is replaced, and yet they are compared with what is remembered here.
    let resumed = resumed.filter(|tiler| tiler.range().edge() == directory.edge);
    let mut tiler = resumed.ok_or_else(unreadable)?;
    for leaf in &directory.pending {
        for (tile, bytes) in tiler.push(leaf_hash(leaf.note.as_bytes())) {
            kept::create(blobs, Bucket::Anchors, &name(&tile), &bytes).await?;
        }
    }
    for (tile, bytes) in tiler.partials() {
        kept::create(blobs, Bucket::Anchors, &name(&tile), &bytes).await?;
    }
    Ok(tiler)
}

/// Writes the round's rows, after those that share a bundle with them.
async fn write_entries(blobs: &dyn Blobs, directory: &Directory) -> Result<(), SigningError> {
    let last = bundles(directory.size).last().filter(|tile| tile.width < WIDTH as u64);
    let (mut rows, mut index) = (Vec::new(), directory.size / WIDTH as u64);
    if let Some(last) = last {
        let bytes = kept::get(blobs, Bucket::Anchors, &name(&last)).await?;
        rows.extend(decode_entries(&bytes).flatten().map(<[u8]>::to_vec));
    }
    rows.extend(directory.pending.iter().map(|leaf| leaf.note.clone().into_bytes()));
    for some in rows.chunks(WIDTH) {
        let tile = Tile { content: Content::Entries, index, width: some.len() as u64 };
        let bytes = encode_entries(some).map_err(|_| differs(&tile))?;
        kept::create(blobs, Bucket::Anchors, &name(&tile), &bytes).await?;
        index += 1;
    }
    Ok(())
}

/// The signed head over `size` rows: signed once, by whoever comes first; later ones take it as it is.
async fn head(state: &State, size: u64, root: Hash) -> Result<String, SigningError> {
    let blobs = &*state.ports.blobs;
    let origin = origin(&state.deployment);
    let text = Checkpoint { origin: origin.clone(), size, root }.to_text();
    let name = AnchorRecord::head(size);
    if blobs.get(Bucket::Anchors, &name).await?.is_none() {
        let keys = &state.ports.keys;
        let public = keys.public(KeyPurpose::Directory).await?;
        let key = EcdsaKey::new(&origin, &public.x, &public.y)?;
        let signed = keys.sign(KeyPurpose::Directory, &Hash::of(text.as_bytes()).0).await?;
        // A key that was rotated between the two calls shows here; the next round asks again.
        let note = key.note(&text, &signed.signature)?;
        match blobs.put(Bucket::Anchors, &name, note.as_bytes(), None).await {
            Ok(_) | Err(BlobError::Moved) => {}
            Err(error) => return Err(error.into()),
        }
        tracing::info!(size, key = %key, "the directory of logs has a new head");
        tell(blobs, signed::directory_key_at(public.x, public.y)).await?;
    }
    let note = kept::get(blobs, Bucket::Anchors, &name).await?;
    let is_this = Note::parse(&note).is_ok_and(|note| note.text == text);
    let other = || SigningError::Differs { name: name.clone(), is: "is the head of other rows" };
    let note = String::from_utf8(note).ok().filter(|_| is_this);
    note.ok_or_else(other)
}

/// Says which key signs, for whoever hands keys out to be pinned.
async fn tell(blobs: &dyn Blobs, key: DirectoryKey) -> Result<(), SigningError> {
    let known = kept::read::<DirectoryKey>(blobs, DIRECTORY_KEY).await?;
    let etag = match known {
        Some((known, _)) if known == key => return Ok(()),
        Some((_, etag)) => Some(etag),
        None => None,
    };
    match kept::write(blobs, DIRECTORY_KEY, &key, etag.as_ref()).await {
        // Another round said so.
        Ok(_) | Err(SigningError::Blob(BlobError::Moved)) => Ok(()),
        Err(error) => Err(error),
    }
}

fn name(tile: &Tile) -> String {
    tile.blob_name(FOLDER, 0)
}

fn differs(tile: &Tile) -> SigningError {
    SigningError::Differs { name: name(tile), is: "is not a tile of the directory" }
}
