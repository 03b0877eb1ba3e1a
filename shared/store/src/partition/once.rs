//! A batch that is applied exactly once, although answers may be lost.

use ports::{CommitError, Container, PartitionKey, StorageError, Write};

use super::Partition;
use crate::StoreError;

/// How often a batch is tried when storage does not answer.
const ATTEMPTS_MAX: u32 = 4;

impl Partition {
    /// Commits a batch exactly once although answers may be lost: `op_id` is the create-only document by which it is known.
    pub(super) async fn commit_once(
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
                Err(error @ CommitError::Refused { .. }) if attempt > 0 => {
                    match self.is_applied(container, &key, op_id, wanted.as_ref()).await {
                        Ok(true) => return Ok(()),
                        Ok(false) => return Err(error.into()),
                        // It may be this batch itself that is in the way: what became of it is not known.
                        Err(unread) => last = StoreError::Unavailable(unread.to_string()),
                    }
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
}
