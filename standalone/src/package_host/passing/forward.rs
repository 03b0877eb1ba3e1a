//! Requests that the host builds again: buffered both ways, with the losses of functions-host §3.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::Response,
};
use http_body_util::{BodyExt as _, Limited};

use super::{
    super::{
        invoke::USER_AGENT,
        routes::decode,
        site::{App, Site},
        watched::Progress,
    },
    answered, empty, length,
};
use crate::serve::{
    dispatcher::{HOST_VERSION, HOST_VERSION_VALUE, INVOCATION_ID},
    over_http::remove_hop_by_hop,
};

/// The largest answer that is held at once.
const ANSWER_BYTES_MAX: usize = 100 * 1024 * 1024;

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

/// The column "forwarding": appended after what the client said, and content headers lost.
pub(super) fn rebuilt_head(headers: &mut HeaderMap, id: HeaderValue) {
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
    let path: String = decode(uri.path()).bytes().map(encoded).collect();
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
}
