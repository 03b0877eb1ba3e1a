//! Plain HTTP functions: requests passed on to the handler, as streams or built again (functions-host §1.4, §3).

mod forward;

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody as _},
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use tokio::time::Instant;

pub(crate) use self::forward::forward;
use super::{
    connections::Answer,
    site::{App, Site},
    watched::{Progress, Received, Sent},
    worker::Life,
};
use crate::serve::{
    dispatcher::{HOST_VERSION, HOST_VERSION_VALUE, INVOCATION_ID},
    over_http::remove_hop_by_hop,
};

/// How long the platform's front end waits for an answer to begin.
const ANSWER_WITHIN: Duration = Duration::from_secs(230);

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-invocation-id");

/// Why there is no answer of the handler.
enum Silent {
    Dead,
    Late,
    TooLarge,
}

/// Passes a request on as a stream in both directions.
pub(crate) async fn proxy(site: &Site, app: &Arc<App>, request: Request) -> Response {
    let Ok(life) = app.worker.ready().await else {
        return said(StatusCode::BAD_GATEWAY, "the handler does not run");
    };
    let (mut parts, body) = request.into_parts();
    let progress = Progress::new();
    head(&mut parts.headers, app.connections.host(), site.invocation_id());
    let body = if body.is_end_stream() {
        body
    } else {
        Body::new(Sent { body, left: site.body_bytes_max, progress: Arc::clone(&progress) })
    };
    match answered(site, app, life, Request::from_parts(parts, body), &progress).await {
        Ok(response) => stream(site, app, life, response, progress.began()),
        Err(Silent::TooLarge) => said(StatusCode::PAYLOAD_TOO_LARGE, ""),
        Err(Silent::Late) => {
            said(StatusCode::GATEWAY_TIMEOUT, "the handler did not answer in time")
        }
        Err(Silent::Dead) => {
            said(StatusCode::BAD_GATEWAY, "the handler did not answer: it was applied or not")
        }
    }
}

/// Waits for the head of the answer: while bytes pass, for at most 230 s, and not longer than `functionTimeout`.
async fn answered(
    site: &Site,
    app: &App,
    life: Life,
    request: Request,
    progress: &Progress,
) -> Result<Response<Answer>, Silent> {
    let fate = site.chaos.next(&app.name);
    if !fate.delay.is_zero() {
        tokio::time::sleep(fate.delay).await;
    }
    let response = app.connections.request(request);
    tokio::pin!(response);
    if let Some(after) = fate.killed_after {
        tokio::time::timeout(after, &mut response).await.ok();
        app.worker.kill(life);
        return Err(Silent::Dead);
    }
    let last =
        progress.began() + app.host.function_timeout.unwrap_or(ANSWER_WITHIN).min(ANSWER_WITHIN);
    loop {
        let until = (progress.last() + site.times.idle).min(last);
        match tokio::time::timeout_at(until, &mut response).await {
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(_)) if progress.is_too_large() => return Err(Silent::TooLarge),
            Ok(Err(error)) => {
                tracing::warn!(app = app.name, error = %error, "a handler did not answer");
                return Err(Silent::Dead);
            }
            Err(_)
                if Instant::now() < last && progress.last() + site.times.idle > Instant::now() => {}
            Err(_) => {
                if app
                    .host
                    .function_timeout
                    .is_some_and(|limit| progress.began().elapsed() >= limit)
                {
                    tracing::error!(app = app.name, "a request took longer than functionTimeout");
                    app.worker.kill(life);
                }
                return Err(Silent::Late);
            }
        }
    }
}

fn stream(
    site: &Site,
    app: &Arc<App>,
    life: Life,
    response: Response<Answer>,
    began: Instant,
) -> Response {
    let (mut parts, body) = response.into_parts();
    remove_hop_by_hop(&mut parts.headers);
    if body.is_end_stream() {
        return Response::from_parts(parts, Body::new(body));
    }
    let owner = Arc::clone(app);
    let kill = move || {
        tracing::error!(app = owner.name, "an answer took longer than functionTimeout");
        owner.worker.kill(life);
    };
    let deadline = app.host.function_timeout.map(|limit| (began + limit, Box::new(kill) as Box<_>));
    let body = Received { body, idle: site.times.idle, deadline, silence: None };
    Response::from_parts(parts, Body::new(body))
}

/// The column "proxying" of functions-host §1.4: what the client said of these is overwritten.
fn head(headers: &mut HeaderMap, host: &HeaderValue, id: HeaderValue) {
    remove_hop_by_hop(headers);
    if let Some(public) = headers.insert(header::HOST, host.clone()) {
        headers.insert(FORWARDED_HOST, public);
    }
    headers.insert(FORWARDED_FOR, HeaderValue::from_static("127.0.0.1"));
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    headers.insert(HOST_VERSION, HOST_VERSION_VALUE);
    headers.insert(REQUEST_ID, id.clone());
    headers.insert(INVOCATION_ID, id);
}

/// What `Content-Length` says.
pub(crate) fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// An answer of the host itself, without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    said(status, "")
}

/// An answer of the host itself, with a sentence for whoever looks.
pub(crate) fn said(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    if !text.is_empty() {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, plain);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::{super::invoke::USER_AGENT, forward::rebuilt_head, *};

    #[test]
    fn what_a_client_says_of_the_host_is_overwritten_or_comes_first() {
        let sent = || {
            let mut headers = HeaderMap::new();
            for (name, value) in [
                ("host", "a.example"),
                ("x-azure-functions-invocationid", "forged"),
                ("x-forwarded-for", "9.9.9.9"),
                ("user-agent", "mine"),
                ("traceparent", "00-1"),
                ("content-encoding", "gzip"),
                ("content-type", "text/plain"),
            ] {
                headers.insert(name, HeaderValue::from_static(value));
            }
            headers
        };
        let all = |headers: &HeaderMap, name: &str| {
            headers
                .get_all(name)
                .iter()
                .map(|value| value.to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let mut proxied = sent();
        let real = || HeaderValue::from_static("real");
        head(&mut proxied, &HeaderValue::from_static("127.0.0.1:9"), real());
        assert_eq!(all(&proxied, "x-azure-functions-invocationid"), ["real"]);
        assert_eq!(all(&proxied, "x-ms-invocation-id"), ["real"]);
        assert_eq!(all(&proxied, "x-forwarded-for"), ["127.0.0.1"]);
        assert_eq!(all(&proxied, "x-forwarded-host"), ["a.example"]);
        assert_eq!(all(&proxied, "host"), ["127.0.0.1:9"]);
        assert_eq!(all(&proxied, "user-agent"), ["mine"]);
        assert_eq!(all(&proxied, "traceparent"), ["00-1"]);
        assert_eq!(all(&proxied, "content-encoding"), ["gzip"]);
        let mut forwarded = sent();
        rebuilt_head(&mut forwarded, real());
        assert_eq!(all(&forwarded, "x-azure-functions-invocationid"), ["forged", "real"]);
        assert_eq!(all(&forwarded, "user-agent"), ["mine", USER_AGENT]);
        assert_eq!(all(&forwarded, "host"), ["a.example"]);
        assert_eq!(all(&forwarded, "content-encoding"), Vec::<String>::new());
        assert_eq!(all(&forwarded, "content-type"), ["text/plain"]);
    }
}
