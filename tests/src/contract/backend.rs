//! What a check needs from whoever runs it.

use std::time::Duration;

use async_trait::async_trait;
use ports::{Identity, Message, Ports, QueueName};

/// A backend under test.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Handles with the rights of `identity`.
    fn ports(&self, identity: Identity) -> Ports;

    /// The same, over connections of their own, as another process would have them.
    fn ports_elsewhere(&self, identity: Identity) -> Ports;

    /// Lets `time` pass, for the backend's clock and for the visibility of messages.
    async fn pass(&self, time: Duration);

    /// Gives out the next message, hidden until `visibility` is over, as the Functions host does.
    async fn receive(&self, queue: QueueName, visibility: Duration) -> Option<Message>;

    /// Deletes a message that was processed; `false` if its receipt is old.
    async fn delete(&self, queue: QueueName, message: &Message) -> bool;

    /// Gives a message back whose processing failed, to be given out again at once; nothing happens if its receipt is old.
    async fn fail(&self, queue: QueueName, message: &Message);

    /// The texts in `<queue>-poison`.
    async fn poisoned(&self, queue: QueueName) -> Vec<String>;
}
