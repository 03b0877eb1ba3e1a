//! A topic of Event Grid that takes every event and delivers none: for runs in which nothing else stands for Event Grid.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode},
};
use tokio::{net::TcpListener, task::JoinSet};

const CONTENT_TYPE: &str = "application/cloudevents-batch+json";

/// The running topic; it ends with this value.
pub(super) struct Topic {
    /// Where events are posted to.
    pub(super) endpoint: String,
    _serving: JoinSet<()>,
}

impl Topic {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}/api/events", listener.local_addr()?);
        let app = Router::new().fallback(take);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::error!(%error, "the topic ended");
            }
        });
        Ok(Self { endpoint, _serving: serving })
    }
}

async fn take(request: Request<Body>) -> StatusCode {
    if request.method() != Method::POST || request.uri().path() != "/api/events" {
        return StatusCode::NOT_FOUND;
    }
    if is_batch(request.headers()) { StatusCode::OK } else { StatusCode::UNSUPPORTED_MEDIA_TYPE }
}

fn is_batch(headers: &HeaderMap) -> bool {
    let content_type = headers.get("content-type").and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.starts_with(CONTENT_TYPE))
}
