//! Deliveries of accepted events to the apps' triggers, again and again on Event Grid's schedule, until they succeed or are set aside.

use std::{sync::Arc, time::Duration};

use domain::Timestamp;
use local::{Delivery, LocalError, Topic, Topics};
use ports::{Clock, Identity, Randomness};
use serde_json::Value;
use web::Trigger;

use super::{
    crew::Work,
    dispatcher::{Dispatcher, Invocation, guid, invoke},
    envelope::{self, Sys},
};

/// How long Event Grid waits for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// How long a delivery is ours: the wait, and a little.
const LEASE: Duration = Duration::from_secs(35);

/// The waits after the first, second, … failure; the last one counts from then on
/// (<https://learn.microsoft.com/azure/event-grid/delivery-and-retry>).
const WAITS_S: [u64; 10] = [10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200];
/// After so many attempts an event is set aside.
const ATTEMPTS_MAX: u32 = 30;
/// After this time too.
const TIME_TO_LIVE: Duration = Duration::from_hours(24);

/// Event Grid's schedule, scaled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    /// 1 is what Event Grid does.
    pub(crate) scale: f64,
}

/// What follows a failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    /// Another attempt.
    At(Timestamp),
    /// None; the event is set aside for this reason.
    Never(&'static str),
}

impl Schedule {
    /// What follows the failure of `attempt` (from 1).
    pub(crate) fn after(self, attempt: u32, published_at: Timestamp, now: Timestamp) -> Next {
        if attempt >= ATTEMPTS_MAX {
            return Next::Never("MaxDeliveryAttemptsExceeded");
        }
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = WAITS_S.get(index).or(WAITS_S.last()).copied().unwrap_or_default();
        let at = now.plus(Duration::from_secs(wait).mul_f64(self.scale));
        if at > published_at.plus(TIME_TO_LIVE.mul_f64(self.scale)) {
            return Next::Never("TimeToLiveExceeded");
        }
        Next::At(at)
    }
}

/// One trigger that a topic's events go to.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    /// `app.function`.
    pub(crate) name: String,
    /// Whose.
    pub(crate) app: Identity,
    /// Which.
    pub(crate) trigger: &'static Trigger,
}

/// All deliveries of one topic.
pub(crate) struct Deliveries {
    pub(crate) topics: Topics,
    pub(crate) topic: Topic,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) schedule: Schedule,
    pub(crate) dispatcher: Arc<dyn Dispatcher>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
}

impl Work for Deliveries {
    type Item = Delivery;

    async fn take(&self) -> Option<Delivery> {
        self.next().await.unwrap_or_else(|error| {
            tracing::error!(topic = self.topic.name(), error = %error, "deliveries cannot be read");
            None
        })
    }

    async fn process(&self, delivery: Delivery) {
        let settled = match self.deliver(&delivery).await {
            Ok(()) => self.topics.delivered(&delivery).await,
            Err(failure) => self.failed(&delivery, &failure).await,
        };
        if let Err(error) = settled {
            tracing::error!(topic = self.topic.name(), error = %error, "a delivery was not settled and comes again");
        }
    }
}

impl Deliveries {
    async fn next(&self) -> Result<Option<Delivery>, LocalError> {
        let due = self.topics.next_delivery(self.topic, LEASE).await?;
        if due.is_some() {
            return Ok(due);
        }
        let names: Vec<&str> = self.subscriptions.iter().map(|to| to.name.as_str()).collect();
        if self.topics.fan_out(self.topic, &names).await? == 0 {
            return Ok(None);
        }
        self.topics.next_delivery(self.topic, LEASE).await
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<(), String> {
        let to = self.subscriptions.iter().find(|to| to.name == delivery.subscription);
        let to = to.ok_or_else(|| "there is no such subscription any more".to_owned())?;
        let event: Value = serde_json::from_str(&delivery.event)
            .map_err(|_| "the event is not JSON".to_owned())?;
        let sys = Sys::new(to.trigger.name, self.clock.now(), &*self.randomness);
        let envelope = envelope::event_grid(to.trigger.binding(), event, &sys);
        let id = guid(&*self.randomness);
        let invocation =
            Invocation { app: to.app, function: to.trigger.name, id, limit: ANSWER_WITHIN };
        invoke(&*self.dispatcher, invocation, &envelope)
            .await
            .map(|_| ())
            .map_err(|failure| failure.to_string())
    }

    async fn failed(&self, delivery: &Delivery, failure: &str) -> Result<bool, LocalError> {
        let (subscription, attempt) = (delivery.subscription.as_str(), delivery.attempt);
        match self.schedule.after(attempt, delivery.published_at, self.clock.now()) {
            Next::At(at) => {
                tracing::warn!(
                    subscription,
                    attempt,
                    failure,
                    "an event was not delivered and is tried again"
                );
                self.topics.retry_at(delivery, at).await
            }
            Next::Never(reason) => {
                tracing::error!(
                    subscription,
                    attempt,
                    failure,
                    reason,
                    "an event was not delivered and is set aside"
                );
                self.topics.dead_letter(delivery, reason, failure).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: i64) -> Timestamp {
        Timestamp::from_unix_s(seconds)
    }

    /// 10 s, 30 s, 1, 5, 10, 30 min, 1, 3, 6 h, then every 12 h: the page that the constant names.
    #[test]
    fn the_waits_are_event_grids() {
        let schedule = Schedule { scale: 1.0 };
        let wait = |attempt| match schedule.after(attempt, s(0), s(0)) {
            Next::At(at) => at.unix_s(),
            Next::Never(reason) => panic!("{reason}"),
        };
        assert_eq!(
            [1, 2, 3, 4, 5, 6, 7, 8, 9].map(wait),
            [10, 30, 60, 300, 600, 1800, 3600, 10800, 21600]
        );
        assert_eq!([10, 11, 29].map(wait), [43200; 3]);
        assert_eq!(schedule.after(30, s(0), s(0)), Next::Never("MaxDeliveryAttemptsExceeded"));
    }

    #[test]
    fn an_event_lives_for_a_day() {
        let schedule = Schedule { scale: 1.0 };
        assert_eq!(schedule.after(1, s(0), s(86_390)), Next::At(s(86_400)));
        assert_eq!(schedule.after(1, s(0), s(86_391)), Next::Never("TimeToLiveExceeded"));
    }

    #[test]
    fn a_scale_shortens_waits_and_life_alike() {
        let schedule = Schedule { scale: 0.01 };
        assert_eq!(schedule.after(1, s(0), s(0)), Next::At(Timestamp::from_unix_us(100_000)));
        assert_eq!(schedule.after(3, s(0), s(864)), Next::Never("TimeToLiveExceeded"));
    }
}
