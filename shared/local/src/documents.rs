//! Documents on SQLite.

pub(crate) mod commit;
mod feeds;
mod query;
mod row;

use std::sync::Arc;

use async_trait::async_trait;
use ports::{
    Action, Changes, CommitError, Container, Cursor, Dirty, Documents, Etag, Identity, Page,
    PartitionKey, Query, StorageError, Stored, Write, check_batch, rights,
};

use crate::store::Parts;

/// The documents that one identity may reach.
pub(crate) struct LocalDocuments {
    pub(crate) parts: Arc<Parts>,
    pub(crate) identity: Identity,
}

impl LocalDocuments {
    fn allow(&self, container: Container, action: Action) -> Result<(), StorageError> {
        rights::documents(self.identity, container, action)
    }

    fn now(&self) -> i64 {
        self.parts.clock.now().unix_us()
    }
}

#[async_trait]
impl Documents for LocalDocuments {
    async fn read(
        &self,
        container: Container,
        partition: &PartitionKey,
        id: &str,
    ) -> Result<Option<Stored>, StorageError> {
        self.allow(container, Action::Read)?;
        let now = self.now();
        Ok(self
            .parts
            .readers
            .read(|connection| query::read(connection, container, partition, id, now))?)
    }

    async fn query(
        &self,
        container: Container,
        partition: &PartitionKey,
        query: &Query,
    ) -> Result<Page, StorageError> {
        self.allow(container, Action::Query)?;
        let now = self.now();
        Ok(self
            .parts
            .readers
            .read(|connection| query::page(connection, container, partition, query, now))?)
    }

    async fn commit(
        &self,
        container: Container,
        partition: &PartitionKey,
        writes: Vec<Write>,
    ) -> Result<Vec<Etag>, CommitError> {
        for write in &writes {
            let action = match write {
                Write::Create(_) => Action::Create,
                Write::Replace(..) => Action::Replace,
            };
            self.allow(container, action)?;
        }
        check_batch(&writes).map_err(StorageError::from)?;
        let (partition, now) = (partition.clone(), self.now());
        let bytes = writes.iter().map(|write| write.document().body.len()).sum();
        self.parts
            .writer
            .run(bytes, move |connection, sequence| {
                commit::apply(connection, sequence, container, &partition, &writes, now)
            })
            .await?
            .map_err(|(index, refusal)| CommitError::Refused { index, refusal })
    }

    async fn changes(
        &self,
        container: Container,
        partition: &PartitionKey,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Changes, StorageError> {
        self.allow(container, Action::ChangeFeed)?;
        let (place, now) = (feeds::place(after), self.now());
        Ok(self.parts.readers.read(|connection| {
            feeds::changes(connection, container, partition, place, limit, now)
        })?)
    }

    async fn dirty(
        &self,
        container: Container,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Dirty, StorageError> {
        self.allow(container, Action::ChangeFeed)?;
        let place = feeds::place(after);
        Ok(self
            .parts
            .readers
            .read(|connection| feeds::dirty(connection, container, place, limit))?)
    }
}
