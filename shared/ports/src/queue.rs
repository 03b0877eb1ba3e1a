//! Queues: wake-ups and work that must outlive a request.

use std::time::Duration;

use async_trait::async_trait;

use crate::QueueName;

/// Bytes of a message: Storage queues take 64 KiB of base64.
pub const MESSAGE_BYTES_MAX: usize = 49_152;
/// How often a message is given out before it goes to the poison queue (`maxDequeueCount` of the Functions host).
pub const MAX_DEQUEUE_COUNT: u32 = 5;

/// Why a message was not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum QueueError {
    /// The identity has no such right.
    #[error("this identity may not {0}")]
    Denied(String),
    /// Over 48 KiB: Storage queues take 64 KiB of base64.
    #[error("a message has at most {MESSAGE_BYTES_MAX} bytes, not {0}")]
    TooLarge(usize),
    /// No answer: it was sent or not.
    #[error("the queue did not answer: {0}")]
    Unavailable(String),
}

/// A message, as the host that polls sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// Unique.
    pub id: String,
    /// What was sent.
    pub text: String,
    /// How often it was given out, this time included.
    pub dequeue_count: u32,
    /// To delete it with.
    pub receipt: String,
}

/// Sends messages. They are delivered at least once, in any order, through the app's queue trigger.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends one message durably; it is not given out before `delay` is over (whole seconds in Azure).
    async fn send(&self, queue: QueueName, text: &str, delay: Duration) -> Result<(), QueueError>;
}
