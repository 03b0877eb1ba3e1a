//! One tenant's data, and no one else's.

mod once;
mod reading;
mod settling;
mod views;

use std::sync::Arc;

use domain::{Actor, AuditEvent, EventId, TenantId, Timestamp};
use ports::{Container, Documents, PartitionKey, Queue, Write};

use crate::{
    Carrier, Change, Document, Housekeeping, IntentSource, Prepared, Promise, Promises, Records,
    StoreError,
    document::encode,
    intent::{home, intent_document, promise_of},
};

/// One tenant's data, and no one else's.
#[derive(Clone)]
pub struct Partition {
    documents: Arc<dyn Documents>,
    queue: Arc<dyn Queue>,
    source: Option<Arc<IntentSource>>,
    records: Arc<Records>,
    tenant: TenantId,
    shard: Option<String>,
    epoch: u64,
    promises: Option<Promises>,
}

impl Partition {
    /// The partition of `tenant`. Only `web` opens one, with the tenant of an admitted caller, and [`SystemCap`](crate::SystemCap).
    pub fn open(
        documents: Arc<dyn Documents>,
        queue: Arc<dyn Queue>,
        source: Option<Arc<IntentSource>>,
        records: Arc<Records>,
        tenant: TenantId,
    ) -> Self {
        Self { documents, queue, source, records, tenant, shard: None, epoch: 0, promises: None }
    }

    /// Whose data this is.
    pub fn tenant(&self) -> TenantId {
        self.tenant
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
        if event.personal.is_some() && source.lacks_keeper() {
            if let Some(key) = self.records.keeper().await? {
                source.keeper(key);
            } else {
                tracing::warn!("no app keeps personal details yet; those of this event are lost");
            }
        }
        let mut prepared = source.prepare(self.tenant, actor, at, &event, id)?;
        let mut batch =
            self.signed(container, shard, writes.batch, Some(prepared.promise.event)).await?;
        batch.push(Write::Create(intent_document(&prepared)?));
        let op_id = prepared.promise.event.to_string();
        prepared.number.begin();
        let result = self.commit_once(container, shard, &op_id, batch).await;
        self.wrote(container);
        self.settle(std::slice::from_mut(&mut prepared), &result).await;
        result?;
        if let Some(promises) = &self.promises {
            promises.note(source.promise_line(self.tenant, &prepared.promise)?);
        }
        Ok(prepared.promise)
    }

    /// What was promised when the event with this identity was committed at `place`, as [`Change::place`] says it.
    ///
    /// # Errors
    /// * [`StoreError::NotFound`]: it was not.
    pub async fn promised(
        &self,
        place: Option<(Container, &'static str)>,
        event: EventId,
    ) -> Result<Promise, StoreError> {
        let (container, shard) = place.unwrap_or((home(self.source()?.identity()), "0"));
        let found = self.documents.read(container, &self.key(shard), &event.to_string()).await?;
        let promise = promise_of(event, &found.ok_or(StoreError::NotFound)?.document)?;
        if let Some(promises) = &self.promises {
            promises.note(self.source()?.promise_line(self.tenant, &promise)?);
        }
        Ok(promise)
    }

    /// Signs the intent of an event whose document will carry it.
    ///
    /// # Errors
    /// When this identity writes nothing.
    pub fn prepare(
        &self,
        actor: &Actor,
        at: Timestamp,
        event: &AuditEvent,
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
        let Housekeeping { kind, because, writes } = housekeeping;
        if let Some(refused) = writes.refused {
            return Err(refused);
        }
        let Some((container, shard)) = writes.place else { return Ok(()) };
        tracing::trace!(housekeeping = ?kind, container = container.name());
        let batch = self.signed(container, shard, writes.batch, because).await?;
        let result = self.documents.commit(container, &self.key(shard), batch).await;
        self.wrote(container);
        result?;
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

    /// The batch with its records signed.
    async fn signed(
        &self,
        container: Container,
        shard: &str,
        batch: Vec<Write>,
        event: Option<EventId>,
    ) -> Result<Vec<Write>, StoreError> {
        if container != Container::Access {
            return Ok(batch);
        }
        self.records.recent.forget(self.tenant);
        self.records.seal(&self.key(shard), batch, event).await
    }

    /// After a batch, whatever became of it.
    fn wrote(&self, container: Container) {
        if container == Container::Access {
            self.records.recent.forget(self.tenant);
        }
    }

    pub(crate) fn documents(&self) -> &dyn Documents {
        &*self.documents
    }

    pub(crate) fn records(&self) -> &Records {
        &self.records
    }

    pub(crate) fn source(&self) -> Result<&Arc<IntentSource>, StoreError> {
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
