//! State changes for other apps, to a topic of Event Grid, as CloudEvents.
//!
//! There is no official crate: the SDK's pipeline sends what
//! <https://learn.microsoft.com/azure/event-grid/cloud-event-schema> asks for.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::{
    Error,
    credentials::TokenCredential,
    http::{
        ClientOptions, Context, Method, Pipeline, Request, Transport, Url,
        policies::{Policy, auth::BearerTokenAuthorizationPolicy},
    },
};
use ports::{Events, Identity, PublishError, rights};

use crate::{
    OpenError,
    error::{place, reason},
    loopback::is_loopback,
    retry::{client_options, client_options_over},
};

const SCOPE: &str = "https://eventgrid.azure.net/.default";
const API_VERSION: &str = "2018-01-01";
/// A batch, of which each of ours has one event.
const CONTENT_TYPE: &str = "application/cloudevents-batch+json; charset=utf-8";

/// The internal topic, as one identity sees it.
pub struct AzureEvents {
    pipeline: Pipeline,
    topic: Url,
    identity: Identity,
}

impl AzureEvents {
    /// Connects to nothing yet. `topic` is the URL that events are posted to, without a query.
    ///
    /// # Errors
    /// * [`OpenError::Differs`]: neither https nor on this machine.
    pub fn connect(
        topic: &Url,
        credential: Arc<dyn TokenCredential>,
        identity: Identity,
    ) -> Result<Self, OpenError> {
        Self::new(topic, credential, identity, client_options()?)
    }

    /// The same over a transport of the caller's, within the same limits: for tests.
    ///
    /// # Errors
    /// * [`OpenError::Differs`]: neither https nor on this machine.
    pub fn over(
        topic: &Url,
        credential: Arc<dyn TokenCredential>,
        identity: Identity,
        transport: Transport,
    ) -> Result<Self, OpenError> {
        Self::new(topic, credential, identity, client_options_over(transport))
    }

    fn new(
        topic: &Url,
        credential: Arc<dyn TokenCredential>,
        identity: Identity,
        options: ClientOptions,
    ) -> Result<Self, OpenError> {
        let token = || -> Arc<dyn Policy> {
            Arc::new(BearerTokenAuthorizationPolicy::new(credential, vec![SCOPE]))
        };
        let policies = match topic.scheme() {
            "https" => vec![token()],
            // No token is ever sent in the clear, not even to this machine.
            "http" if is_loopback(topic) => vec![],
            _ => return Err(differs(topic)),
        };
        let (name, version) = (option_env!("CARGO_PKG_NAME"), option_env!("CARGO_PKG_VERSION"));
        let pipeline = Pipeline::new(name, version, options, vec![], policies, None);
        let mut topic = topic.clone();
        topic.query_pairs_mut().clear().append_pair("api-version", API_VERSION);
        Ok(Self { pipeline, topic, identity })
    }

    fn failed(&self, error: &Error) -> PublishError {
        match error.http_status().map(u16::from) {
            Some(401 | 403) => PublishError::Denied,
            Some(_) | None => {
                PublishError::Unavailable(format!("{}: {}", place(&self.topic), reason(error)))
            }
        }
    }
}

#[async_trait]
impl Events for AzureEvents {
    async fn publish(&self, cloud_event: &str) -> Result<(), PublishError> {
        rights::publish(self.identity)?;
        let mut request = Request::new(self.topic.clone(), Method::Post);
        request.insert_header("content-type", CONTENT_TYPE);
        request.set_body(format!("[{cloud_event}]"));
        let sent = self.pipeline.send(&Context::new(), &mut request, None).await;
        sent.map(|_| ()).map_err(|error| self.failed(&error))
    }
}

fn differs(topic: &Url) -> OpenError {
    OpenError::Differs {
        what: "PROOFLINE_AZURE_TOPIC_ENDPOINT".to_owned(),
        is: format!("a URL of {} at {}", topic.scheme(), place(topic)),
        should: "a URL of https".to_owned(),
    }
}
