//! The stand-in for the Event Grid service: what was published goes to webhooks, again and again on its schedule, then aside.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use local::{Delivery, LocalError, Topic};

use super::site::Site;
use crate::serve::{
    crew::Work,
    deliveries::{Next, Schedule},
};

/// How long Event Grid waits for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// How long a delivery is ours: the wait, and a little.
const LEASE: Duration = Duration::from_secs(35);
/// The answers that count as success.
const SUCCESS: std::ops::RangeInclusive<u16> = 200..=204;
/// What a webhook says for good (counterparts §4): it is not asked again.
const NEVER_AGAIN: [u16; 4] = [400, 401, 403, 413];

/// All deliveries of one topic.
pub(crate) struct Deliveries {
    pub(crate) site: Arc<Site>,
    pub(crate) topic: Topic,
    /// By name: the URL of the webhook, which holds its key.
    pub(crate) subscriptions: HashMap<String, String>,
    pub(crate) schedule: Schedule,
}

/// What a webhook did not do.
enum Refusal {
    For(String),
    Good(String),
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
            Ok(()) => self.site.topics.delivered(&delivery).await,
            Err(refusal) => self.failed(&delivery, refusal).await,
        };
        if let Err(error) = settled {
            tracing::error!(topic = self.topic.name(), error = %error, "a delivery was not settled and comes again");
        }
    }
}

impl Deliveries {
    /// The handshake of CloudEvents webhooks; a webhook that does not consent gets nothing.
    pub(crate) async fn validate(&self) -> Vec<String> {
        let mut refused = Vec::new();
        for (name, url) in &self.subscriptions {
            let request = Request::builder()
                .method(Method::OPTIONS)
                .uri(url)
                .header("webhook-request-origin", "eventgrid.azure.net")
                .header("webhook-request-rate", "120")
                .body(Body::empty());
            let Ok(request) = request else { continue };
            let answer = self.site.client.request(request).await.ok();
            let allowed =
                answer.as_ref().and_then(|answer| answer.headers().get("webhook-allowed-origin"));
            if allowed.is_none_or(|origin| origin != "eventgrid.azure.net" && origin != "*") {
                refused.push(name.clone());
            }
        }
        refused
    }

    async fn next(&self) -> Result<Option<Delivery>, LocalError> {
        let topics = &self.site.topics;
        let due = topics.next_delivery(self.topic, LEASE).await?;
        if due.is_some() {
            return Ok(due);
        }
        let names: Vec<&str> = self.subscriptions.keys().map(String::as_str).collect();
        if topics.fan_out(self.topic, &names).await? == 0 {
            return Ok(None);
        }
        topics.next_delivery(self.topic, LEASE).await
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<(), Refusal> {
        let request = self.request(delivery).map_err(Refusal::For)?;
        let answered = tokio::time::timeout(ANSWER_WITHIN, self.site.client.request(request)).await;
        let answer = match answered {
            Ok(Ok(answer)) => answer.status().as_u16(),
            Ok(Err(error)) => {
                return Err(Refusal::For(format!("the webhook did not answer: {error}")));
            }
            Err(_) => {
                return Err(Refusal::For("the webhook did not answer within 30 s".to_owned()));
            }
        };
        if SUCCESS.contains(&answer) {
            return Ok(());
        }
        let outcome = format!("the webhook answered {answer}");
        Err(if NEVER_AGAIN.contains(&answer) {
            Refusal::Good(outcome)
        } else {
            Refusal::For(outcome)
        })
    }

    fn request(&self, delivery: &Delivery) -> Result<Request<Body>, String> {
        let url = self.subscriptions.get(&delivery.subscription);
        let url = url.ok_or_else(|| "there is no such subscription any more".to_owned())?;
        Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(header::CONTENT_TYPE, "application/cloudevents+json; charset=utf-8")
            .header("aeg-event-type", "Notification")
            .header("aeg-subscription-name", delivery.subscription.to_ascii_uppercase())
            .header("aeg-delivery-count", delivery.attempt.saturating_sub(1))
            .header(header::ORIGIN, "eventgrid.azure.net")
            .body(Body::from(delivery.event.clone()))
            .map_err(|error| error.to_string())
    }

    async fn failed(&self, delivery: &Delivery, refusal: Refusal) -> Result<bool, LocalError> {
        let (subscription, attempt) = (delivery.subscription.as_str(), delivery.attempt);
        let (next, outcome) = match refusal {
            Refusal::For(outcome) => {
                (self.schedule.after(attempt, delivery.published_at, self.site.now()), outcome)
            }
            Refusal::Good(outcome) => (Next::Never("WebhookRefused"), outcome),
        };
        match next {
            Next::At(at) => {
                tracing::warn!(
                    subscription,
                    attempt,
                    outcome,
                    "an event was not delivered and is tried again"
                );
                self.site.topics.retry_at(delivery, at).await
            }
            Next::Never(reason) => {
                tracing::error!(
                    subscription,
                    attempt,
                    outcome,
                    reason,
                    "an event was not delivered and is set aside"
                );
                self.site.topics.dead_letter(delivery, reason, &outcome).await
            }
        }
    }
}
