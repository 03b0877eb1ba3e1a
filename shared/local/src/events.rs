//! Publishing to the internal topic.

use std::sync::Arc;

use async_trait::async_trait;
use ports::{Events, Identity, PublishError, rights};

use crate::{Topic, Topics, store::Parts};

/// The internal topic, as one identity sees it.
pub(crate) struct LocalEvents {
    pub(crate) parts: Arc<Parts>,
    pub(crate) identity: Identity,
}

#[async_trait]
impl Events for LocalEvents {
    async fn publish(&self, cloud_event: &str) -> Result<(), PublishError> {
        rights::publish(self.identity)?;
        let topics = Topics { parts: Arc::clone(&self.parts) };
        Ok(topics.publish(Topic::Internal, cloud_event).await?)
    }
}
