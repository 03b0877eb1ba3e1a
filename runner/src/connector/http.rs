//! `http`: what one endpoint answers to a GET.
//!
//! No redirects, no proxy, no cookies. Evidence: `{url, status, headers, truncated}`, header names in lower case and the values
//! of a repeated name joined by `", "`, and `body`, as JSON where the answer says so, else as text where it is text.

use std::collections::BTreeMap;

use domain::procedure::Http;
use http::HeaderMap;
use protocol::trust_policy::TrustPolicy;
use reqwest::{Client, Response, Url, redirect};
use serde_json::{Value, json};

use super::{Bounds, CollectError, Collected, egress};

pub(super) async fn collect(
    settings: &Http,
    policy: &TrustPolicy,
    bounds: &Bounds<'_>,
) -> Result<Collected, CollectError> {
    let url: Url =
        settings.url.parse().map_err(|_| CollectError::denied("the address is not a URL"))?;
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err(CollectError::denied("the address names no host"));
    };
    let addresses = egress::admit(host, port, policy).await?;
    let client = crate::http_client::builder()
        .redirect(redirect::Policy::none())
        .resolve_to_addrs(host, &addresses);
    let client = crate::http_client::build(client)
        .map_err(|error| CollectError::unreachable(error.to_string()))?;
    answer(&client, url, bounds).await
}

async fn answer(client: &Client, url: Url, bounds: &Bounds<'_>) -> Result<Collected, CollectError> {
    let unreachable = |error: reqwest::Error| CollectError::unreachable(chain_of(&error));
    let mut response = client.get(url.clone()).send().await.map_err(unreachable)?;
    let status = response.status().as_u16();
    let headers = lower_case(response.headers());
    let (body, is_truncated) = read(&mut response, bounds.max_bytes).await.map_err(unreachable)?;
    let mut value = json!({
        "url": url.as_str(), "status": status, "headers": headers, "truncated": is_truncated,
    });
    if let Some(body) = content(&headers, &body, is_truncated)? {
        value.as_object_mut().map(|fields| fields.insert("body".to_owned(), body));
    }
    Ok(Collected::of(value))
}

async fn read(response: &mut Response, max_bytes: u64) -> Result<(Vec<u8>, bool), reqwest::Error> {
    let max = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > max {
            body.truncate(max);
            return Ok((body, true));
        }
    }
    Ok((body, false))
}

fn content(
    headers: &BTreeMap<String, String>,
    body: &[u8],
    is_truncated: bool,
) -> Result<Option<Value>, CollectError> {
    let media_type = headers.get("content-type").map(String::as_str).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let is_json = essence == "application/json" || essence.ends_with("+json");
    if is_json && !is_truncated {
        return serde_json::from_slice(body).map(Some).map_err(|error| {
            CollectError::unreadable(format!("the answer says JSON and is not: {error}"))
        });
    }
    Ok(std::str::from_utf8(body).ok().map(Value::from))
}

fn lower_case(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str().to_owned())
            .and_modify(|known| {
                known.push_str(", ");
                known.push_str(&value);
            })
            .or_insert_with(|| value.clone().into_owned());
    }
    joined
}

fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use domain::run::ReasonCode;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;
    use crate::connector::{
        is_truncated,
        tests::{assert_check, bounds, policy},
    };

    /// Answers one request with `answer`, and collects from it at `path`.
    async fn ask(answer: &str) -> Result<Collected, CollectError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let settings = Http { url: format!("http://{address}/health") };
        let scratch = tempfile::tempdir().unwrap();
        let (policy, bounds) = (policy(&[], &[address]), bounds(scratch.path()));
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4_096];
            let length = stream.read(&mut request).await.unwrap();
            assert!(request[..length].starts_with(b"GET /health HTTP/1.1\r\n"));
            // The client hangs up on an answer that is too long.
            stream.write_all(answer.as_bytes()).await.unwrap_or_default();
        };
        tokio::join!(collect(&settings, &policy, &bounds), serve).0
    }

    #[tokio::test]
    async fn an_answer_is_collected_with_its_headers() {
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\
            X-Twice: a\r\nX-TWICE: b\r\nConnection: close\r\n\r\n{\"up\": true}\n";
        let collected = ask(answer).await.unwrap();
        assert_check(
            &collected.value,
            "value.status == 200 && value.headers['x-twice'] == 'a, b' && value.body.up",
            &json!({ "status": 503, "headers": { "x-twice": "" }, "body": { "up": false } }),
        );
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_not_followed() {
        let answer = "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n\
            Content-Length: 0\r\nConnection: close\r\n\r\n";
        let collected = ask(answer).await.unwrap();
        assert_eq!(collected.value["status"], 302);
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_cut() {
        let body = "x".repeat(64 * 1024 + 1);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n";
        assert!(is_truncated(&ask(&format!("{head}{body}")).await.unwrap().value));
        assert!(!is_truncated(&ask(&format!("{head}{}", &body[1..])).await.unwrap().value));
    }

    #[tokio::test]
    async fn json_that_is_none_is_unreadable() {
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/problem+json; charset=utf-8\r\n\
            Content-Length: 1\r\nConnection: close\r\n\r\n{";
        assert_eq!(ask(answer).await.unwrap_err().reason, ReasonCode::OutputUnreadable);
    }

    #[tokio::test]
    async fn nobody_there_is_unreachable_and_an_unlisted_host_is_denied() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let scratch = tempfile::tempdir().unwrap();
        let settings = Http { url: format!("http://{address}/") };
        let listed = policy(&[], std::slice::from_ref(&address));
        let refused = collect(&settings, &listed, &bounds(scratch.path())).await.unwrap_err();
        assert_eq!(refused.reason, ReasonCode::TargetUnreachable);
        let denied =
            collect(&settings, &policy(&[], &[]), &bounds(scratch.path())).await.unwrap_err();
        assert_eq!(denied.reason, ReasonCode::PolicyDenied);
    }
}
