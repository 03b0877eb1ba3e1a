//! Messages as they come off the wire.

use azure_storage_queue::models::{PeekedMessage, ReceivedMessage};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ports::Message;

/// A message as it came, not yet decoded.
pub(super) struct Taken {
    pub(super) id: String,
    pub(super) receipt: String,
    pub(super) dequeue_count: u32,
    pub(super) wire: String,
}

impl Taken {
    /// `None` if it is not base64 of UTF-8.
    pub(super) fn text(&self) -> Option<String> {
        decoded(&self.wire)
    }

    pub(super) fn message(self, text: String) -> Message {
        let Self { id, receipt, dequeue_count, .. } = self;
        Message { id, text, dequeue_count, receipt }
    }
}

impl From<ReceivedMessage> for Taken {
    fn from(message: ReceivedMessage) -> Self {
        Self {
            id: message.message_id.unwrap_or_default(),
            receipt: message.pop_receipt.unwrap_or_default(),
            dequeue_count: count(message.dequeue_count),
            wire: message.message_text.unwrap_or_default(),
        }
    }
}

/// A message that was looked at; it has no receipt. What is not ours to decode is shown as it is.
pub(super) fn peeked(message: PeekedMessage) -> Message {
    let wire = message.message_text.unwrap_or_default();
    Message {
        id: message.message_id.unwrap_or_default(),
        text: decoded(&wire).unwrap_or(wire),
        dequeue_count: count(message.dequeue_count),
        receipt: String::new(),
    }
}

fn decoded(wire: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(wire).ok()?).ok()
}

fn count(dequeue_count: Option<i64>) -> u32 {
    u32::try_from(dequeue_count.unwrap_or_default()).unwrap_or(u32::MAX)
}
