//! Queues on SQLite, with both ends.

mod messages;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use ports::{
    Identity, MAX_DEQUEUE_COUNT, MESSAGE_BYTES_MAX, Message, Queue, QueueError, QueueName, rights,
};
use rusqlite::{Connection, params};

use crate::{LocalError, store::Parts};

/// The queues that one identity may send to.
pub(crate) struct LocalQueue {
    pub(crate) parts: Arc<Parts>,
    pub(crate) identity: Identity,
}

#[async_trait]
impl Queue for LocalQueue {
    async fn send(&self, queue: QueueName, text: &str, delay: Duration) -> Result<(), QueueError> {
        rights::send(self.identity, queue)?;
        Queues { parts: Arc::clone(&self.parts) }.send(queue, text, delay).await
    }
}

/// Both ends of every queue.
#[derive(Clone)]
pub struct Queues {
    pub(crate) parts: Arc<Parts>,
}

/// What became of a message whose processing failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Failed {
    /// It is given out again.
    Again,
    /// It failed [`MAX_DEQUEUE_COUNT`] times and lies in the poison queue.
    Poisoned,
    /// It was given to someone else meanwhile, or deleted.
    Lost,
}

impl Queues {
    /// Sends one message durably, with nobody's rights: for the installer, which starts the first tenant.
    ///
    /// # Errors
    /// * [`QueueError::TooLarge`] over 49,152 bytes; [`QueueError::Unavailable`]: sent or not.
    pub async fn send(
        &self,
        queue: QueueName,
        text: &str,
        delay: Duration,
    ) -> Result<(), QueueError> {
        if text.len() > MESSAGE_BYTES_MAX {
            return Err(QueueError::TooLarge(text.len()));
        }
        let (id, text) = (self.parts.name(), text.to_owned());
        let visible_at = self.parts.clock.now().plus(delay).unix_us();
        let insert = move |connection: &Connection| {
            connection
                .prepare_cached(
                    "INSERT INTO messages (id, queue, text, visible_at, dequeue_count, receipt) \
                     VALUES (?1, ?2, ?3, ?4, 0, '')",
                )?
                .execute(params![id, queue.name(), text, visible_at])
        };
        self.parts.write(insert).await?;
        self.parts.arrived();
        Ok(())
    }

    /// Gives out the next message and hides it until `visibility` is over. Asking an empty queue only reads.
    ///
    /// A message that was given out [`MAX_DEQUEUE_COUNT`] times and never deleted goes to the poison queue instead.
    ///
    /// # Errors
    /// * [`LocalError`]: nothing is known; a message may be hidden and comes back.
    pub async fn receive(
        &self,
        queue: QueueName,
        visibility: Duration,
    ) -> Result<Option<Message>, LocalError> {
        let now = self.parts.clock.now();
        let waits = self
            .parts
            .readers
            .read(|connection| Ok(messages::next(connection, queue, now.unix_us())?.is_some()))?;
        if !waits {
            return Ok(None);
        }
        let (receipt, hidden_until) = (self.parts.name(), now.plus(visibility).unix_us());
        self.parts
            .write(move |connection| {
                while let Some((message, count)) = messages::next(connection, queue, now.unix_us())?
                {
                    if count < MAX_DEQUEUE_COUNT {
                        return messages::give_out(connection, message, hidden_until, &receipt)
                            .map(Some);
                    }
                    messages::poison(connection, queue, message, now.unix_us())?;
                }
                Ok(None)
            })
            .await
    }

    /// Deletes a message that was processed; `false` if it was given to someone else meanwhile.
    ///
    /// # Errors
    /// * [`LocalError`]: deleted or not.
    pub async fn delete(&self, queue: QueueName, message: &Message) -> Result<bool, LocalError> {
        let (id, receipt) = (message.id.clone(), message.receipt.clone());
        self.parts
            .write(move |connection| {
                let deleted = connection
                    .prepare_cached(
                        "DELETE FROM messages WHERE id = ?1 AND receipt = ?2 AND queue = ?3",
                    )?
                    .execute(params![id, receipt, queue.name()])?;
                Ok(deleted == 1)
            })
            .await
    }

    /// Gives a message back whose processing failed: it comes again after `delay`, or goes to the poison queue.
    ///
    /// # Errors
    /// * [`LocalError`]: done or not; it comes again when its visibility is over.
    pub async fn failed(
        &self,
        queue: QueueName,
        message: &Message,
        delay: Duration,
    ) -> Result<Failed, LocalError> {
        let (id, receipt) = (message.id.clone(), message.receipt.clone());
        let now = self.parts.clock.now();
        self.parts
            .write(move |connection| {
                let Some((message, count)) = messages::held(connection, queue, &id, &receipt)?
                else {
                    return Ok(Failed::Lost);
                };
                if count >= MAX_DEQUEUE_COUNT {
                    messages::poison(connection, queue, message, now.unix_us())?;
                    return Ok(Failed::Poisoned);
                }
                connection
                    .prepare_cached(
                        "UPDATE messages SET visible_at = ?2, receipt = '' WHERE message = ?1",
                    )?
                    .execute(params![message, now.plus(delay).unix_us()])?;
                Ok(Failed::Again)
            })
            .await
    }

    /// Gives out again at once what a host took and never settled, in every queue; gives the number of messages.
    ///
    /// Only for a host that starts and knows itself to be the only one on this folder: what is reclaimed from a living one is worked on twice.
    ///
    /// # Errors
    /// * [`LocalError`]: done or not; then each message comes again when its visibility is over.
    pub async fn reclaim(&self) -> Result<usize, LocalError> {
        let now = self.parts.clock.now().unix_us();
        self.parts
            .write(move |connection| {
                connection.execute(
                    "UPDATE messages SET visible_at = ?1, receipt = '' WHERE receipt <> ''",
                    [now],
                )
            })
            .await
    }

    /// What lies in `<queue>-poison`, oldest first. Nothing takes it away: a person looks at it.
    ///
    /// # Errors
    /// * [`LocalError`]: nothing was read.
    pub fn poisoned(&self, queue: QueueName, limit: usize) -> Result<Vec<Message>, LocalError> {
        self.parts.readers.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT id, text, dequeue_count, receipt FROM messages WHERE queue = ?1 \
                     ORDER BY visible_at, message LIMIT ?2",
                )?
                .query_map(
                    params![queue.poison(), i64::try_from(limit).unwrap_or(i64::MAX)],
                    messages::message,
                )?
                .collect()
        })
    }
}
