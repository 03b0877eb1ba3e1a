//! Publishing to Event Grid, against a topic that checks what the service documents
//! (<https://learn.microsoft.com/azure/event-grid/cloud-event-schema>, <https://learn.microsoft.com/azure/event-grid/authenticate-with-microsoft-entra-id>).

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use azure::{AzureEvents, OpenError};
use azure_core::{
    Bytes,
    http::{
        AsyncRawResponse, HttpClient, Method, Request, StatusCode, Transport, Url,
        headers::{AUTHORIZATION, CONTENT_TYPE, Headers},
    },
};
use azure_counterparts::{
    identity::{Tokens, Trouble, client_id},
    vault::alone::Issued,
};
use ports::{Events as _, Identity, PUBLISHERS, PublishError};
use serde_json::{Value, json};

const TOPIC: &str = "https://proofline.westeurope-1.eventgrid.azure.net/api/events";

/// A topic that all publishers have a role on.
struct Topic {
    tokens: Arc<Tokens>,
    failures: Mutex<VecDeque<u16>>,
    /// The URL and the body of each request that was taken.
    taken: Mutex<Vec<(String, Value)>>,
    asked: Mutex<usize>,
}

impl std::fmt::Debug for Topic {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Topic")
    }
}

impl Topic {
    fn new() -> Arc<Self> {
        let tokens = Arc::new(Tokens::new().unwrap());
        let (failures, taken, asked) = Default::default();
        Arc::new(Self { tokens, failures, taken, asked })
    }

    fn status(&self, request: &Request) -> u16 {
        *self.asked.lock().unwrap() += 1;
        if let Some(failure) = self.failures.lock().unwrap().pop_front() {
            return failure;
        }
        if request.url().scheme() == "https" {
            let header = request.headers().get_optional_str(&AUTHORIZATION).unwrap_or_default();
            let token = header.strip_prefix("Bearer ").unwrap_or_default();
            let Ok(claims) = self.tokens.verify(token, "https://eventgrid.azure.net") else {
                return 401;
            };
            if !PUBLISHERS.iter().any(|identity| client_id(*identity) == claims.appid) {
                return 403;
            }
        } else if request.headers().get_optional_str(&AUTHORIZATION).is_some() {
            return 400;
        }
        let batch = "application/cloudevents-batch+json; charset=utf-8";
        let is_batch = request.headers().get_optional_str(&CONTENT_TYPE) == Some(batch);
        let body: Value = serde_json::from_slice(&Bytes::from(request.body())).unwrap();
        if request.method() != Method::Post || !is_batch || body[0]["specversion"] != "1.0" {
            return 400;
        }
        self.taken.lock().unwrap().push((request.url().to_string(), body));
        200
    }

    fn events(
        self: &Arc<Self>,
        topic: &str,
        who: Identity,
        as_whom: &str,
    ) -> (AzureEvents, Arc<Issued>) {
        let issued = Issued::new(Arc::clone(&self.tokens), as_whom);
        let transport = Transport::new(Arc::<Self>::clone(self));
        let topic: Url = topic.parse().unwrap();
        (AzureEvents::over(&topic, Arc::<Issued>::clone(&issued), who, transport).unwrap(), issued)
    }
}

#[async_trait]
impl HttpClient for Topic {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let status = StatusCode::from(self.status(request));
        Ok(AsyncRawResponse::from_bytes(status, Headers::new(), Bytes::new()))
    }
}

fn event() -> Value {
    json!({"specversion": "1.0", "id": "1", "source": "/tenants/t", "type": "io.proofline.test",
        "subject": "Grüße", "data": {"hash": "abc"}})
}

#[tokio::test]
async fn an_event_is_posted_as_the_service_documents() {
    let topic = Topic::new();
    let (events, _) = topic.events(TOPIC, Identity::Runs, client_id(Identity::Runs));
    assert_eq!(events.publish(&event().to_string()).await, Ok(()));
    let taken = topic.taken.lock().unwrap().clone();
    assert_eq!(taken, [(format!("{TOPIC}?api-version=2018-01-01"), json!([event()]))]);
}

#[tokio::test]
async fn a_topic_that_fails_for_a_moment_is_asked_again() {
    let topic = Topic::new();
    let (events, _) = topic.events(TOPIC, Identity::Auth, client_id(Identity::Auth));
    *topic.failures.lock().unwrap() = VecDeque::from([429, 500, 503]);
    assert_eq!(events.publish(&event().to_string()).await, Ok(()));
    assert_eq!((*topic.asked.lock().unwrap(), topic.taken.lock().unwrap().len()), (4, 1));
    *topic.failures.lock().unwrap() = VecDeque::from([500; 4]);
    let given_up = events.publish(&event().to_string()).await.unwrap_err();
    let PublishError::Unavailable(why) = given_up else { panic!("{given_up}") };
    assert!(why.starts_with("proofline.westeurope-1.eventgrid.azure.net: "), "{why}");
    assert_eq!(*topic.asked.lock().unwrap(), 8);
}

#[tokio::test]
async fn whoever_may_not_publish_asks_nobody() {
    let topic = Topic::new();
    for identity in Identity::ALL {
        let (events, _) = topic.events(TOPIC, identity, client_id(identity));
        let published = events.publish(&event().to_string()).await;
        let expected =
            if PUBLISHERS.contains(&identity) { Ok(()) } else { Err(PublishError::Denied) };
        assert_eq!(published, expected, "{identity:?}");
    }
    assert_eq!(*topic.asked.lock().unwrap(), PUBLISHERS.len());
}

/// With our own table out of the way.
#[tokio::test]
async fn the_topic_refuses_whoever_has_no_role_on_it() {
    let topic = Topic::new();
    let (events, _) = topic.events(TOPIC, Identity::Runs, client_id(Identity::Signer));
    assert_eq!(events.publish(&event().to_string()).await, Err(PublishError::Denied));
    assert_eq!(*topic.asked.lock().unwrap(), 1, "a refusal is not tried again");
}

#[tokio::test]
async fn a_bad_token_is_refused_and_a_good_one_taken_again() {
    let topic = Topic::new();
    let (events, issued) = topic.events(TOPIC, Identity::Runs, client_id(Identity::Runs));
    for trouble in [Trouble::Expired, Trouble::ForeignAudience, Trouble::ForeignIssuer] {
        issued.give(trouble);
        let (events, issued) = topic.events(TOPIC, Identity::Runs, client_id(Identity::Runs));
        issued.give(trouble);
        let refused = events.publish(&event().to_string()).await;
        assert_eq!(refused, Err(PublishError::Denied), "{trouble:?}");
        issued.give(Trouble::None);
        assert_eq!(events.publish(&event().to_string()).await, Ok(()), "{trouble:?}");
    }
    issued.give(Trouble::Fails);
    let none = events.publish(&event().to_string()).await;
    assert!(matches!(none, Err(PublishError::Unavailable(_))), "{none:?}");
}

#[tokio::test]
async fn no_token_is_sent_in_the_clear() {
    let topic = Topic::new();
    let here = "http://127.0.0.1:1/topics/internal";
    let (events, _) = topic.events(here, Identity::Runs, client_id(Identity::Runs));
    assert_eq!(
        events.publish(&event().to_string()).await,
        Ok(()),
        "the topic refuses tokens over http"
    );
    for elsewhere in ["http://topic.example/api/events", "ftp://127.0.0.1/"] {
        let transport = Transport::new(Arc::<Topic>::clone(&topic));
        let issued = Issued::new(Arc::clone(&topic.tokens), client_id(Identity::Runs));
        let url = elsewhere.parse().unwrap();
        let refused = AzureEvents::over(&url, issued, Identity::Runs, transport).err();
        let Some(OpenError::Differs { what, .. }) = refused else { panic!("{elsewhere} is taken") };
        assert_eq!(what, "PROOFLINE_AZURE_TOPIC_ENDPOINT");
    }
}
