//! Apps in processes of their own: requests are passed on as they came, both ways as streams.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Uri, header, uri::PathAndQuery},
    response::{IntoResponse as _, Response},
};
use domain::Class;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use ports::Identity;
use tokio::sync::watch;
use web::Problem;

use super::{children::State, dispatcher::Dispatcher};

/// How long a request waits for an app that is starting (functions-host §1.3 allows 120 s; clients give up before).
const START_WAIT: Duration = Duration::from_secs(30);

/// The headers that belong to one connection (RFC 9110 §7.6.1).
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Every app, by what is known of its process.
pub(crate) struct OverHttp {
    client: Client<HttpConnector, Body>,
    apps: HashMap<Identity, watch::Receiver<State>>,
}

impl OverHttp {
    pub(crate) fn new(apps: HashMap<Identity, watch::Receiver<State>>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { client: Client::builder(TokioExecutor::new()).build(connector), apps }
    }

    /// Until every app answered once; gives one that never did.
    pub(crate) async fn started(&self) -> Option<Identity> {
        for (app, state) in &self.apps {
            let mut state = state.clone();
            let known = state.wait_for(|state| *state != State::Starting).await.map(|state| *state);
            if !matches!(known, Ok(State::Ready(_))) {
                return Some(*app);
            }
        }
        None
    }

    async fn port(&self, app: Identity) -> Option<u16> {
        let mut app = self.apps.get(&app)?.clone();
        let known = app.wait_for(|state| *state != State::Starting);
        match *tokio::time::timeout(START_WAIT, known).await.ok()?.ok()? {
            State::Ready(port) => Some(port),
            State::Starting | State::Ended => None,
        }
    }
}

#[async_trait]
impl Dispatcher for OverHttp {
    async fn send(&self, app: Identity, mut request: Request) -> Response {
        let Some(port) = self.port(app).await else {
            return unavailable("The app is not running. Try again later.");
        };
        if readdress(&mut request, port).is_none() {
            return Problem::not_found().into_response();
        }
        match self.client.request(request).await {
            Ok(response) => {
                let (mut parts, body) = response.into_parts();
                remove_hop_by_hop(&mut parts.headers);
                Response::from_parts(parts, Body::new(body))
            }
            Err(error) => {
                tracing::warn!(app = app.name(), error = %error, "an app did not answer");
                unavailable(
                    "The app did not answer: it was applied or not. Read the state, then try again.",
                )
            }
        }
    }
}

/// The same path and query, as they were sent, at the app's own port.
fn readdress(request: &mut Request, port: u16) -> Option<()> {
    let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let uri: Uri = format!("http://127.0.0.1:{port}{path}").parse().ok()?;
    *request.uri_mut() = uri;
    remove_hop_by_hop(request.headers_mut());
    let host = HeaderValue::from_str(&format!("127.0.0.1:{port}")).ok()?;
    request.headers_mut().insert(header::HOST, host);
    Some(())
}

pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let is_hop_by_hop = |name: &HeaderName| HOP_BY_HOP.contains(name) || name == "keep-alive";
    // Most often there is none, and a look at all is sooner done than a search for each.
    if !headers.keys().any(is_hop_by_hop) {
        return;
    }
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}

fn unavailable(detail: &str) -> Response {
    let problem = Problem::new(Class::Unavailable, "unavailable", detail);
    let response =
        problem.header(header::RETRY_AFTER, HeaderValue::from_static("1")).into_response();
    web::security_headers(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_connection_stay_behind() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close, X-Mine"));
        headers.insert("x-mine", HeaderValue::from_static("1"));
        headers.insert("keep-alive", HeaderValue::from_static("1"));
        headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        headers.insert("signature", HeaderValue::from_static("kept"));
        remove_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["signature"]);
    }

    #[test]
    fn the_path_is_passed_on_as_it_was_sent() {
        let mut request =
            Request::builder().uri("/api/runs/a%2fb?x=1&x=2").body(Body::empty()).unwrap();
        readdress(&mut request, 9).unwrap();
        assert_eq!(request.uri(), "http://127.0.0.1:9/api/runs/a%2fb?x=1&x=2");
        assert_eq!(request.headers()[header::HOST], "127.0.0.1:9");
    }
}
