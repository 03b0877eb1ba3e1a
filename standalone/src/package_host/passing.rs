//! Plain HTTP functions: requests passed on to the handler, as streams or built again (functions-host §1.4, §3).

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody as _},
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::Response,
};
use http_body_util::{BodyExt as _, Limited};
use tokio::time::Instant;

use super::{
    connections::Answer,
    invoke::USER_AGENT,
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
/// The largest answer that forwarding holds at once.
const ANSWER_BYTES_MAX: usize = 100 * 1024 * 1024;

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

/// Passes a request on as the host builds it again: buffered both ways, with the losses of functions-host §3.
pub(crate) async fn forward(site: &Site, app: &Arc<App>, request: Request) -> Response {
    let dead = || empty(StatusCode::INTERNAL_SERVER_ERROR);
    let Ok(life) = app.worker.ready().await else { return dead() };
    let (mut parts, body) = request.into_parts();
    let progress = Progress::new();
    let has_length = length(&parts.headers).is_some_and(|length| length > 0);
    let max = usize::try_from(site.body_bytes_max).unwrap_or(usize::MAX);
    // A body in chunks is dropped, whatever is in it.
    let body = if has_length {
        match Limited::new(body, max).collect().await {
            Ok(body) => Body::from(body.to_bytes()),
            Err(_) => return empty(StatusCode::PAYLOAD_TOO_LARGE),
        }
    } else {
        Body::empty()
    };
    rebuilt_head(&mut parts.headers, site.invocation_id());
    parts.uri = rebuilt(&parts.uri);
    let Ok(response) = answered(site, app, life, Request::from_parts(parts, body), &progress).await
    else {
        return dead();
    };
    let (mut parts, body) = response.into_parts();
    remove_hop_by_hop(&mut parts.headers);
    match Limited::new(body, ANSWER_BYTES_MAX).collect().await {
        Ok(body) => Response::from_parts(parts, Body::from(body.to_bytes())),
        Err(_) => dead(),
    }
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

/// The column "forwarding": appended after what the client said, and content headers lost.
fn rebuilt_head(headers: &mut HeaderMap, id: HeaderValue) {
    remove_hop_by_hop(headers);
    let is_lost = |name: &HeaderName| {
        name.as_str().starts_with("content-")
            && name != header::CONTENT_TYPE
            && name != header::CONTENT_LENGTH
    };
    let lost: Vec<HeaderName> = headers.keys().filter(|name| is_lost(name)).cloned().collect();
    for name in lost {
        headers.remove(name);
    }
    headers.append(HOST_VERSION, HOST_VERSION_VALUE);
    headers.append(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    headers.append(INVOCATION_ID, id);
}

/// The display URL: the path decoded and encoded again, repeated members of the query joined with commas.
fn rebuilt(uri: &Uri) -> Uri {
    let path: String = super::routes::decode(uri.path()).bytes().map(encoded).collect();
    let mut members: Vec<(&str, Vec<&str>)> = Vec::new();
    for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match members.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, values)) => values.push(value),
            None => members.push((name, vec![value])),
        }
    }
    let members: Vec<String> =
        members.iter().map(|(name, values)| format!("{name}={}", values.join(","))).collect();
    let query = if members.is_empty() { String::new() } else { format!("?{}", members.join("&")) };
    format!("{path}{query}").parse().unwrap_or_else(|_| uri.clone())
}

fn encoded(byte: u8) -> String {
    // What may stand in a path as it is (RFC 3986 §3.3), and the percent sign of what stayed encoded.
    if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&byte) {
        return char::from(byte).to_string();
    }
    format!("%{byte:02X}")
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
    use super::*;

    #[test]
    fn a_forwarded_address_is_built_again() {
        let again = |uri: &'static str| rebuilt(&Uri::from_static(uri)).to_string();
        assert_eq!(again("/api/x?a=1&a=2&b=3"), "/api/x?a=1,2&b=3");
        assert_eq!(again("/api/%41%20b"), "/api/A%20b");
        assert_eq!(again("/api/a%2Fb"), "/api/a%2Fb");
    }

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
