//! Publishing statements as CloudEvents, through one of two doors.

use std::time::Duration;

use domain::Timestamp;
use protocol::{
    cloudevent::{self, BATCH_BYTES_MAX, BATCH_MAX, BATCH_MEDIA_TYPE, CloudEvent},
    dsse::PAYLOAD_MAX,
    keyset::ControlPlaneKeys,
    routes::{EVENTS, EventResult, EventStatus, EventsAnswer},
    statement::Statement,
    strict_json,
};

use super::{CallError, ControlPlane, receipts};
use crate::vault::{QueuedStatement, StatementState};

/// Every event is at least this much longer in JSON than its envelope.
const ATTRIBUTES_BYTES: usize = 1_024;
const RETRIES_MAX: u32 = 5;
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
const BACKOFF_MAX: Duration = Duration::from_mins(15);

/// The way that events take.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Door {
    /// Straight to the control plane, which answers with receipts.
    Https,
    /// To an Event Grid topic at this address; receipts are fetched later.
    EventGrid(String),
}

/// What is sent at once.
struct Batch {
    statements: Vec<QueuedStatement>,
    body: Vec<u8>,
}

/// What became of the queue.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Published {
    /// Statements that are receipted now and were not before.
    pub(crate) receipted: usize,
    /// Statements that were handed over and wait for their receipt.
    pub(crate) waiting: usize,
    /// Statements that were refused.
    pub(crate) rejected: usize,
}

impl ControlPlane<'_> {
    /// Sends what waits, in its order, and keeps the receipts. Through the topic it asks for receipts until `patience` is over.
    ///
    /// # Errors
    /// [`CallError`], after it was tried again where that may help; what was receipted before stays receipted.
    pub(crate) async fn publish(
        &self,
        door: &Door,
        keys: &ControlPlaneKeys,
        patience: Duration,
    ) -> Result<Published, CallError> {
        match door {
            Door::Https => self.publish_straight(keys).await,
            Door::EventGrid(topic) => {
                self.publish_to_topic(topic).await?;
                receipts::await_all(self, keys, patience).await
            }
        }
    }

    async fn publish_straight(&self, keys: &ControlPlaneKeys) -> Result<Published, CallError> {
        self.vault.requeue_sent(self.runner)?;
        let mut published = Published::default();
        while let Some(Batch { statements, body }) = self.next_batch()? {
            let answer = match self.send_with_patience(&body).await {
                Err(error) if error.is_deferral() => break,
                other => other?,
            };
            let before = published;
            for result in &answer.results {
                self.settle(result, &statements, keys, &mut published)?;
            }
            if before == published {
                // Nothing moved: another round would be the same.
                break;
            }
        }
        let waiting = [StatementState::Queued, StatementState::Sent];
        published.waiting = self.vault.statements(self.runner, &waiting, usize::MAX)?.len();
        Ok(published)
    }

    async fn send_with_patience(&self, body: &[u8]) -> Result<EventsAnswer, CallError> {
        let mut attempt = 0;
        loop {
            match self.post(EVENTS, BATCH_MEDIA_TYPE, body.to_vec()).await {
                Err(error) if attempt < RETRIES_MAX && error.may_pass() => {
                    let jitter = self.randomness.bytes::<2>();
                    let pause = error.retry_after().unwrap_or_else(|| backoff(attempt, jitter));
                    tokio::time::sleep(pause).await;
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    fn settle(
        &self,
        result: &EventResult,
        batch: &[QueuedStatement],
        keys: &ControlPlaneKeys,
        published: &mut Published,
    ) -> Result<(), CallError> {
        let sent = batch.iter().find(|sent| format!("{:020}", sent.sequence) == result.id);
        let Some(sent) = sent else { return Ok(()) };
        let rejected = match result.status {
            // It stays in the queue, as what was never sent.
            EventStatus::Deferred => return Ok(()),
            EventStatus::Accepted | EventStatus::Duplicate => None,
            EventStatus::Rejected | EventStatus::Conflict => {
                Some(result.code.as_deref().unwrap_or("rejected"))
            }
        };
        let is_receipted = match &result.receipt {
            Some(receipt) => receipts::keep(self, keys, sent, receipt, rejected)?,
            None => false,
        };
        match rejected {
            Some(code) => {
                self.vault.mark_rejected(self.runner, sent.sequence, code)?;
                published.rejected += 1;
            }
            None => published.receipted += usize::from(is_receipted),
        }
        Ok(())
    }

    async fn publish_to_topic(&self, topic: &str) -> Result<(), CallError> {
        while let Some(Batch { statements, body }) = self.next_batch()? {
            let request = self
                .client
                .post(topic)
                .header(http::header::CONTENT_TYPE, BATCH_MEDIA_TYPE)
                .body(body);
            let response = request.send().await.map_err(|error| CallError::unreachable(&error))?;
            super::answer::receive(response).await?;
            for sent in &statements {
                self.vault.mark_sent(self.runner, sent.sequence)?;
            }
        }
        Ok(())
    }

    /// What is sent next: as many of the queue's first as fit in one batch.
    fn next_batch(&self) -> Result<Option<Batch>, CallError> {
        let mut statements =
            self.vault.statements(self.runner, &[StatementState::Queued], BATCH_MAX)?;
        let mut events = Vec::new();
        let mut length = 2;
        for queued in &statements {
            let event = cloud_event(queued, self.clock.now())?;
            let bytes = queued.envelope.unverified_payload().len() * 4 / 3 + ATTRIBUTES_BYTES;
            if !events.is_empty() && length + bytes > BATCH_BYTES_MAX {
                break;
            }
            length += bytes;
            events.push(event);
        }
        statements.truncate(events.len());
        if events.is_empty() {
            return Ok(None);
        }
        let body = cloudevent::to_batch(&events)
            .map_err(|error| strict_json::JsonError::Shape(error.to_string()))?;
        Ok(Some(Batch { statements, body }))
    }
}

fn cloud_event(queued: &QueuedStatement, now: Timestamp) -> Result<CloudEvent, CallError> {
    let statement: Statement =
        strict_json::parse(queued.envelope.unverified_payload(), PAYLOAD_MAX)?;
    Ok(CloudEvent::new(&statement, queued.envelope.clone(), now.max(queued.recorded_at)))
}

/// Full jitter: somewhere between nothing and twice as long as the last time, a quarter of an hour at most.
fn backoff(attempt: u32, jitter: [u8; 2]) -> Duration {
    let most = BACKOFF_FIRST.saturating_mul(2_u32.saturating_pow(attempt)).min(BACKOFF_MAX);
    most.mul_f64(f64::from(u16::from_be_bytes(jitter)) / f64::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_a_quarter_of_an_hour_and_is_drawn_by_lot() {
        let longest = [0xff, 0xff];
        assert_eq!(backoff(0, longest), Duration::from_secs(1));
        assert_eq!(backoff(3, longest), Duration::from_secs(8));
        assert_eq!(backoff(40, longest), Duration::from_mins(15));
        assert_eq!(backoff(40, [0, 0]), Duration::ZERO);
    }
}
