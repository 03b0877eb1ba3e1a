//! Blobs in Blob Storage: one block blob each, in the container that has the bucket's name.

mod new_blob;

use std::{collections::HashMap, ops::Range, sync::Arc};

use async_trait::async_trait;
use azure_core::{
    Error, Uuid,
    credentials::TokenCredential,
    http::{Etag as AzureEtag, RequestContent},
};
use azure_storage_blob::{
    BlobClient, BlobServiceClient, BlobServiceClientOptions,
    models::{
        BlobClientDownloadOptions, BlobClientGetPropertiesResultHeaders as _,
        BlobClientUploadOptions,
    },
};
use ports::{
    BLOB_RIGHTS, BlobError, Blobs, Bucket, Etag, Identity, NewBlob, StoredBlob, check_blob_name,
    rights,
};
use url::Url;

use crate::{
    OpenError,
    endpoint::checked,
    error::{Answer, error_code, place, reason},
    retry::client_options,
};

/// A blob's metadata: which write stored it. Tells our own write, whose answer was lost, from somebody else's.
const WRITE: &str = "write";

/// No blob of ours can have this name: to ask whether its container exists takes no right but to read blobs.
const NO_BLOB: &str = ".none";

/// The blobs that one identity may reach.
#[derive(Clone)]
pub struct AzureBlobs {
    service: Arc<BlobServiceClient>,
    endpoint: Url,
    identity: Identity,
}

impl AzureBlobs {
    /// Over the blob endpoint of a storage account, such as `https://proofline.blob.core.windows.net/`. Asks nobody yet.
    ///
    /// # Errors
    /// * [`OpenError::Differs`] for an endpoint without https: a token is never sent in the clear.
    pub fn connect(
        endpoint: &Url,
        credential: Arc<dyn TokenCredential>,
        identity: Identity,
    ) -> Result<Self, OpenError> {
        let endpoint = checked(endpoint, "the blob endpoint")?;
        let options = BlobServiceClientOptions {
            client_options: client_options()?,
            ..BlobServiceClientOptions::default()
        };
        let service = BlobServiceClient::new(endpoint.clone(), Some(credential), Some(options))
            .map_err(|error| OpenError::from_answer(&endpoint, "blob storage", &error))?;
        Ok(Self { service: Arc::new(service), endpoint, identity })
    }

    /// Looks whether every container exists that this identity has rights on.
    ///
    /// # Errors
    /// * [`OpenError`]: the first that does not, or why nothing is known.
    pub async fn check(&self) -> Result<(), OpenError> {
        for (_, bucket, ..) in BLOB_RIGHTS.iter().filter(|row| row.0 == self.identity) {
            let answer = self.client(*bucket, NO_BLOB).get_properties(None).await;
            match answer {
                Err(error) if !no_such_blob(&error) => {
                    let what = format!("blob container {}", bucket.name());
                    return Err(OpenError::from_answer(&self.endpoint, &what, &error));
                }
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }

    fn client(&self, bucket: Bucket, name: &str) -> BlobClient {
        self.service.blob_container_client(bucket.name()).blob_client(name)
    }

    fn failed(&self, bucket: Bucket, verb: &str, error: &Error) -> BlobError {
        let (place, bucket) = (place(&self.endpoint), bucket.name());
        match Answer::of(error) {
            Answer::Denied => BlobError::Denied(format!("{verb} {bucket}: {}", reason(error))),
            Answer::Missing => BlobError::Unavailable(format!(
                "{place} has no blob container {bucket}; the deployment makes it"
            )),
            Answer::NoToken => {
                BlobError::Unavailable(format!("no token for {place}: {}", reason(error)))
            }
            Answer::Conflict | Answer::Refused | Answer::None => {
                BlobError::Unavailable(format!("{place}: {}", reason(error)))
            }
        }
    }

    /// Removes a blob; one that is not there is removed already.
    ///
    /// # Errors
    /// * [`BlobError::Denied`], [`BlobError::Name`], [`BlobError::Unavailable`].
    pub async fn remove(&self, bucket: Bucket, name: &str) -> Result<(), BlobError> {
        rights::remove_blobs(self.identity, bucket)?;
        check_blob_name(name)?;
        match self.client(bucket, name).delete(None).await {
            Ok(_) => Ok(()),
            Err(error) if no_such_blob(&error) => Ok(()),
            Err(error) => Err(self.failed(bucket, "remove from", &error)),
        }
    }

    /// A write was refused because of the version that is there: ours, if the answer to it was lost and the SDK sent it again.
    async fn refused(
        &self,
        bucket: Bucket,
        blob: &BlobClient,
        write: &str,
    ) -> Result<Etag, BlobError> {
        let there = match blob.get_properties(None).await {
            Ok(there) => there,
            Err(error) if no_such_blob(&error) => return Err(BlobError::Moved),
            Err(error) => return Err(self.failed(bucket, "read from", &error)),
        };
        let unreadable = |error: Error| self.failed(bucket, "read from", &error);
        let metadata = there.metadata().map_err(unreadable)?;
        if metadata.get(WRITE).is_none_or(|stored| stored != write) {
            return Err(BlobError::Moved);
        }
        etag(there.etag().map_err(unreadable)?)
    }
}

#[async_trait]
impl Blobs for AzureBlobs {
    async fn get(&self, bucket: Bucket, name: &str) -> Result<Option<StoredBlob>, BlobError> {
        rights::read_blobs(self.identity, bucket)?;
        check_blob_name(name)?;
        let failed = |error: Error| self.failed(bucket, "read from", &error);
        let blob = match self.client(bucket, name).download(None).await {
            Ok(blob) => blob,
            Err(error) if no_such_blob(&error) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let etag = etag(blob.properties.etag)?;
        let bytes = blob.body.collect().await.map_err(failed)?;
        Ok(Some(StoredBlob { bytes: bytes.to_vec(), etag }))
    }

    async fn get_range(
        &self,
        bucket: Bucket,
        name: &str,
        range: Range<u64>,
    ) -> Result<Option<Vec<u8>>, BlobError> {
        rights::read_blobs(self.identity, bucket)?;
        check_blob_name(name)?;
        let failed = |error: Error| self.failed(bucket, "read from", &error);
        let options = BlobClientDownloadOptions {
            range: Some(range.into()),
            ..BlobClientDownloadOptions::default()
        };
        match self.client(bucket, name).download(Some(options)).await {
            Ok(blob) => Ok(Some(blob.body.collect().await.map_err(failed)?.to_vec())),
            Err(error) if no_such_blob(&error) => Ok(None),
            // It begins behind the blob's end.
            Err(error) if error_code(&error) == Some("InvalidRange") => Ok(Some(Vec::new())),
            Err(error) => Err(failed(error)),
        }
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
        check_blob_name(name)?;
        // Unique and no secret: it is compared with itself alone.
        let write = Uuid::new_v4().simple().to_string();
        let blob = self.client(bucket, name);
        let content = RequestContent::from(bytes.to_vec());
        match blob.upload(content, Some(only_if(expected, &write))).await {
            Ok(stored) => etag(stored.etag),
            Err(error) if refused_for_its_version(&error) => {
                self.refused(bucket, &blob, &write).await
            }
            Err(error) => Err(self.failed(bucket, "write to", &error)),
        }
    }

    async fn begin(&self, bucket: Bucket, name: &str) -> Result<Box<dyn NewBlob>, BlobError> {
        rights::write_blobs(self.identity, bucket)?;
        check_blob_name(name)?;
        Ok(Box::new(new_blob::AzureNewBlob::begin(self.clone(), bucket, name)))
    }
}

fn only_if(expected: Option<&Etag>, write: &str) -> BlobClientUploadOptions<'static> {
    let options = BlobClientUploadOptions {
        if_match: expected.map(|etag| AzureEtag::from(etag.0.clone())),
        metadata: Some(HashMap::from([(WRITE.to_owned(), write.to_owned())])),
        ..BlobClientUploadOptions::default()
    };
    if expected.is_none() { options.if_not_exists() } else { options }
}

/// 409 and 412; 404 for a version of what is not there; and blocks that were staged for a blob which somebody else committed meanwhile.
fn refused_for_its_version(error: &Error) -> bool {
    Answer::of(error) == Answer::Conflict
        || no_such_blob(error)
        || error_code(error) == Some("InvalidBlockList")
}

fn no_such_blob(error: &Error) -> bool {
    error_code(error) == Some("BlobNotFound")
}

fn etag(etag: Option<AzureEtag>) -> Result<Etag, BlobError> {
    etag.map(|etag| Etag(etag.to_string()))
        .ok_or_else(|| BlobError::Unavailable("the answer has no ETag".to_owned()))
}
