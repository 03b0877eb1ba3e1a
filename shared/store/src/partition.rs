//! One tenant's data, and no one else's.

use std::sync::Arc;

use domain::{Actor, EventId, TenantId, Timestamp};
use ports::{
    Changes, CommitError, Container, Cursor, Documents, PartitionKey, Query, Queue, QueueName,
    StorageError, Write,
};

use crate::{
    Carrier, Change, Document, Found, Housekeeping, IntentSource, ListOf, Listing, Prepared,
    Promise, StoreError,
    document::{decode, encode},
    intent::{home, intent_document},
};

/// How often a batch is tried when storage does not answer.
const ATTEMPTS_MAX: u32 = 4;

/// One tenant's data, and no one else's.
#[derive(Clone)]
pub struct Partition {
    documents: Arc<dyn Documents>,
    queue: Arc<dyn Queue>,
    source: Option<Arc<IntentSource>>,
    tenant: TenantId,
    shard: Option<String>,
}

impl Partition {
    /// The partition of `tenant`. Only `web` opens one, with the tenant of an admitted caller, and [`SystemCap`](crate::SystemCap).
    pub fn open(
        documents: Arc<dyn Documents>,
        queue: Arc<dyn Queue>,
        source: Option<Arc<IntentSource>>,
        tenant: TenantId,
    ) -> Self {
        Self { documents, queue, source, tenant, shard: None }
    }

    /// Whose data this is.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The same tenant's data in another shard than the documents' own.
    #[must_use]
    pub fn in_shard(&self, shard: impl Into<String>) -> Self {
        Self { shard: Some(shard.into()), ..self.clone() }
    }

    /// Reads one document.
    ///
    /// # Errors
    /// * [`StoreError::NotFound`] when this tenant has none, whoever else may have one.
    pub async fn get<T: Document>(&self, id: &str) -> Result<Found<T>, StoreError> {
        self.find(id).await?.ok_or(StoreError::NotFound)
    }

    /// Reads one document, if this tenant has it. An id that no document can have is one that it does not have.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn find<T: Document>(&self, id: &str) -> Result<Option<Found<T>>, StoreError> {
        if ports::check_id(id).is_err() {
            return Ok(None);
        }
        let found = self.documents.read(T::CONTAINER, &self.key(T::SHARD), id).await?;
        match found.as_ref().map(decode).transpose() {
            Err(StoreError::NotFound) => Ok(None),
            other => other,
        }
    }

    /// Reads a page of documents of one kind.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn list<T: Document>(&self, of: ListOf) -> Result<Listing<T>, StoreError> {
        let ListOf { k1, k2, descending, after, limit } = of;
        let query = Query {
            kind: T::KIND.to_owned(),
            k1,
            k2,
            descending,
            after,
            limit: limit.clamp(1, 1000),
        };
        let page = self.documents.query(T::CONTAINER, &self.key(T::SHARD), &query).await?;
        let documents = page.documents.iter().map(decode).collect::<Result<_, _>>()?;
        Ok(Listing { documents, next: page.next })
    }

    /// Applies `change` and its audit intent in one batch, both or neither.
    ///
    /// # Errors
    /// * [`StoreError::Exists`], [`StoreError::Conflict`]: a precondition does not hold; nothing was written.
    /// * [`StoreError::Unavailable`]: it may have been applied; the event, if any, is in the log.
    pub async fn commit(
        &self,
        actor: &Actor,
        at: Timestamp,
        change: Change,
    ) -> Result<Promise, StoreError> {
        self.commit_as(None, actor, at, change).await
    }

    /// As [`commit`](Self::commit), with an event identity that a retry repeats: a second commit is [`StoreError::Exists`].
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub async fn commit_as(
        &self,
        id: Option<EventId>,
        actor: &Actor,
        at: Timestamp,
        change: Change,
    ) -> Result<Promise, StoreError> {
        let Change { event, writes } = change;
        if let Some(refused) = writes.refused {
            return Err(refused);
        }
        let source = self.source()?;
        let (container, shard) = writes.place.unwrap_or((home(source.identity()), "0"));
        if let Some(id) = id
            && self.documents.read(container, &self.key(shard), &id.to_string()).await?.is_some()
        {
            // No number for what is refused in any case: whoever repeats himself would have to be declared void as often.
            return Err(StoreError::Exists);
        }
        let mut prepared = source.prepare(self.tenant, actor, at, &event, id)?;
        let mut batch = writes.batch;
        batch.push(Write::Create(intent_document(&prepared)?));
        let op_id = prepared.promise.event.to_string();
        prepared.number.begin();
        let result = self.commit_once(container, shard, &op_id, batch).await;
        self.settle(std::slice::from_mut(&mut prepared), &result).await;
        result.map(|()| prepared.promise)
    }

    /// Signs the intent of an event whose document will carry it.
    ///
    /// # Errors
    /// When this identity writes nothing.
    pub fn prepare(
        &self,
        actor: &Actor,
        at: Timestamp,
        event: &domain::AuditEvent,
    ) -> Result<Prepared, StoreError> {
        self.source()?.prepare(self.tenant, actor, at, event, None)
    }

    /// Creates documents that carry their intents, all or none: at most 98 in one batch.
    ///
    /// # Errors
    /// As [`commit`](Self::commit); on [`StoreError::Exists`] read them to see which.
    pub async fn create_carriers<T: Carrier>(
        &self,
        carriers: Vec<(Prepared, T)>,
    ) -> Result<(), StoreError> {
        let Some(op_id) = carriers.first().map(|(_, first)| first.id()) else { return Ok(()) };
        let encoded = carriers.iter().map(|(_, carrier)| encode(carrier).map(Write::Create));
        let batch = encoded.collect::<Result<_, _>>()?;
        let mut prepared: Vec<_> = carriers.into_iter().map(|(prepared, _)| prepared).collect();
        prepared.iter_mut().for_each(|prepared| prepared.number.begin());
        let result = self.commit_once(T::CONTAINER, T::SHARD, &op_id, batch).await;
        self.settle(&mut prepared, &result).await;
        result
    }

    /// Writes what needs no audit event.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub async fn keep(&self, housekeeping: Housekeeping) -> Result<(), StoreError> {
        let Housekeeping { kind, writes } = housekeeping;
        if let Some(refused) = writes.refused {
            return Err(refused);
        }
        let Some((container, shard)) = writes.place else { return Ok(()) };
        tracing::trace!(housekeeping = ?kind, container = container.name());
        self.documents.commit(container, &self.key(shard), writes.batch).await?;
        Ok(())
    }

    /// Appends a document that is the record itself, and so has no event: commits of the audit log. Create-only.
    ///
    /// # Errors
    /// * [`StoreError::Exists`]: another sealer was first; read it and go on from there.
    pub async fn append<T: Document>(&self, document: &T) -> Result<(), StoreError> {
        if T::CONTAINER != Container::Log {
            return Err(StoreError::Unreadable(format!("{} is not the log", T::CONTAINER.name())));
        }
        self.commit_once(
            T::CONTAINER,
            T::SHARD,
            &document.id(),
            vec![Write::Create(encode(document)?)],
        )
        .await
    }

    /// What changed in one shard of this tenant since `after`. Whatever claims to be another tenant's is left out by the port's contract.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn changes(
        &self,
        container: Container,
        shard: &str,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Changes, StoreError> {
        let key = PartitionKey::new(self.tenant, shard);
        Ok(self.documents.changes(container, &key, after, limit).await?)
    }

    /// Commits a batch exactly once although answers may be lost: `op_id` is the create-only document by which it is known.
    async fn commit_once(
        &self,
        container: Container,
        shard: &str,
        op_id: &str,
        batch: Vec<Write>,
    ) -> Result<(), StoreError> {
        let key = self.key(shard);
        let wanted =
            batch.iter().map(Write::document).find(|document| document.id == op_id).cloned();
        let mut last = StoreError::Unavailable("not tried".to_owned());
        for attempt in 0..ATTEMPTS_MAX {
            match self.documents.commit(container, &key, batch.clone()).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Refused { .. })
                    if attempt > 0
                        && self.is_applied(container, &key, op_id, wanted.as_ref()).await? =>
                {
                    return Ok(());
                }
                Err(CommitError::Storage(StorageError::Unavailable(why))) => {
                    last = StoreError::Unavailable(why);
                }
                // This attempt was not applied; an earlier one may have been.
                Err(CommitError::Storage(StorageError::Throttled)) if attempt > 0 => {}
                Err(error) => return Err(error.into()),
            }
            if matches!(self.is_applied(container, &key, op_id, wanted.as_ref()).await, Ok(true)) {
                return Ok(());
            }
        }
        Err(last)
    }

    /// Whether the document by which a batch is known is there, with the very bytes of this batch.
    async fn is_applied(
        &self,
        container: Container,
        key: &PartitionKey,
        op_id: &str,
        wanted: Option<&ports::NewDocument>,
    ) -> Result<bool, StoreError> {
        let found = self.documents.read(container, key, op_id).await?;
        Ok(found
            .is_some_and(|found| wanted.is_some_and(|wanted| wanted.body == found.document.body)))
    }

    /// After a commit: wakes the sealer, or gives back numbers that will never be seen.
    async fn settle(&self, prepared: &mut [Prepared], result: &Result<(), StoreError>) {
        match result {
            Ok(()) => {
                prepared.iter_mut().for_each(|prepared| prepared.number.stored());
                self.wake().await;
            }
            // It may have been applied: its number stays taken, and the sealer decides.
            Err(StoreError::Unavailable(_)) => {}
            Err(_) => prepared.iter_mut().for_each(|prepared| prepared.number.refused()),
        }
    }

    /// Best effort: a timer sweeps what this misses.
    async fn wake(&self) {
        let Some(delay) = self.source.as_ref().and_then(|source| source.wake_after(self.tenant))
        else {
            return;
        };
        if let Err(error) = self.queue.send(QueueName::Seal, &self.tenant.to_string(), delay).await
        {
            tracing::warn!(error = %error, "the sealer was not woken; its timer will find the intents");
        }
    }

    fn source(&self) -> Result<&Arc<IntentSource>, StoreError> {
        let missing = || {
            StoreError::Unreadable(
                "this identity has no intent key, so it changes nothing".to_owned(),
            )
        };
        self.source.as_ref().ok_or_else(missing)
    }

    fn key(&self, shard: &str) -> PartitionKey {
        PartitionKey::new(self.tenant, self.shard.as_deref().unwrap_or(shard))
    }
}
