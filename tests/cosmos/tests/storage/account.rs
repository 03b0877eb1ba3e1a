//! A storage account of one test.

use std::sync::Arc;

use azure::{AzureBlobs, AzureQueue, CredentialSettings, Queues, StorageSettings, credential};
use azure_core::{Uuid, credentials::TokenCredential, http::ClientOptions};
use azure_counterparts::{
    containers::{make_containers, make_queues},
    found,
    identity::{self, Trouble},
};
use ports::Identity;

pub(crate) fn credential_of(identity: Identity) -> Arc<dyn TokenCredential> {
    credential(&found::credential(identity)).unwrap()
}

/// Account `number` with every container and queue.
pub(crate) async fn account(number: u32) -> StorageSettings {
    let settings = found::storage(number).unwrap();
    let credential = credential_of(Identity::Audit);
    make_containers(&settings, Arc::clone(&credential), ClientOptions::default()).await.unwrap();
    make_queues(&settings, credential, ClientOptions::default()).await.unwrap();
    settings
}

pub(crate) fn blobs(settings: &StorageSettings, identity: Identity) -> AzureBlobs {
    AzureBlobs::connect(&settings.blobs, credential_of(identity), identity).unwrap()
}

pub(crate) fn queue(settings: &StorageSettings, identity: Identity) -> AzureQueue {
    AzureQueue::connect(&settings.queues, credential_of(identity), identity).unwrap()
}

pub(crate) fn queues(settings: &StorageSettings) -> Queues {
    Queues::connect(&settings.queues, credential_of(Identity::Audit)).unwrap()
}

/// An identity that only this test knows, which the stand-in can be told to treat badly.
pub(crate) struct Troubled(String);

impl Troubled {
    pub(crate) async fn new(trouble: Trouble) -> Self {
        let troubled = Self(Uuid::new_v4().to_string());
        troubled.give(trouble).await;
        troubled
    }

    pub(crate) async fn give(&self, trouble: Trouble) {
        let endpoint = found::url("IDENTITY_ENDPOINT").unwrap();
        let header = found::setting("IDENTITY_HEADER").unwrap();
        identity::give(&endpoint, &header, &self.0, trouble).await.unwrap();
    }

    pub(crate) fn credential(&self) -> Arc<dyn TokenCredential> {
        credential(&CredentialSettings::ManagedIdentity(Some(self.0.clone()))).unwrap()
    }
}
