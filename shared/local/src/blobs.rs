//! Blobs as files: `blobs/<bucket>/<segment>~/<segment>`.
//!
//! A folder's name ends with `~`, which no segment contains, so that `a` and `a/b` can both exist, as they can in Azure.

mod new_blob;

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use ports::{
    BlobError, Blobs, Bucket, Etag, Identity, NewBlob, Randomness, StoredBlob, check_blob_name,
    rights,
};
use sha2::{Digest as _, Sha256};

use crate::{files, store::Parts};

/// The blobs that one identity may reach.
pub(crate) struct LocalBlobs {
    pub(crate) parts: Arc<Parts>,
    pub(crate) identity: Identity,
}

#[async_trait]
impl Blobs for LocalBlobs {
    async fn get(&self, bucket: Bucket, name: &str) -> Result<Option<StoredBlob>, BlobError> {
        rights::read_blobs(self.identity, bucket)?;
        let path = path(&self.parts.blobs, bucket, name)?;
        blocking(move || read(&path)).await
    }

    async fn get_range(
        &self,
        bucket: Bucket,
        name: &str,
        range: Range<u64>,
    ) -> Result<Option<Vec<u8>>, BlobError> {
        rights::read_blobs(self.identity, bucket)?;
        let path = path(&self.parts.blobs, bucket, name)?;
        blocking(move || read_range(&path, range)).await
    }

    async fn put(
        &self,
        bucket: Bucket,
        name: &str,
        bytes: &[u8],
        expected: Option<&Etag>,
    ) -> Result<Etag, BlobError> {
        rights::write_blobs(self.identity, bucket)?;
        if expected.is_some() {
            rights::replace_blobs(bucket)?;
        }
        put(&self.parts, bucket, name, bytes.to_vec(), expected.cloned()).await
    }

    async fn begin(&self, bucket: Bucket, name: &str) -> Result<Box<dyn NewBlob>, BlobError> {
        rights::write_blobs(self.identity, bucket)?;
        let path = path(&self.parts.blobs, bucket, name)?;
        let randomness = Arc::clone(&self.parts.randomness);
        let begun = blocking(move || new_blob::LocalNewBlob::begin(&path, &*randomness)).await?;
        Ok(Box::new(begun))
    }
}

/// Stores a blob, whoever asks: also the way of dead letters, which no app writes.
pub(crate) async fn put(
    parts: &Parts,
    bucket: Bucket,
    name: &str,
    bytes: Vec<u8>,
    expected: Option<Etag>,
) -> Result<Etag, BlobError> {
    let path = path(&parts.blobs, bucket, name)?;
    let lock = parts.blobs.join(bucket.name()).join(".lock");
    let randomness = Arc::clone(&parts.randomness);
    let etag = etag(&bytes);
    let stored = blocking(move || match expected {
        None => files::create(&path, &bytes, &*randomness),
        Some(expected) => replace(&lock, &path, &bytes, &expected, &*randomness),
    });
    if stored.await? { Ok(etag) } else { Err(BlobError::Moved) }
}

/// Removes a blob durably; one that is not there is removed already. With an export goes what writers of exports left who were killed.
pub(crate) async fn remove(parts: &Parts, bucket: Bucket, name: &str) -> Result<(), BlobError> {
    let path = path(&parts.blobs, bucket, name)?;
    blocking(move || {
        files::remove(&path)?;
        match path.parent().filter(|folder| bucket == Bucket::Exports && folder.is_dir()) {
            Some(folder) => files::remove_left_drafts(folder),
            None => Ok(()),
        }
    })
    .await
}

/// Where a blob lies. The name was checked, so that it cannot leave its bucket.
fn path(blobs: &Path, bucket: Bucket, name: &str) -> Result<PathBuf, BlobError> {
    check_blob_name(name)?;
    Ok(blobs.join(bucket.name()).join(name.replace('/', "~/")))
}

fn read(path: &Path) -> io::Result<Option<StoredBlob>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(StoredBlob { etag: etag(&bytes), bytes })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn read_range(path: &Path, range: Range<u64>) -> io::Result<Option<Vec<u8>>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    file.seek(SeekFrom::Start(range.start))?;
    let mut bytes = Vec::new();
    file.take(range.end.saturating_sub(range.start)).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Compares and replaces under a lock that other processes honour too.
fn replace(
    lock: &Path,
    path: &Path,
    bytes: &[u8],
    expected: &Etag,
    randomness: &dyn Randomness,
) -> io::Result<bool> {
    lock.parent().map_or(Ok(()), files::make_folder)?;
    let lock = files::private().create(true).truncate(false).open(lock)?;
    lock.lock()?;
    if read(path)?.is_none_or(|blob| blob.etag != *expected) {
        return Ok(false);
    }
    files::replace(path, bytes, randomness)?;
    Ok(true)
}

fn etag(bytes: &[u8]) -> Etag {
    Etag(hex::encode(Sha256::digest(bytes)))
}

/// Files are megabytes and every write is an fsync or three: not for the threads that answer requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, BlobError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::other)
        .and_then(|done| done)
        .map_err(|error| BlobError::Unavailable(error.to_string()))
}
