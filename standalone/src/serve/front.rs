//! The public port: `/api/<app>/…` to each app, the publish endpoint of the Event Grid stand-in, and nothing else.
//!
//! The apps' own ports also take invocations; here only what lies under `/api/` is ever passed on, as it was sent.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, Uri, header},
    response::{IntoResponse as _, Response},
};
use domain::Class;
use http_body_util::Limited;
use local::{Topic, Topics};
use ports::{Identity, Randomness};
use serde_json::json;
use web::Problem;

use super::{
    dispatcher::{Dispatcher, HOST_VERSION, HOST_VERSION_VALUE, INVOCATION_ID, guid},
    event_grid,
};

/// The host's own limit of a request's body.
const BODY_BYTES_MAX: u64 = 100 * 1024 * 1024;
/// How long the platform's front end waits for an answer to begin.
const ANSWER_WITHIN: Duration = Duration::from_secs(230);

/// Paths that lie outside `/api/`, and where an app answers them: the edge does the same in Azure.
const REWRITES: [(&str, &str); 2] = [
    ("/.well-known/jwks.json", "/api/auth/.well-known/jwks.json"),
    ("/.well-known/proofline-keys.json", protocol::routes::KEYS),
];

/// What the public port needs.
pub(crate) struct Front {
    pub(crate) dispatcher: Arc<dyn Dispatcher>,
    pub(crate) apps: Vec<Identity>,
    pub(crate) topics: Topics,
    pub(crate) randomness: Arc<dyn Randomness>,
}

enum Route {
    Description,
    App(Identity),
    Publish(Topic),
    Nothing,
}

impl Front {
    pub(crate) fn router(self) -> Router {
        let front = Arc::new(self);
        Router::new().fallback(move |request| answer(Arc::clone(&front), request))
    }

    fn route(&self, path: &str) -> Route {
        if path == "/" {
            return Route::Description;
        }
        if let Some((app, _)) = path.strip_prefix("/api/").and_then(|rest| rest.split_once('/')) {
            let app = self.apps.iter().find(|known| known.name() == app);
            return app.map_or(Route::Nothing, |app| Route::App(*app));
        }
        // The internal topic is private: nobody publishes to it from outside.
        let topic =
            path.strip_prefix("/eventgrid/").and_then(|rest| rest.strip_suffix("/api/events"));
        if topic == Some(Topic::RunnerEvents.name()) {
            Route::Publish(Topic::RunnerEvents)
        } else {
            Route::Nothing
        }
    }

    async fn pass(&self, app: Identity, request: Request) -> Response {
        let answer = self.dispatcher.send(app, request);
        tokio::time::timeout(ANSWER_WITHIN, answer).await.unwrap_or_else(|_| {
            let detail = "The app did not answer in time: it was applied or not. Read the state, then try again.";
            Problem::new(Class::Unavailable, "deadline", detail).into_response()
        })
    }
}

async fn answer(front: Arc<Front>, mut request: Request) -> Response {
    if is_too_large(&request) {
        let detail = "The body is larger than 100 MiB. Send less.";
        return web::security_headers(
            Problem::new(Class::TooLarge, "payload-too-large", detail).into_response(),
        );
    }
    rewrite(&mut request);
    let response = match front.route(request.uri().path()) {
        Route::Description => describe(&front),
        Route::App(app) => return front.pass(app, as_host(request, &*front.randomness)).await,
        Route::Publish(topic) if request.method() == Method::POST => {
            event_grid::publish(&front.topics, topic, request).await
        }
        Route::Publish(_) => {
            Problem::new(Class::Method, "method-not-allowed", "Publish events with POST.")
                .into_response()
        }
        Route::Nothing => Problem::not_found().into_response(),
    };
    web::security_headers(response)
}

fn describe(front: &Front) -> Response {
    let apps: Vec<_> = front.apps.iter().map(|app| format!("/api/{}", app.name())).collect();
    let description = json!({
        "name": "Proofline",
        "version": env!("CARGO_PKG_VERSION"),
        "apps": apps,
        "events": format!("/eventgrid/{}/api/events", Topic::RunnerEvents.name()),
    });
    Json(description).into_response()
}

fn is_too_large(request: &Request) -> bool {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length =
        length.and_then(|value| value.to_str().ok()).and_then(|value| value.parse::<u64>().ok());
    length.is_some_and(|length| length > BODY_BYTES_MAX)
}

pub(crate) fn rewrite(request: &mut Request) {
    let path = request.uri().path();
    if let Some((_, to)) = REWRITES.iter().find(|(from, _)| *from == path) {
        *request.uri_mut() = Uri::from_static(to);
    }
}

/// As the host passes it on (functions-host §1.4, column "proxying"): what the client said of these headers is overwritten.
fn as_host(request: Request, randomness: &dyn Randomness) -> Request {
    let (mut parts, body) = request.into_parts();
    let host = parts.headers.get(header::HOST).cloned();
    if let Some(host) = host {
        parts.headers.insert("x-forwarded-host", host);
    }
    parts.headers.insert("x-forwarded-for", HeaderValue::from_static("127.0.0.1"));
    parts.headers.insert("x-forwarded-proto", HeaderValue::from_static("http"));
    parts.headers.insert(HOST_VERSION, HOST_VERSION_VALUE);
    if let Ok(id) = HeaderValue::from_str(&guid(randomness)) {
        parts.headers.insert(INVOCATION_ID, id);
    }
    let max = usize::try_from(BODY_BYTES_MAX).unwrap_or(usize::MAX);
    Request::from_parts(parts, Body::new(Limited::new(body, max)))
}
