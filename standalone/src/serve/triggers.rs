//! What calls the apps' triggers: a crew for each queue and topic, a loop for each timer.

use std::{path::Path, sync::Arc, time::Duration};

use local::{Store, Topic};
use ports::{Clock, Identity, QueueName, Randomness};
use tokio::{sync::watch, task::JoinSet};
use web::{Trigger, TriggerKind};

use super::{
    ServeError,
    crew::crew,
    deliveries::{Deliveries, Schedule, Subscription},
    dispatcher::Dispatcher,
    queues::Messages,
    stop::Stop,
    timers::Timer,
};
use crate::{HostedApp, Inbox};

/// How many events and messages are worked on at once, for each topic and for each queue.
const DELIVERIES_AT_ONCE: usize = 16;
const MESSAGES_AT_ONCE: usize = 8;

/// What every part needs.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) dispatcher: Arc<dyn Dispatcher>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) poll: Duration,
    pub(crate) schedule: Schedule,
}

/// Starts what calls the apps' triggers; gives the count of worked-on bootstrap messages, if some app takes them.
pub(crate) fn start_triggers(
    parts: &Parts,
    apps: &[HostedApp],
    data: &Path,
    work: &mut JoinSet<()>,
    stop: &Stop,
) -> Result<Option<watch::Receiver<u64>>, ServeError> {
    let mut bootstrapped = None;
    let mut subscriptions: Vec<(&'static str, Subscription)> = Vec::new();
    let triggers = apps
        .iter()
        .flat_map(|app| app.triggers().into_iter().map(|trigger| (app.identity, trigger)));
    for (app, trigger) in triggers {
        match trigger.kind {
            TriggerKind::Queue(queue) => {
                let (processed, count) = watch::channel(0);
                if queue == QueueName::Bootstrap {
                    bootstrapped = Some(count);
                }
                let messages = Arc::new(parts.messages(app, trigger, queue, processed));
                work.spawn(crew(
                    messages,
                    MESSAGES_AT_ONCE,
                    parts.store.arrivals(),
                    parts.poll,
                    stop.clone(),
                ));
            }
            TriggerKind::EventGrid { topic } => {
                let name = format!("{}.{}", app.name(), trigger.name);
                subscriptions.push((topic, Subscription { name, app, trigger }));
            }
            TriggerKind::Timer { schedule } => {
                work.spawn(parts.timer(app, trigger, schedule, data)?.run(stop.clone()));
            }
        }
    }
    for topic in Topic::ALL {
        let of_topic = subscriptions.iter().filter(|(name, _)| *name == topic.name());
        let deliveries = parts.deliveries(topic, of_topic.map(|(_, to)| to.clone()).collect());
        work.spawn(crew(
            Arc::new(deliveries),
            DELIVERIES_AT_ONCE,
            parts.store.arrivals(),
            parts.poll,
            stop.clone(),
        ));
    }
    Ok(bootstrapped)
}

impl Parts {
    fn messages(
        &self,
        app: Identity,
        trigger: &'static Trigger,
        queue: QueueName,
        processed: watch::Sender<u64>,
    ) -> Messages {
        Messages {
            inbox: Arc::clone(&self.inbox),
            queue,
            app,
            trigger,
            dispatcher: Arc::clone(&self.dispatcher),
            clock: Arc::clone(&self.clock),
            randomness: Arc::clone(&self.randomness),
            processed,
        }
    }

    fn deliveries(&self, topic: Topic, subscriptions: Vec<Subscription>) -> Deliveries {
        Deliveries {
            topics: self.store.topics(),
            topic,
            subscriptions,
            schedule: self.schedule,
            dispatcher: Arc::clone(&self.dispatcher),
            clock: Arc::clone(&self.clock),
            randomness: Arc::clone(&self.randomness),
        }
    }

    fn timer(
        &self,
        app: Identity,
        trigger: &'static Trigger,
        schedule: &str,
        data: &Path,
    ) -> Result<Timer, ServeError> {
        let status = data.join("timers").join(format!("{}.{}.json", app.name(), trigger.name));
        let schedule =
            schedule.parse().map_err(|error| ServeError::Schedule(trigger.name, error))?;
        let (dispatcher, clock) = (Arc::clone(&self.dispatcher), Arc::clone(&self.clock));
        Ok(Timer {
            app,
            trigger,
            schedule,
            status,
            dispatcher,
            clock,
            randomness: Arc::clone(&self.randomness),
        })
    }
}
