//! Queue messages to the apps' triggers: hidden while they are worked on, given out again after a failure, set aside after five.

use std::{sync::Arc, time::Duration};

use domain::Timestamp;
use ports::{Clock, Identity, Message, QueueName, Randomness};
use tokio::sync::watch;
use web::Trigger;

use super::{
    crew::Work,
    dispatcher::{Dispatcher, Invocation, guid, invoke},
    envelope::{self, Sys},
};
use crate::{Inbox, InboxError};

/// `functionTimeout` of `host.json`.
const FUNCTION_TIMEOUT: Duration = Duration::from_mins(5);
/// How long a message is ours: that, and a little.
const VISIBILITY: Duration = Duration::from_secs(330);
/// After a failure a message waits this long: `extensions.queues.visibilityTimeout` of `host.json`.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// The messages of one queue for one trigger.
pub(crate) struct Messages {
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) queue: QueueName,
    pub(crate) app: Identity,
    pub(crate) trigger: &'static Trigger,
    pub(crate) dispatcher: Arc<dyn Dispatcher>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    /// Counts the messages that were worked on.
    pub(crate) processed: watch::Sender<u64>,
}

impl Work for Messages {
    type Item = (Message, Timestamp);

    async fn take(&self) -> Option<(Message, Timestamp)> {
        let hidden_until = self.clock.now().plus(VISIBILITY);
        match self.inbox.receive(self.queue, VISIBILITY).await {
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
        let sys = Sys::new(self.trigger.name, self.clock.now(), &*self.randomness);
        let envelope = envelope::queue(self.trigger.binding(), message, hidden_until, &sys);
        let id = guid(&*self.randomness);
        let invocation =
            Invocation { app: self.app, function: self.trigger.name, id, limit: FUNCTION_TIMEOUT };
        match invoke(&*self.dispatcher, invocation, &envelope).await {
            Ok(_) => {
                self.inbox.delete(self.queue, message).await?;
                self.processed.send_modify(|count| *count = count.wrapping_add(1));
            }
            Err(failure) => {
                let (queue, attempt) = (self.queue.name(), message.dequeue_count);
                tracing::warn!(queue, attempt, failure = %failure, "a message was not worked on");
                self.inbox.failed(self.queue, message, RETRY_AFTER).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_are_those_of_host_json() {
        let host: serde_json::Value =
            serde_json::from_str(include_str!("../../../host.json")).unwrap();
        let text = |duration: Duration| {
            let seconds = duration.as_secs();
            format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
        };
        assert_eq!(host["functionTimeout"], text(FUNCTION_TIMEOUT));
        assert_eq!(host["extensions"]["queues"]["visibilityTimeout"], text(RETRY_AFTER));
        assert_eq!(host["extensions"]["queues"]["maxDequeueCount"], ports::MAX_DEQUEUE_COUNT);
    }
}
