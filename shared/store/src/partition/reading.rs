//! What a partition holds: one document, a page of them, or what changed.

use std::sync::Arc;

use domain::Timestamp;
use ports::{Changes, Container, Cursor, Page, PartitionKey, Query, Stored};

use super::Partition;
use crate::{Document, Found, ListOf, Listing, Records, StoreError, document::decode};

impl Partition {
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
        let Some(found) = found else { return Ok(None) };
        match self.opened::<T>(found).await.and_then(|found| decode(&found)).map(Some) {
            Err(StoreError::NotFound) => Ok(None),
            other => other,
        }
    }

    /// As [`find`](Self::find), of a record that guards read; what was read less than five seconds ago is not read again, unless this process
    /// wrote records of the tenant since.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub async fn find_lately<T: Document + Send + Sync + 'static>(
        &self,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<T>>, StoreError> {
        let missing = match self.records.recent.recall(self.tenant, (T::KIND, id), now) {
            Ok(record) => return Ok(Some(record)),
            Err(missing) => missing,
        };
        let Some(found) = self.find::<T>(id).await? else { return Ok(None) };
        let record = Arc::new(found.document);
        self.records.recent.remember(missing, &record, now);
        Ok(Some(record))
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
        let mut documents = Vec::with_capacity(page.documents.len());
        for stored in page.documents {
            documents.push(decode(&self.opened::<T>(stored).await?)?);
        }
        Ok(Listing { documents, next: page.next })
    }

    /// Reads a page of one shard as it is stored, with its keys.
    pub(crate) async fn stored(
        &self,
        container: Container,
        shard: &str,
        query: &Query,
    ) -> Result<Page, StoreError> {
        let key = PartitionKey::new(self.tenant, shard);
        Ok(self.documents.query(container, &key, query).await?)
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

    /// What is inside a record that guards read, verified; any other document as it is.
    async fn opened<T: Document>(&self, stored: Stored) -> Result<Stored, StoreError> {
        if !Records::covers(T::CONTAINER, &stored.document.kind) {
            return Ok(stored);
        }
        let shard = self.shard.as_deref().unwrap_or(T::SHARD);
        self.records.open(self.tenant, shard, stored).await
    }
}
