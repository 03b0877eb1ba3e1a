//! Blobs that are written once, and those of the signer's own.

use ports::{BlobError, Blobs, Bucket, Etag};
use serde::{Serialize, de::DeserializeOwned};

use crate::signing::SigningError;

/// Creates a blob. That it exists with the same bytes is as good: somebody was here before and died.
///
/// # Errors
/// * [`SigningError::Differs`]: it exists with other bytes.
pub(crate) async fn create(
    blobs: &dyn Blobs,
    bucket: Bucket,
    name: &str,
    bytes: &[u8],
) -> Result<(), SigningError> {
    match blobs.put(bucket, name, bytes, None).await {
        Ok(_) => Ok(()),
        Err(BlobError::Moved) => match blobs.get(bucket, name).await? {
            Some(there) if there.bytes == bytes => Ok(()),
            Some(_) => {
                Err(SigningError::Differs { name: name.to_owned(), is: "exists with other bytes" })
            }
            None => Err(BlobError::Moved.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Reads a blob that must be there.
///
/// # Errors
/// * [`SigningError::Differs`]: it is not.
pub(crate) async fn get(
    blobs: &dyn Blobs,
    bucket: Bucket,
    name: &str,
) -> Result<Vec<u8>, SigningError> {
    let found = blobs.get(bucket, name).await?;
    let missing = || SigningError::Differs { name: name.to_owned(), is: "is not there" };
    Ok(found.ok_or_else(missing)?.bytes)
}

/// Reads what the signer keeps for itself.
///
/// # Errors
/// * [`SigningError::Unreadable`].
pub(crate) async fn read<T: DeserializeOwned>(
    blobs: &dyn Blobs,
    name: &str,
) -> Result<Option<(T, Etag)>, SigningError> {
    let Some(blob) = blobs.get(Bucket::Checkpoints, name).await? else { return Ok(None) };
    let value = serde_json::from_slice(&blob.bytes);
    let value = value.map_err(|_| SigningError::Unreadable(name.to_owned()))?;
    Ok(Some((value, blob.etag)))
}

/// Writes what the signer keeps for itself; `expected` is the version that it replaces.
///
/// # Errors
/// * [`BlobError::Moved`]: another signer was here.
pub(crate) async fn write<T: Serialize + Sync>(
    blobs: &dyn Blobs,
    name: &str,
    value: &T,
    expected: Option<&Etag>,
) -> Result<Etag, SigningError> {
    let bytes = serde_json::to_vec(value);
    let bytes = bytes.map_err(|_| SigningError::Unreadable(name.to_owned()))?;
    Ok(blobs.put(Bucket::Checkpoints, name, &bytes, expected).await?)
}

/// Writes what the signer keeps for itself and writes once: what is there already stays.
///
/// # Errors
/// When storage fails.
pub(crate) async fn once<T: Serialize + Sync>(
    blobs: &dyn Blobs,
    name: &str,
    value: &T,
) -> Result<(), SigningError> {
    match write(blobs, name, value, None).await {
        Ok(_) | Err(SigningError::Blob(BlobError::Moved)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes what the signer keeps for itself in the place of what it kept before and nobody was shown yet.
///
/// # Errors
/// * [`BlobError::Moved`]: another signer was here.
pub(crate) async fn anew<T: DeserializeOwned + PartialEq + Serialize + Sync>(
    blobs: &dyn Blobs,
    name: &str,
    value: &T,
) -> Result<(), SigningError> {
    match read::<T>(blobs, name).await? {
        Some((there, _)) if there == *value => Ok(()),
        there => {
            let etag = there.map(|(_, etag)| etag);
            write(blobs, name, value, etag.as_ref()).await.map(drop)
        }
    }
}
