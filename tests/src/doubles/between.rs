//! What stands between a caller and its documents.

use std::ops::Deref;

use async_trait::async_trait;
use ports::{
    Changes, CommitError, Container, Cursor, Dirty, Documents, Etag, Page, PartitionKey, Query,
    StorageError, Stored, Write,
};

/// What is asked for, other than a commit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asked {
    /// A point read.
    Read,
    /// A page.
    Query,
    /// A page of a feed.
    Changes,
    /// A page of changed partitions.
    Dirty,
}

/// What a double does that others do not: whatever it leaves out is passed on.
#[async_trait]
pub trait Between: Send + Sync {
    /// The documents behind it.
    fn inner(&self) -> &dyn Documents;

    /// Before anything is read.
    ///
    /// # Errors
    /// What is answered instead.
    fn before(&self, _asked: Asked) -> Result<(), StorageError> {
        Ok(())
    }

    /// Meanwhile others may go on, if it says so.
    async fn pause(&self, _asked: Asked) {}

    /// Instead of a commit.
    async fn commit(
        &self,
        container: Container,
        partition: &PartitionKey,
        writes: Vec<Write>,
    ) -> Result<Vec<Etag>, CommitError> {
        self.inner().commit(container, partition, writes).await
    }
}

/// Documents with `T` in between.
pub struct Through<T>(pub T);

impl<T> Deref for Through<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[async_trait]
impl<T: Between> Documents for Through<T> {
    async fn read(
        &self,
        container: Container,
        partition: &PartitionKey,
        id: &str,
    ) -> Result<Option<Stored>, StorageError> {
        self.before(Asked::Read)?;
        self.inner().read(container, partition, id).await
    }

    async fn query(
        &self,
        container: Container,
        partition: &PartitionKey,
        query: &Query,
    ) -> Result<Page, StorageError> {
        self.before(Asked::Query)?;
        self.pause(Asked::Query).await;
        self.inner().query(container, partition, query).await
    }

    async fn commit(
        &self,
        container: Container,
        partition: &PartitionKey,
        writes: Vec<Write>,
    ) -> Result<Vec<Etag>, CommitError> {
        Between::commit(&self.0, container, partition, writes).await
    }

    async fn changes(
        &self,
        container: Container,
        partition: &PartitionKey,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Changes, StorageError> {
        self.before(Asked::Changes)?;
        self.inner().changes(container, partition, after, limit).await
    }

    async fn dirty(
        &self,
        container: Container,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Dirty, StorageError> {
        self.before(Asked::Dirty)?;
        self.inner().dirty(container, after, limit).await
    }
}
