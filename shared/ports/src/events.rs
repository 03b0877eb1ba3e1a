//! State changes for other apps, as CloudEvents on the internal topic.

use async_trait::async_trait;

/// Why an event was not published.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PublishError {
    /// The identity has no such right.
    #[error("this identity may not publish")]
    Denied,
    /// No answer: it was published or not.
    #[error("the topic did not answer: {0}")]
    Unavailable(String),
}

/// Publishes to the internal topic. Delivery is at least once, in any order.
#[async_trait]
pub trait Events: Send + Sync {
    /// Publishes one CloudEvent, given as its structured JSON.
    async fn publish(&self, cloud_event: &str) -> Result<(), PublishError>;
}
