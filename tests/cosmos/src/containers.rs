//! What Bicep makes in a storage account, made in the counterpart's.

use std::sync::Arc;

use azure::StorageSettings;
use azure_core::{Error, credentials::TokenCredential, http::ClientOptions};
use azure_storage_blob::{BlobServiceClient, BlobServiceClientOptions};
use azure_storage_queue::{QueueServiceClient, QueueServiceClientOptions};
use ports::{Bucket, QueueName};

/// Makes every container of blobs; one that is there already is left as it is.
///
/// # Errors
/// * What the service said.
pub async fn make_containers(
    settings: &StorageSettings,
    credential: Arc<dyn TokenCredential>,
    client_options: ClientOptions,
) -> anyhow::Result<()> {
    let options =
        BlobServiceClientOptions { client_options, ..BlobServiceClientOptions::default() };
    let service = BlobServiceClient::new(settings.blobs.clone(), Some(credential), Some(options))?;
    for bucket in Bucket::ALL {
        let made = service.blob_container_client(bucket.name()).create(None).await;
        unless_there(made.map(|_| ()))?;
    }
    Ok(())
}

/// Makes every queue and its poison queue; one that is there already is left as it is.
///
/// # Errors
/// * What the service said.
pub async fn make_queues(
    settings: &StorageSettings,
    credential: Arc<dyn TokenCredential>,
    client_options: ClientOptions,
) -> anyhow::Result<()> {
    let options =
        QueueServiceClientOptions { client_options, ..QueueServiceClientOptions::default() };
    let service =
        QueueServiceClient::new(settings.queues.clone(), Some(credential), Some(options))?;
    for queue in QueueName::ALL {
        for name in [queue.name().to_owned(), format!("{}-poison", queue.name())] {
            unless_there(service.queue_client(&name)?.create(None).await.map(|_| ()))?;
        }
    }
    Ok(())
}

/// 409: it is there. 403: a real account, where Bicep made it and we may not.
fn unless_there(made: Result<(), Error>) -> Result<(), Error> {
    made.or_else(|error| match error.http_status().map(u16::from) {
        Some(403 | 409) => Ok(()),
        Some(_) | None => Err(error),
    })
}
