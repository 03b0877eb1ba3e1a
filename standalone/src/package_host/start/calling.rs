//! What calls functions when nobody asks: timers, queues and topics.

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use local::{Store, Topic};
use ports::QueueName;
use tokio::{sync::watch, task::JoinSet};

use super::super::{
    HostError, HostOptions, Subscribed,
    event_service::Deliveries,
    function_json::{Function, Trigger},
    keys::Keys,
    queue::Messages,
    site::{App, Site},
    timer::Timer,
};
use crate::serve::{crew::crew, deliveries::Schedule, stop::Stop};

/// How often queues and topics are looked at without a reason: handlers send without our noticing.
const POLL: Duration = Duration::from_millis(50);
/// How many events of a topic are under way at once.
const DELIVERIES_AT_ONCE: usize = 16;

/// What invokes functions without a request.
pub(super) struct Calling<'a> {
    pub(super) site: &'a Arc<Site>,
    pub(super) store: &'a Store,
    pub(super) data: &'a Path,
    pub(super) stop: &'a Stop,
}

impl Calling<'_> {
    /// Gives the count of worked-on bootstrap messages, if some function takes them.
    pub(super) fn start_triggers(&self, work: &mut JoinSet<()>) -> Option<watch::Receiver<u64>> {
        let mut bootstrapped = None;
        for app in &self.site.apps {
            for function in &app.functions {
                let (processed, count) = watch::channel(0);
                self.start_trigger(app, function, processed, work);
                let takes =
                    matches!(function.trigger, Trigger::Queue { queue: QueueName::Bootstrap, .. });
                bootstrapped = takes.then_some(count).or(bootstrapped);
            }
        }
        bootstrapped
    }

    fn start_trigger(
        &self,
        app: &Arc<App>,
        function: &Arc<Function>,
        processed: watch::Sender<u64>,
        work: &mut JoinSet<()>,
    ) {
        let (site, app, function) = (Arc::clone(self.site), Arc::clone(app), Arc::clone(function));
        let (stop, arrivals) = (self.stop.clone(), self.store.arrivals());
        match function.trigger.clone() {
            Trigger::Timer { schedule, on_startup, is_monitored } => {
                let status =
                    self.data.join("timers").join(format!("{}.{}.json", app.name, function.name));
                let status = is_monitored.then_some(status);
                let timer = Timer { site, app, function, schedule, on_startup, status };
                work.spawn(timer.run(stop));
            }
            Trigger::Queue { queue, is_binary } => {
                let count = app.host.batch_size;
                let messages = Messages { site, app, function, queue, is_binary, processed };
                work.spawn(crew(Arc::new(messages), count, arrivals, POLL, stop));
            }
            Trigger::Http(_) | Trigger::EventGrid { .. } => {}
        }
    }

    pub(super) async fn start_topics(
        &self,
        options: &HostOptions,
        url: &str,
        work: &mut JoinSet<()>,
    ) -> Result<(), HostError> {
        let schedule = Schedule { scale: options.event_grid_time_scale };
        for topic in Topic::ALL {
            let subscriptions = self.subscriptions(&options.subscriptions, topic, url)?;
            let deliveries =
                Deliveries { site: Arc::clone(self.site), topic, subscriptions, schedule };
            if let Some(name) = deliveries.validate().await.into_iter().next() {
                return Err(HostError::NoConsent(name));
            }
            let arrivals = self.store.arrivals();
            work.spawn(crew(
                Arc::new(deliveries),
                DELIVERIES_AT_ONCE,
                arrivals,
                POLL,
                self.stop.clone(),
            ));
        }
        Ok(())
    }

    /// The webhooks that get the events of `topic`, by the names of their subscriptions.
    fn subscriptions(
        &self,
        asked: &[Subscribed],
        topic: Topic,
        url: &str,
    ) -> Result<HashMap<String, String>, HostError> {
        let takes_events =
            |function: &Function| matches!(function.trigger, Trigger::EventGrid { .. });
        let mut found = Vec::new();
        for subscribed in asked.iter().filter(|subscribed| subscribed.topic == topic) {
            let name = &subscribed.function;
            let known = self.site.function(name).filter(|(_, function)| takes_events(function));
            found.push(known.ok_or_else(|| HostError::NoSubscriber(name.clone()))?);
        }
        if asked.is_empty() && topic == Topic::RunnerEvents {
            for app in &self.site.apps {
                let takers = app.functions.iter().filter(|function| takes_events(function));
                found.extend(takers.map(|function| (Arc::clone(app), Arc::clone(function))));
            }
        }
        let webhook = |(app, function): (Arc<App>, Arc<Function>)| {
            let name = format!("{}.{}", app.name, function.name);
            let code = app.keys.as_ref().map_or("", Keys::event_grid);
            let at = format!("{url}/runtime/webhooks/EventGrid?functionName={name}&code={code}");
            (name, at)
        };
        Ok(found.into_iter().map(webhook).collect())
    }
}
