//! Queue messages: hidden while they are worked on, given out again after a failure, set aside after five.

use std::{sync::Arc, time::Duration};

use domain::Timestamp;
use ports::{Message, QueueName};
use tokio::sync::watch;

use super::{
    function_json::Function,
    invoke::invoke,
    site::{App, Site},
};
use crate::{
    InboxError,
    serve::{crew::Work, envelope},
};

/// How long a message is ours where a function may work for ever: the Functions host renews it every so often.
const VISIBILITY_UNBOUNDED: Duration = Duration::from_hours(24);
/// The time that is left, beside `functionTimeout`, to settle a message.
const SETTLE_WITHIN: Duration = Duration::from_secs(30);

/// The messages of one queue for one function.
pub(crate) struct Messages {
    pub(crate) site: Arc<Site>,
    pub(crate) app: Arc<App>,
    pub(crate) function: Arc<Function>,
    pub(crate) queue: QueueName,
    pub(crate) is_binary: bool,
    /// Counts the messages that were worked on.
    pub(crate) processed: watch::Sender<u64>,
}

impl Work for Messages {
    type Item = (Message, Timestamp);

    async fn take(&self) -> Option<(Message, Timestamp)> {
        let visibility = self.app.host.function_timeout.map(|limit| limit + SETTLE_WITHIN);
        let visibility = visibility.unwrap_or(VISIBILITY_UNBOUNDED);
        let hidden_until = self.site.now().plus(visibility);
        match self.site.inbox.receive(self.queue, visibility).await {
            Ok(message) => message.map(|message| (message, hidden_until)),
            Err(error) => {
                tracing::error!(queue = self.queue.name(), error = %error, "a queue cannot be read");
                None
            }
        }
    }

    async fn process(&self, (message, hidden_until): (Message, Timestamp)) {
        if let Err(error) = self.work(&message, hidden_until).await {
            tracing::error!(queue = self.queue.name(), error = %error, "a message was not settled and comes again");
        }
    }
}

impl Messages {
    async fn work(&self, message: &Message, hidden_until: Timestamp) -> Result<(), InboxError> {
        let sys = self.site.sys(&self.function);
        let write = if self.is_binary { envelope::queue_binary } else { envelope::queue };
        let envelope = write(&self.function.binding, message, hidden_until, &sys);
        match invoke(&self.site, &self.app, &self.function, &envelope).await {
            Ok(_) => {
                self.site.inbox.delete(self.queue, message).await?;
                self.processed.send_modify(|count| *count = count.wrapping_add(1));
                Ok(())
            }
            Err(error) => {
                let (queue, attempt) = (self.queue.name(), message.dequeue_count);
                tracing::warn!(queue, attempt, error = %error, "a message was not worked on");
                self.site.inbox.failed(self.queue, message, self.app.host.visibility_timeout).await
            }
        }
    }
}
