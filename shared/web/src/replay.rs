//! What a request with an `Idempotency-Key` did is done once: sent again, it is answered again (draft-ietf-httpapi-idempotency-key-header).
//!
//! It stands around every endpoint by which users create or do something. The key is noted before the endpoint runs and the answer after it, so that a
//! process that is killed in between leaves a key whose answer is not known: that is said, and nothing is done twice. What waits for the log takes its
//! key itself ([`Once`](crate::Once)); here it is only held to the words that it was sent with.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::{Class, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{Asked, Known, Promises};

use crate::{
    Caller, Endpoint, Gate, IdempotencyKey, Method, PROMISE_HEADER, Problem, promised::promise,
};

/// Says that an answer was given before.
pub(crate) const REPLAYED_HEADER: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Keeps the digests from meaning anything else, or each other.
const NAME: &str = "proofline-asked-v1 name";
const WORDS: &str = "proofline-asked-v1 words";
const SEAL: &str = "proofline-asked-v1 seal";

/// A request that was begun longer ago than any may last is not being done any more.
const LASTS_AT_MOST: Duration = Duration::from_mins(5);
const KEPT_HEADERS: [HeaderName; 2] = [header::CONTENT_TYPE, PROMISE_HEADER];

/// An answer as it is kept.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Whether `endpoint` is one that this stands around: it creates or does something for a user.
pub(crate) fn is_kept(endpoint: &Endpoint) -> bool {
    endpoint.method == Method::Post && endpoint.permission().is_some()
}

/// Runs the endpoint, or answers as before.
pub(crate) async fn answer(
    gate: &Gate,
    caller: Option<&Caller>,
    promises: &Promises,
    request: Request,
    next: Next,
) -> Response {
    let Some(caller) = caller.filter(|caller| is_kept(caller.endpoint())) else {
        return run(request, next, promises).await;
    };
    match IdempotencyKey::of(request.headers()) {
        Ok(IdempotencyKey(None)) => run(request, next, promises).await,
        Ok(IdempotencyKey(Some(key))) => once(gate, caller, promises, &key, request, next).await,
        Err(problem) => problem.into_response(),
    }
}

async fn run(request: Request, next: Next, promises: &Promises) -> Response {
    let mut response = next.run(request).await;
    promise(&mut response, promises);
    response
}

async fn once(
    gate: &Gate,
    caller: &Caller,
    promises: &Promises,
    key: &str,
    request: Request,
    next: Next,
) -> Response {
    let (asked, request) = match asked(caller, key, request).await {
        Ok(asked) => asked,
        Err(problem) => return problem.into_response(),
    };
    let known = match caller.data.ask_once(&asked, caller.now).await {
        Ok(known) => known,
        Err(error) => return Problem::from(error).into_response(),
    };
    let takes_its_key = caller.endpoint().takes_its_key();
    match known {
        Known::Other => mismatch().into_response(),
        Known::First | Known::Begun(_) | Known::Answered(_) if takes_its_key => {
            run(request, next, promises).await
        }
        Known::Answered(kept) => again(&kept),
        Known::Begun(at) => unknown(at, caller.now).into_response(),
        Known::First => {
            let response = run(request, next, promises).await;
            keep(gate, caller, &asked, response).await
        }
    }
}

/// The request by its key, and the same request to be run.
async fn asked(caller: &Caller, key: &str, request: Request) -> Result<(Asked, Request), Problem> {
    let (parts, body) = request.into_parts();
    let max = caller.endpoint().body_bytes_max;
    let body = to_bytes(body, max).await.map_err(|_| {
        let detail = format!("This endpoint reads at most {max} bytes.");
        Problem::new(Class::TooLarge, "payload-too-large", detail).with("max", max)
    })?;
    let (tenant, user) = (caller.data.tenant().to_string(), caller.user.to_string());
    let mine = [tenant.as_bytes(), user.as_bytes(), key.as_bytes()];
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    // Under the key, which is not stored: a body has passwords, and nobody tests guesses against the digest.
    let words = [key.as_bytes(), parts.method.as_str().as_bytes(), target.as_bytes(), &body];
    let asked = Asked::new(hex(digest(NAME, mine)), hex(digest(WORDS, words)), digest(SEAL, mine));
    Ok((asked, Request::from_parts(parts, Body::from(body))))
}

/// SHA-256 over the context and the parts, each after its length.
fn digest<const N: usize>(context: &str, parts: [&[u8]; N]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(context);
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn hex(digest: [u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Keeps what was answered. What failed on our side stays begun: it may have been done.
async fn keep(gate: &Gate, caller: &Caller, asked: &Asked, response: Response) -> Response {
    let class = response.extensions().get::<Problem>().map(|problem| problem.class);
    if matches!(class, Some(Class::Internal | Class::Unavailable)) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let body = match to_bytes(body, usize::MAX).await {
        Ok(body) => body,
        Err(error) => return Problem::internal(&error).into_response(),
    };
    let kept = parts.status.is_success().then(|| kept(parts.status, &parts.headers, &body));
    let kept = kept.map(|kept| serde_json::to_vec(&kept).unwrap_or_default());
    let randomness = &*gate.ports.randomness;
    if let Err(error) = caller.data.answer_once(asked, kept.as_deref(), randomness).await {
        // It was done, and is answered. Sent again, its answer is not known: nothing is done twice.
        tracing::warn!(error = %error, "an answer was not kept");
    }
    Response::from_parts(parts, Body::from(body))
}

fn kept(status: StatusCode, headers: &axum::http::HeaderMap, body: &Bytes) -> Kept {
    let lines = headers.iter().filter(|(name, _)| KEPT_HEADERS.contains(name));
    let line = |(name, value): (&HeaderName, &HeaderValue)| {
        value.to_str().ok().map(|value| (name.to_string(), value.to_owned()))
    };
    Kept {
        status: status.as_u16(),
        headers: lines.filter_map(line).collect(),
        body: String::from_utf8_lossy(body).into_owned(),
    }
}

fn again(kept: &[u8]) -> Response {
    let Ok(Kept { status, headers, body }) = serde_json::from_slice(kept) else {
        return Problem::internal(&"an answer that was kept is none").into_response();
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED_HEADER, HeaderValue::from_static("true"));
    response
}

fn mismatch() -> Problem {
    let detail = "This Idempotency-Key came with another request within the last day. Send this one with a key of its own.";
    Problem::new(Class::Unprocessable, "idempotency-mismatch", detail)
}

/// Begun by somebody else, now or before.
fn unknown(begun_at: Timestamp, now: Timestamp) -> Problem {
    if now.since(begun_at) < LASTS_AT_MOST {
        let detail =
            "A request with this Idempotency-Key is being done. Send it again in a moment.";
        return Problem::new(Class::Conflict, "idempotency-in-progress", detail)
            .header(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    let detail = "A request with this Idempotency-Key was begun, and what became of it is not known: it may have been done. \
                  Read what is there; if it is to be done still, send it with another key.";
    Problem::new(Class::Conflict, "idempotency-unknown", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_ways_to_cut_a_request_have_the_same_digest() {
        let whole = digest(NAME, [b"ab", b"c", b""]);
        assert_ne!(whole, digest(NAME, [b"a", b"bc", b""]));
        assert_ne!(whole, digest(WORDS, [b"ab", b"c", b""]));
    }

    #[test]
    fn an_answer_is_given_again_as_it_was_kept() {
        let mut headers = axum::http::HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::SET_COOKIE, HeaderValue::from_static("a=b"));
        headers.append(PROMISE_HEADER, HeaderValue::from_static("event=aud_1"));
        headers.append(PROMISE_HEADER, HeaderValue::from_static("event=aud_2"));
        let kept = kept(StatusCode::CREATED, &headers, &Bytes::from_static(b"{}"));
        let response = again(&serde_json::to_vec(&kept).unwrap());
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers().get_all(PROMISE_HEADER).iter().count(), 2);
        assert_eq!(response.headers()[REPLAYED_HEADER], "true");
        assert!(response.headers().get(header::SET_COOKIE).is_none());
    }

    #[test]
    fn a_key_whose_answer_is_not_known_is_in_progress_for_five_minutes() {
        let at = Timestamp::from_unix_s(1_795_219_200);
        let code = |after_s| unknown(at, at.plus(Duration::from_secs(after_s))).code;
        assert_eq!((code(0), code(299)), ("idempotency-in-progress", "idempotency-in-progress"));
        assert_eq!(code(300), "idempotency-unknown");
    }
}
