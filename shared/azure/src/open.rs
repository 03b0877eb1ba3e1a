//! All ports of one identity.

use std::sync::Arc;

use ports::{Clock, Identity, Ports, Randomness};

use crate::{
    AzureBlobs, AzureDocuments, AzureEvents, AzureKeys, AzureMail, AzureQueue, AzureRemoval,
    OpenError, Settings, VaultSecrets, credential,
};

/// The ports of one identity in Azure.
pub struct Azure {
    ports: Ports,
}

impl Azure {
    /// Connects, and looks whether everything exists that the identity has rights on. Makes nothing.
    ///
    /// # Errors
    /// * [`OpenError`]: what is missing or wrong, and where.
    pub async fn open(
        settings: &Settings,
        identity: Identity,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, OpenError> {
        let credential = credential(&settings.credential)?;
        let who = || Arc::clone(&credential);
        let blobs = AzureBlobs::connect(&settings.storage.blobs, who(), identity)?;
        let queue = AzureQueue::connect(&settings.storage.queues, who(), identity)?;
        let keys = AzureKeys::connect(&settings.vault, who(), identity)?;
        let events = AzureEvents::connect(&settings.topic, who(), identity)?;
        let secrets = VaultSecrets::connect(&settings.vault, who())?;
        let (time, random) = (Arc::clone(&clock), Arc::clone(&randomness));
        let documents = AzureDocuments::connect(&settings.cosmos, who(), identity, time, random);
        let mail = AzureMail::connect(&settings.mail, secrets, identity);
        // One waits for the other nowhere: a start takes as long as the slowest answer.
        let (documents, mail, (), (), ()) = tokio::try_join!(
            async {
                let documents = documents.await?;
                documents.check().await.map(|()| documents)
            },
            mail,
            blobs.check(),
            queue.check(),
            keys.check(),
        )?;
        let (documents, blobs) = (Arc::new(documents), Arc::new(blobs));
        let removal = AzureRemoval::new(Arc::clone(&documents), Arc::clone(&blobs));
        let ports = Ports {
            identity,
            documents,
            blobs,
            removal: Arc::new(removal),
            keys: Arc::new(keys),
            queue: Arc::new(queue),
            events: Arc::new(events),
            mail: Arc::new(mail),
            clock,
            randomness,
        };
        Ok(Self { ports })
    }

    /// Handles that carry the rights of the identity.
    pub fn ports(&self) -> Ports {
        self.ports.clone()
    }
}
