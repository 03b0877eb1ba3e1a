//! Waiting until an event is in the log: for what must not go on before it is.

use std::time::Duration;

use axum::http::{HeaderValue, header};
use domain::{Class, EventId, Timestamp};
use ports::Clock;
use store::{Partition, Sealed};

use crate::{Once, Problem};

/// How long a request waits, in all.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// The sealer is woken once more when it is this late: the first message may have been lost.
const WAKE_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// The first pause; each is longer by half, up to the last.
const PAUSE: Duration = Duration::from_millis(40);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// The patience of one request.
pub struct Wait<'a> {
    clock: &'a dyn Clock,
    begun: Timestamp,
    pause: Duration,
}

impl<'a> Wait<'a> {
    /// Begins now.
    pub fn begin(clock: &'a dyn Clock) -> Self {
        Self { clock, begun: clock.now(), pause: PAUSE }
    }

    /// Lets some time pass; `false` when there is none left.
    pub async fn goes_on(&mut self) -> bool {
        if self.lasted() >= WAIT_MAX {
            return false;
        }
        self.clock.sleep(self.pause.min(WAIT_MAX.saturating_sub(self.lasted()))).await;
        self.pause = (self.pause * 3 / 2).min(PAUSE_MAX);
        true
    }

    /// Waits until `event` is sealed.
    ///
    /// # Errors
    /// * 503 `not-sealed-yet`, with the way to ask again.
    /// * When storage fails.
    pub async fn sealed(
        &mut self,
        data: &Partition,
        event: EventId,
        once: &Once,
    ) -> Result<Sealed, Problem> {
        let mut is_woken = false;
        loop {
            if let Some(sealed) = data.sealed(event).await? {
                return Ok(sealed);
            }
            if !is_woken && self.lasted() >= WAKE_AGAIN_AFTER {
                data.wake_again().await;
                is_woken = true;
            }
            if !self.goes_on().await {
                return Err(not_sealed_yet(event, once));
            }
        }
    }

    fn lasted(&self) -> Duration {
        self.clock.now().since(self.begun)
    }
}

/// Waits until `event` is sealed, as a request of its own would.
///
/// # Errors
/// As [`Wait::sealed`].
pub async fn await_seal(
    clock: &dyn Clock,
    data: &Partition,
    event: EventId,
    once: &Once,
) -> Result<Sealed, Problem> {
    Wait::begin(clock).sealed(data, event, once).await
}

/// That what was asked is recorded and will be in the log, and how to ask for the rest.
pub fn not_sealed_yet(event: EventId, once: &Once) -> Problem {
    let detail = "It is recorded, and not in the audit log yet; nothing goes on before it is. \
                  Send the same request again with the header Idempotency-Key that this answer names: it is not done twice.";
    Problem::new(Class::Unavailable, "not-sealed-yet", detail)
        .with("event", event.to_string())
        .with("idempotency_key", once.key.as_str())
        .header(header::RETRY_AFTER, HeaderValue::from_static("2"))
}
