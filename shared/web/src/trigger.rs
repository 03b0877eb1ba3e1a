//! What starts an invocation that is not a request: declared where it is implemented and nowhere else.

use domain::EventKind;
use ports::QueueName;
use serde_json::Value;

/// One trigger: `POST /{name}` from the Functions host, with its envelope.
#[derive(Clone, Copy, Debug)]
#[must_use = "a trigger starts nothing until an app handles it"]
pub struct Trigger {
    /// The function's name: `[a-z][a-z0-9_]{0,127}`.
    pub name: &'static str,
    /// What starts it.
    pub kind: TriggerKind,
    /// The events that it may record.
    pub audits: &'static [EventKind],
}

/// What starts an invocation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TriggerKind {
    /// A message of a queue.
    Queue(QueueName),
    /// An event of an Event Grid topic.
    EventGrid {
        /// The topic.
        topic: &'static str,
    },
    /// A schedule, as NCRONTAB with seconds.
    Timer {
        /// Six fields.
        schedule: &'static str,
    },
}

/// Why an envelope is not one of this trigger's.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum EnvelopeError {
    #[error("the envelope is not a JSON object with a member \"Data\"")]
    NoData,
    #[error("\"Data\" has no member \"{0}\"")]
    NoBinding(&'static str),
    #[error("the queue's text is not a JSON string inside a string")]
    NotText,
    #[error("the event is not a JSON object")]
    NotObject,
}

impl Trigger {
    /// Started by a message of `queue`.
    pub const fn queue(name: &'static str, queue: QueueName, audits: &'static [EventKind]) -> Self {
        Self { name, kind: TriggerKind::Queue(queue), audits }
    }

    /// Started by an event of `topic`.
    pub const fn event_grid(
        name: &'static str,
        topic: &'static str,
        audits: &'static [EventKind],
    ) -> Self {
        Self { name, kind: TriggerKind::EventGrid { topic }, audits }
    }

    /// Started by the clock.
    pub const fn timer(
        name: &'static str,
        schedule: &'static str,
        audits: &'static [EventKind],
    ) -> Self {
        Self { name, kind: TriggerKind::Timer { schedule }, audits }
    }

    /// The name of its input binding.
    pub const fn binding(&self) -> &'static str {
        match self.kind {
            TriggerKind::Queue(_) => "message",
            TriggerKind::EventGrid { .. } => "event",
            TriggerKind::Timer { .. } => "timer",
        }
    }

    /// Takes the input out of the host's envelope.
    ///
    /// Decoded by the kind of trigger, never by guessing: a text `"1234"` parses as a number too. `Metadata` is not read at all,
    /// because a queue message can put members of its own over the host's.
    pub(crate) fn input(&self, mut envelope: Value) -> Result<Value, EnvelopeError> {
        let data = envelope
            .get_mut("Data")
            .filter(|data| data.is_object())
            .ok_or(EnvelopeError::NoData)?;
        let value = data
            .get_mut(self.binding())
            .map(Value::take)
            .ok_or(EnvelopeError::NoBinding(self.binding()))?;
        match self.kind {
            // The host writes the text as a JSON string, and that as a string again.
            TriggerKind::Queue(_) => {
                let text =
                    value.as_str().and_then(|quoted| serde_json::from_str::<String>(quoted).ok());
                text.map(Value::String).ok_or(EnvelopeError::NotText)
            }
            TriggerKind::EventGrid { .. } | TriggerKind::Timer { .. } => {
                if value.is_object() {
                    Ok(value)
                } else {
                    Err(EnvelopeError::NotObject)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const QUEUE: Trigger = Trigger::queue("seal", QueueName::Seal, &[]);
    const GRID: Trigger = Trigger::event_grid("ingest_event", "runner-events", &[]);

    /// The rows of functions-host §2.2, which were produced with the host's own encoding function.
    #[test]
    fn a_queue_text_is_unquoted_once_whatever_it_looks_like() {
        for (wire, text) in
            [("\"hello\"", "hello"), ("\"1234\"", "1234"), ("\"{\\\"a\\\":1}\"", "{\"a\":1}")]
        {
            let envelope = json!({"Data": {"message": wire}, "Metadata": {"Id": "forged"}});
            assert_eq!(QUEUE.input(envelope), Ok(Value::String(text.to_owned())));
        }
        assert_eq!(QUEUE.input(json!({"Data": {"message": "1234"}})), Err(EnvelopeError::NotText));
        assert_eq!(
            QUEUE.input(json!({"Data": {"message": {"a": 1}}})),
            Err(EnvelopeError::NotText)
        );
    }

    #[test]
    fn an_event_is_an_object_and_metadata_may_be_missing() {
        let event = json!({"specversion": "1.0"});
        assert_eq!(GRID.input(json!({"Data": {"event": event}, "Extra": 1})), Ok(event));
        assert_eq!(GRID.input(json!({"Data": {"event": "[]"}})), Err(EnvelopeError::NotObject));
        assert_eq!(GRID.input(json!({"Data": {}})), Err(EnvelopeError::NoBinding("event")));
        assert_eq!(GRID.input(json!([])), Err(EnvelopeError::NoData));
    }
}
