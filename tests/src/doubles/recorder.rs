//! Ports that remember which rights were used.

use std::{
    collections::BTreeSet,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use ports::{
    Action, BlobError, Blobs, Bucket, Changes, CommitError, Container, Cursor, Dirty, Documents,
    Etag, Events, Identity, KeptKey, KeyError, KeyPurpose, Keys, Letter, Mail, MailError, NewBlob,
    OwnKey, Page, PartitionKey, Ports, PublishError, Query, Queue, QueueError, QueueName, Removal,
    StorageError, StoreSignature, Stored, Write,
};
use secrecy::SecretSlice;

/// One thing that one identity may do, as the tables of `ports` grant it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Right {
    /// To documents.
    Documents(Identity, Container, Action),
    /// To read blobs.
    ReadBlobs(Identity, Bucket),
    /// To write blobs.
    WriteBlobs(Identity, Bucket),
    /// To remove documents.
    RemoveDocuments(Identity, Container),
    /// To remove blobs.
    RemoveBlobs(Identity, Bucket),
    /// To use a key: to wrap and unwrap, or to sign when it is a kept one.
    Key(Identity, KeyPurpose),
    /// To send to a queue.
    Send(Identity, QueueName),
    /// To publish to the internal topic.
    Publish(Identity),
    /// To send letters.
    Mail(Identity),
}

/// Remembers every right that was used through the ports that it [wraps](Self::wrap), whatever came of it.
///
/// What was refused for lack of a right is remembered too: nobody may so much as try.
#[derive(Clone, Default)]
pub struct Recorder {
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    rights: BTreeSet<Right>,
    expiring: BTreeSet<Container>,
}

impl Recorder {
    /// The same ports, watched.
    pub fn wrap(&self, ports: Ports) -> Ports {
        let identity = ports.identity;
        let watch = || Watch { recorder: self.clone(), identity };
        Ports {
            documents: Arc::new(Recorded { inner: ports.documents, watch: watch() }),
            blobs: Arc::new(Recorded { inner: ports.blobs, watch: watch() }),
            removal: Arc::new(Recorded { inner: ports.removal, watch: watch() }),
            keys: Arc::new(Recorded { inner: ports.keys, watch: watch() }),
            queue: Arc::new(Recorded { inner: ports.queue, watch: watch() }),
            events: Arc::new(Recorded { inner: ports.events, watch: watch() }),
            mail: Arc::new(Recorded { inner: ports.mail, watch: watch() }),
            ..ports
        }
    }

    /// Which rights were used.
    pub fn rights(&self) -> BTreeSet<Right> {
        self.with(|seen| seen.rights.clone())
    }

    /// Containers to which documents were written that expire.
    pub fn expiring(&self) -> BTreeSet<Container> {
        self.with(|seen| seen.expiring.clone())
    }

    fn with<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Watch {
    recorder: Recorder,
    identity: Identity,
}

impl Watch {
    fn saw(&self, right: Right) {
        self.recorder.with(|seen| seen.rights.insert(right));
    }

    fn did(&self, container: Container, action: Action) {
        self.saw(Right::Documents(self.identity, container, action));
    }

    fn wrote(&self, container: Container, write: &Write) {
        self.did(
            container,
            match write {
                Write::Create(_) => Action::Create,
                Write::Replace(..) => Action::Replace,
            },
        );
        if write.document().expires_at.is_some() {
            self.recorder.with(|seen| seen.expiring.insert(container));
        }
    }

    fn used(&self, purpose: KeyPurpose) {
        self.saw(Right::Key(self.identity, purpose));
    }
}

struct Recorded<P: ?Sized> {
    inner: Arc<P>,
    watch: Watch,
}

#[async_trait]
impl Documents for Recorded<dyn Documents> {
    async fn read(
        &self,
        container: Container,
        partition: &PartitionKey,
        id: &str,
    ) -> Result<Option<Stored>, StorageError> {
        self.watch.did(container, Action::Read);
        self.inner.read(container, partition, id).await
    }

    async fn query(
        &self,
        container: Container,
        partition: &PartitionKey,
        query: &Query,
    ) -> Result<Page, StorageError> {
        self.watch.did(container, Action::Query);
        self.inner.query(container, partition, query).await
    }

    async fn commit(
        &self,
        container: Container,
        partition: &PartitionKey,
        writes: Vec<Write>,
    ) -> Result<Vec<Etag>, CommitError> {
        for write in &writes {
            self.watch.wrote(container, write);
        }
        self.inner.commit(container, partition, writes).await
    }

    async fn changes(
        &self,
        container: Container,
        partition: &PartitionKey,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Changes, StorageError> {
        self.watch.did(container, Action::ChangeFeed);
        self.inner.changes(container, partition, after, limit).await
    }

    async fn dirty(
        &self,
        container: Container,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Dirty, StorageError> {
        self.watch.did(container, Action::ChangeFeed);
        self.inner.dirty(container, after, limit).await
    }
}

#[async_trait]
impl Blobs for Recorded<dyn Blobs> {
    async fn get(
        &self,
        bucket: Bucket,
        name: &str,
    ) -> Result<Option<ports::StoredBlob>, BlobError> {
        self.watch.saw(Right::ReadBlobs(self.watch.identity, bucket));
        self.inner.get(bucket, name).await
    }

    async fn get_range(
        &self,
        bucket: Bucket,
        name: &str,
        range: Range<u64>,
    ) -> Result<Option<Vec<u8>>, BlobError> {
        self.watch.saw(Right::ReadBlobs(self.watch.identity, bucket));
        self.inner.get_range(bucket, name, range).await
    }

    async fn put(
        &self,
        bucket: Bucket,
        name: &str,
        bytes: &[u8],
        expected: Option<&Etag>,
    ) -> Result<Etag, BlobError> {
        self.watch.saw(Right::WriteBlobs(self.watch.identity, bucket));
        self.inner.put(bucket, name, bytes, expected).await
    }

    async fn begin(&self, bucket: Bucket, name: &str) -> Result<Box<dyn NewBlob>, BlobError> {
        self.watch.saw(Right::WriteBlobs(self.watch.identity, bucket));
        self.inner.begin(bucket, name).await
    }
}

#[async_trait]
impl Removal for Recorded<dyn Removal> {
    async fn remove_documents(
        &self,
        container: Container,
        partition: &PartitionKey,
        ids: &[String],
    ) -> Result<u64, StorageError> {
        self.watch.saw(Right::RemoveDocuments(self.watch.identity, container));
        self.inner.remove_documents(container, partition, ids).await
    }

    async fn remove_blob(&self, bucket: Bucket, name: &str) -> Result<(), BlobError> {
        self.watch.saw(Right::RemoveBlobs(self.watch.identity, bucket));
        self.inner.remove_blob(bucket, name).await
    }
}

#[async_trait]
impl Keys for Recorded<dyn Keys> {
    async fn wrap(&self, purpose: KeyPurpose, material: &[u8; 32]) -> Result<Vec<u8>, KeyError> {
        self.watch.used(purpose);
        self.inner.wrap(purpose, material).await
    }

    async fn unwrap(
        &self,
        purpose: KeyPurpose,
        wrapped: &[u8],
    ) -> Result<SecretSlice<u8>, KeyError> {
        self.watch.used(purpose);
        self.inner.unwrap(purpose, wrapped).await
    }

    async fn is_current(
        &self,
        purpose: KeyPurpose,
        own: Option<OwnKey<'_>>,
        wrapped: &[u8],
    ) -> Result<bool, KeyError> {
        self.watch.used(purpose);
        self.inner.is_current(purpose, own, wrapped).await
    }

    async fn wrap_by(
        &self,
        purpose: KeyPurpose,
        own: OwnKey<'_>,
        material: &[u8; 32],
    ) -> Result<Vec<u8>, KeyError> {
        self.watch.used(purpose);
        self.inner.wrap_by(purpose, own, material).await
    }

    async fn unwrap_by(
        &self,
        purpose: KeyPurpose,
        own: OwnKey<'_>,
        wrapped: &[u8],
    ) -> Result<SecretSlice<u8>, KeyError> {
        self.watch.used(purpose);
        self.inner.unwrap_by(purpose, own, wrapped).await
    }

    async fn sign(
        &self,
        purpose: KeyPurpose,
        digest: &[u8; 32],
    ) -> Result<StoreSignature, KeyError> {
        self.watch.used(purpose);
        self.inner.sign(purpose, digest).await
    }

    async fn public(&self, purpose: KeyPurpose) -> Result<KeptKey, KeyError> {
        self.watch.used(purpose);
        self.inner.public(purpose).await
    }
}

#[async_trait]
impl Queue for Recorded<dyn Queue> {
    async fn send(&self, queue: QueueName, text: &str, delay: Duration) -> Result<(), QueueError> {
        self.watch.saw(Right::Send(self.watch.identity, queue));
        self.inner.send(queue, text, delay).await
    }
}

#[async_trait]
impl Events for Recorded<dyn Events> {
    async fn publish(&self, cloud_event: &str) -> Result<(), PublishError> {
        self.watch.saw(Right::Publish(self.watch.identity));
        self.inner.publish(cloud_event).await
    }
}

#[async_trait]
impl Mail for Recorded<dyn Mail> {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        self.watch.saw(Right::Mail(self.watch.identity));
        self.inner.send(letter).await
    }
}
