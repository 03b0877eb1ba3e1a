//! The receiving side of the queues, as the Functions host has it: whichever backend holds them.

use std::time::Duration;

use async_trait::async_trait;
use ports::{Message, QueueError, QueueName};

/// Why a queue was not read, or a message not settled. Nothing is lost: a message comes again.
#[derive(Debug, thiserror::Error)]
#[error("the queue did not answer")]
pub struct InboxError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl InboxError {
    /// With the backend's own account.
    pub fn new(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(source))
    }
}

/// Takes messages out of queues. Given out at least once, in any order; after five times a message is set aside in `<queue>-poison`.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Sends one message with nobody's rights: for the installer, which starts the first tenant.
    async fn send(&self, queue: QueueName, text: &str) -> Result<(), QueueError>;

    /// Gives out the next message and hides it until `visibility` is over.
    async fn receive(
        &self,
        queue: QueueName,
        visibility: Duration,
    ) -> Result<Option<Message>, InboxError>;

    /// Deletes a message that was worked on; `false` if it was given to someone else meanwhile.
    async fn delete(&self, queue: QueueName, message: &Message) -> Result<bool, InboxError>;

    /// Gives a message back whose processing failed: it comes again after `delay`, or is set aside.
    async fn failed(
        &self,
        queue: QueueName,
        message: &Message,
        delay: Duration,
    ) -> Result<(), InboxError>;
}

#[async_trait]
impl Inbox for local::Queues {
    async fn send(&self, queue: QueueName, text: &str) -> Result<(), QueueError> {
        Self::send(self, queue, text, Duration::ZERO).await
    }

    async fn receive(
        &self,
        queue: QueueName,
        visibility: Duration,
    ) -> Result<Option<Message>, InboxError> {
        Self::receive(self, queue, visibility).await.map_err(InboxError::new)
    }

    async fn delete(&self, queue: QueueName, message: &Message) -> Result<bool, InboxError> {
        Self::delete(self, queue, message).await.map_err(InboxError::new)
    }

    async fn failed(
        &self,
        queue: QueueName,
        message: &Message,
        delay: Duration,
    ) -> Result<(), InboxError> {
        Self::failed(self, queue, message, delay).await.map(|_| ()).map_err(InboxError::new)
    }
}

#[async_trait]
impl Inbox for azure::Queues {
    async fn send(&self, queue: QueueName, text: &str) -> Result<(), QueueError> {
        Self::send(self, queue, text, Duration::ZERO).await
    }

    async fn receive(
        &self,
        queue: QueueName,
        visibility: Duration,
    ) -> Result<Option<Message>, InboxError> {
        Self::receive(self, queue, visibility).await.map_err(InboxError::new)
    }

    async fn delete(&self, queue: QueueName, message: &Message) -> Result<bool, InboxError> {
        Self::delete(self, queue, message).await.map_err(InboxError::new)
    }

    async fn failed(
        &self,
        queue: QueueName,
        message: &Message,
        delay: Duration,
    ) -> Result<(), InboxError> {
        Self::failed(self, queue, message, delay).await.map(|_| ()).map_err(InboxError::new)
    }
}
