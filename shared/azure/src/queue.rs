//! Storage queues, with both ends.
//!
//! A message is base64 on the wire, as the queue trigger of the Functions host expects by default (`messageEncoding`), and never expires.

mod receiving;
mod taken;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use azure_core::{Error, credentials::TokenCredential};
use azure_storage_queue::{
    QueueClient, QueueServiceClient, QueueServiceClientOptions,
    models::{QueueClientSendMessageOptions, QueueMessage},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ports::{Identity, MESSAGE_BYTES_MAX, QUEUE_RIGHTS, Queue, QueueError, QueueName, rights};
use url::Url;

pub use receiving::{Failed, Queues};

use crate::{
    OpenError,
    endpoint::checked,
    error::{Answer, place, reason},
    retry::client_options,
};

/// A message waits until it is processed; the service's own default is to forget it after 7 days.
const FOR_EVER: i32 = -1;
/// The longest that a message can be hidden: 7 days.
const HIDDEN_SECONDS_MAX: u64 = 604_800;

/// The queues that one identity may send to.
pub struct AzureQueue {
    queues: Queues,
    identity: Identity,
}

impl AzureQueue {
    /// Over the queue endpoint of a storage account, such as `https://proofline.queue.core.windows.net/`. Asks nobody yet.
    ///
    /// # Errors
    /// * [`OpenError::Differs`] for an endpoint without https: a token is never sent in the clear.
    pub fn connect(
        endpoint: &Url,
        credential: Arc<dyn TokenCredential>,
        identity: Identity,
    ) -> Result<Self, OpenError> {
        Ok(Self { queues: Queues::connect(endpoint, credential)?, identity })
    }

    /// Looks whether every queue exists that this identity may send to. Takes the right to read a queue's properties
    /// (`queueServices/queues/read`), which says nothing of its messages.
    ///
    /// # Errors
    /// * [`OpenError`]: the first that does not, or why nothing is known.
    pub async fn check(&self) -> Result<(), OpenError> {
        for (_, queue) in QUEUE_RIGHTS.iter().filter(|row| row.0 == self.identity) {
            self.queues.wire.check(queue.name()).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Queue for AzureQueue {
    /// As everywhere at least once: when an answer is lost, the message is sent again. A delay over 7 days is cut to that.
    async fn send(&self, queue: QueueName, text: &str, delay: Duration) -> Result<(), QueueError> {
        rights::send(self.identity, queue)?;
        self.queues.send(queue, text, delay).await
    }
}

/// The account, by names of queues.
struct Wire {
    service: QueueServiceClient,
    endpoint: Url,
}

impl Wire {
    fn connect(endpoint: &Url, credential: Arc<dyn TokenCredential>) -> Result<Self, OpenError> {
        let endpoint = checked(endpoint, "the queue endpoint")?;
        let options = QueueServiceClientOptions {
            client_options: client_options()?,
            ..QueueServiceClientOptions::default()
        };
        let service = QueueServiceClient::new(endpoint.clone(), Some(credential), Some(options))
            .map_err(|error| OpenError::from_answer(&endpoint, "queues", &error))?;
        Ok(Self { service, endpoint })
    }

    async fn check(&self, queue: &str) -> Result<(), OpenError> {
        let what = format!("queue {queue}");
        let failed = |error| OpenError::from_answer(&self.endpoint, &what, &error);
        let client = self.service.queue_client(queue).map_err(failed)?;
        client.get_properties(None).await.map_err(failed).map(|_| ())
    }

    fn client(&self, queue: &str) -> Result<QueueClient, QueueError> {
        self.service.queue_client(queue).map_err(|error| self.failed(queue, "reach", &error))
    }

    /// Sends what is on the wire already: base64.
    async fn send(&self, queue: &str, wire: String, delay: Duration) -> Result<(), QueueError> {
        let failed = |error: Error| self.failed(queue, "send to", &error);
        let message = QueueMessage { message_text: Some(wire) }.try_into().map_err(failed)?;
        let options = QueueClientSendMessageOptions {
            message_time_to_live: Some(FOR_EVER),
            visibility_timeout: Some(whole_seconds(delay)),
            ..QueueClientSendMessageOptions::default()
        };
        self.client(queue)?.send_message(message, Some(options)).await.map_err(failed).map(|_| ())
    }

    fn failed(&self, queue: &str, verb: &str, error: &Error) -> QueueError {
        let place = place(&self.endpoint);
        match Answer::of(error) {
            Answer::Denied => QueueError::Denied(format!("{verb} {queue}: {}", reason(error))),
            Answer::Missing => QueueError::Unavailable(format!(
                "{place} has no queue {queue}; the deployment makes it"
            )),
            Answer::NoToken => {
                QueueError::Unavailable(format!("no token for {place}: {}", reason(error)))
            }
            Answer::Conflict | Answer::Refused | Answer::None => {
                QueueError::Unavailable(format!("{place}: {}", reason(error)))
            }
        }
    }
}

fn encoded(text: &str) -> Result<String, QueueError> {
    if text.len() > MESSAGE_BYTES_MAX {
        return Err(QueueError::TooLarge(text.len()));
    }
    Ok(STANDARD.encode(text))
}

/// Rounded up, so that nothing is given out early.
fn whole_seconds(time: Duration) -> i32 {
    let seconds = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
    i32::try_from(seconds.min(HIDDEN_SECONDS_MAX)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_rounded_up_and_has_an_end() {
        assert_eq!(whole_seconds(Duration::ZERO), 0);
        assert_eq!(whole_seconds(Duration::from_nanos(1)), 1);
        assert_eq!(whole_seconds(Duration::from_secs(2)), 2);
        assert_eq!(whole_seconds(Duration::from_millis(2_001)), 3);
        assert_eq!(whole_seconds(Duration::from_hours(168)), 604_800);
        assert_eq!(whole_seconds(Duration::MAX), 604_800);
    }

    /// The service's limit is 64 KiB: <https://learn.microsoft.com/rest/api/storageservices/put-message>.
    #[test]
    fn the_longest_message_fills_64_kib_of_base64() {
        assert_eq!(encoded(&"x".repeat(49_152)).unwrap().len(), 65_536);
        assert_eq!(encoded(&"x".repeat(49_153)), Err(QueueError::TooLarge(49_153)));
        assert_eq!(encoded("{\"ä\":1}").unwrap(), "eyLDpCI6MX0=");
    }
}
