//! The receiving side of the queues, as the Functions host does it: for its stand-in, and for whoever looks after poison queues.

use std::{sync::Arc, time::Duration};

use azure_core::{Error, credentials::TokenCredential, http::headers::HeaderName};
use azure_storage_queue::models::{
    QueueClientPeekMessagesOptions, QueueClientReceiveMessagesOptions,
};
use ports::{MAX_DEQUEUE_COUNT, Message, QueueError, QueueName};
use url::Url;

use super::{
    Wire, encoded,
    taken::{Taken, peeked},
    whole_seconds,
};
use crate::{
    OpenError,
    error::{Answer, error_code},
};

/// How long a message stays ours while it is moved to the poison queue.
const MOVING: Duration = Duration::from_secs(30);
/// The most that one peek shows.
const PEEKED_MAX: usize = 32;
const POP_RECEIPT: HeaderName = HeaderName::from_static("x-ms-popreceipt");

/// Both ends of every queue, with the rights of whoever the credential names.
#[derive(Clone)]
pub struct Queues {
    pub(super) wire: Arc<Wire>,
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
    /// Over the queue endpoint of a storage account. Asks nobody yet.
    ///
    /// # Errors
    /// * [`OpenError::Differs`] for an endpoint without https.
    pub fn connect(
        endpoint: &Url,
        credential: Arc<dyn TokenCredential>,
    ) -> Result<Self, OpenError> {
        Ok(Self { wire: Arc::new(Wire::connect(endpoint, credential)?) })
    }

    /// Looks whether every queue exists, and its poison queue.
    ///
    /// # Errors
    /// * [`OpenError`]: the first that does not, or why nothing is known.
    pub async fn check(&self) -> Result<(), OpenError> {
        for queue in QueueName::ALL {
            self.wire.check(queue.name()).await?;
            self.wire.check(&queue.poison()).await?;
        }
        Ok(())
    }

    /// Sends one message durably, at least once: when an answer is lost, it is sent again.
    ///
    /// # Errors
    /// * [`QueueError::TooLarge`] over 49,152 bytes; [`QueueError::Unavailable`]: sent or not.
    pub async fn send(
        &self,
        queue: QueueName,
        text: &str,
        delay: Duration,
    ) -> Result<(), QueueError> {
        self.wire.send(queue.name(), encoded(text)?, delay).await
    }

    /// Gives out the next message and hides it until `visibility` (whole seconds, one at least) is over.
    ///
    /// A message that was given out [`MAX_DEQUEUE_COUNT`] times and never deleted goes to the poison queue instead, and so does one that is
    /// not base64 of UTF-8.
    ///
    /// # Errors
    /// * [`QueueError`]: nothing is known; a message may be hidden and comes back.
    pub async fn receive(
        &self,
        queue: QueueName,
        visibility: Duration,
    ) -> Result<Option<Message>, QueueError> {
        loop {
            let Some(taken) = self.take(queue, visibility).await? else { return Ok(None) };
            match taken.text() {
                Some(text) if taken.dequeue_count <= MAX_DEQUEUE_COUNT => {
                    return Ok(Some(taken.message(text)));
                }
                Some(_) | None => {
                    self.poison(queue, &taken.id, &taken.receipt, taken.wire).await?;
                }
            }
        }
    }

    /// Deletes a message that was processed; `false` if it was given to someone else meanwhile, or is gone.
    ///
    /// # Errors
    /// * [`QueueError`]: deleted or not.
    pub async fn delete(&self, queue: QueueName, message: &Message) -> Result<bool, QueueError> {
        self.delete_held(queue, &message.id, &message.receipt).await
    }

    /// Gives a message back whose processing failed: it comes again after `delay`, or goes to the poison queue.
    ///
    /// # Errors
    /// * [`QueueError`]: done or not; it comes again when its visibility is over.
    pub async fn failed(
        &self,
        queue: QueueName,
        message: &Message,
        delay: Duration,
    ) -> Result<Failed, QueueError> {
        let last = message.dequeue_count >= MAX_DEQUEUE_COUNT;
        let hidden = if last { MOVING } else { delay };
        let Some(receipt) = self.hide(queue, message, hidden).await? else {
            return Ok(Failed::Lost);
        };
        if !last {
            return Ok(Failed::Again);
        }
        self.poison(queue, &message.id, &receipt, encoded(&message.text)?).await?;
        Ok(Failed::Poisoned)
    }

    /// What lies in `<queue>-poison`, at most 32 of it. Nothing takes it away: a person looks at it.
    ///
    /// # Errors
    /// * [`QueueError`]: nothing was read.
    pub async fn poisoned(
        &self,
        queue: QueueName,
        limit: usize,
    ) -> Result<Vec<Message>, QueueError> {
        let queue = queue.poison();
        let failed = |error: Error| self.wire.failed(&queue, "look into", &error);
        let options = QueueClientPeekMessagesOptions {
            number_of_messages: i32::try_from(limit.clamp(1, PEEKED_MAX)).ok(),
            ..QueueClientPeekMessagesOptions::default()
        };
        let answer =
            self.wire.client(&queue)?.peek_messages(Some(options)).await.map_err(failed)?;
        let messages = answer.into_model().map_err(failed)?.items.unwrap_or_default();
        Ok(messages.into_iter().map(peeked).collect())
    }

    async fn take(
        &self,
        queue: QueueName,
        visibility: Duration,
    ) -> Result<Option<Taken>, QueueError> {
        let failed = |error: Error| self.wire.failed(queue.name(), "receive from", &error);
        let options = QueueClientReceiveMessagesOptions {
            number_of_messages: Some(1),
            visibility_timeout: Some(whole_seconds(visibility).max(1)),
            ..QueueClientReceiveMessagesOptions::default()
        };
        let client = self.wire.client(queue.name())?;
        let answer = client.receive_messages(Some(options)).await.map_err(failed)?;
        let messages = answer.into_model().map_err(failed)?.items.unwrap_or_default();
        Ok(messages.into_iter().next().map(Taken::from))
    }

    /// Hides a message that is still ours for so long, and gives its new receipt; `None` if it is not ours any more.
    async fn hide(
        &self,
        queue: QueueName,
        message: &Message,
        time: Duration,
    ) -> Result<Option<String>, QueueError> {
        let client = self.wire.client(queue.name())?;
        let seconds = whole_seconds(time);
        match client.update_message(&message.id, &message.receipt, seconds, None).await {
            Ok(answer) => {
                let receipt = answer.headers().get_optional_str(&POP_RECEIPT);
                Ok(Some(receipt.unwrap_or_default().to_owned()))
            }
            Err(error) if not_held(&error) => Ok(None),
            Err(error) => Err(self.wire.failed(queue.name(), "receive from", &error)),
        }
    }

    /// Sent first and deleted then: it may lie there twice, and is never lost.
    async fn poison(
        &self,
        queue: QueueName,
        id: &str,
        receipt: &str,
        wire: String,
    ) -> Result<(), QueueError> {
        tracing::error!(queue = queue.name(), "a message failed too often and was set aside");
        self.wire.send(&queue.poison(), wire, Duration::ZERO).await?;
        self.delete_held(queue, id, receipt).await.map(|_| ())
    }

    async fn delete_held(
        &self,
        queue: QueueName,
        id: &str,
        receipt: &str,
    ) -> Result<bool, QueueError> {
        match self.wire.client(queue.name())?.delete_message(id, receipt, None).await {
            Ok(_) => Ok(true),
            Err(error) if not_held(&error) => Ok(false),
            Err(error) => Err(self.wire.failed(queue.name(), "receive from", &error)),
        }
    }
}

/// The message was deleted, or given to someone else; a missing queue is neither.
fn not_held(error: &Error) -> bool {
    let code = error_code(error);
    code == Some("PopReceiptMismatch")
        || (Answer::of(error) == Answer::Missing && code != Some("QueueNotFound"))
}
