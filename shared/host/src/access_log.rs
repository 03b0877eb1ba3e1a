//! One structured line for each request and invocation.
//!
//! | field | holds |
//! |---|---|
//! | `app` | the app's name |
//! | `request.id` | ours; the `request-id` header of the answer |
//! | `invocation.id` | the Functions host's, from the last `X-Azure-Functions-InvocationId` header |
//! | `endpoint` | the endpoint's path with its parameters' names, or the trigger's name |
//! | `method` | of HTTP |
//! | `status` | of HTTP |
//! | `class` | `success`, or the code of the problem |
//! | `duration_ms` | until the answer's head |
//! | `tenant.id`, `actor` | who was admitted, or refused although known |
//!
//! Never: paths as they were sent, query strings (`?code=` is a key), headers, bodies.

use std::time::Instant;

use axum::{
    extract::Request,
    http::{HeaderMap, Method},
    response::Response,
};
use ports::Identity;
use web::{Problem, Served};

/// The header that names an invocation. A client can send one of its own, which the host puts first.
const INVOCATION_ID: &str = "x-azure-functions-invocationid";
/// A GUID has 36 characters; more is somebody's play.
const INVOCATION_ID_MAX: usize = 64;

/// A line that waits for its answer.
pub(crate) struct LogLine {
    identity: Identity,
    method: Method,
    invocation: Option<String>,
    began: Instant,
}

impl LogLine {
    pub(crate) fn begin(identity: Identity, request: &Request) -> Self {
        let invocation = last_invocation_id(request.headers());
        Self { identity, method: request.method().clone(), invocation, began: Instant::now() }
    }

    pub(crate) fn write(self, response: &Response) {
        let served = response.extensions().get::<Served>();
        let admitted = served.and_then(|served| served.admitted.as_ref());
        let request =
            served.map(|served| served.request.to_string()).or_else(|| request_id(response));
        let tenant = admitted.map(|admitted| admitted.tenant.to_string());
        let status = response.status().as_u16();
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    app = self.identity.name(),
                    request.id = request.as_deref(),
                    invocation.id = self.invocation.as_deref(),
                    endpoint = served.map(|served| served.endpoint),
                    method = self.method.as_str(),
                    status,
                    class = class(response),
                    duration_ms = self.began.elapsed().as_secs_f64() * 1000.0,
                    tenant.id = tenant.as_deref(),
                    actor = admitted.map(|admitted| admitted.actor.as_str()),
                    "answered"
                )
            };
        }
        match status {
            500.. => line!(error),
            400..500 => line!(warn),
            _ => line!(info),
        }
    }
}

fn class(response: &Response) -> &'static str {
    match response.extensions().get::<Problem>() {
        Some(problem) => problem.code,
        None if response.status().is_success() => "success",
        None => "refused",
    }
}

fn request_id(response: &Response) -> Option<String> {
    response.headers().get("request-id")?.to_str().ok().map(str::to_owned)
}

fn last_invocation_id(headers: &HeaderMap) -> Option<String> {
    let last = headers.get_all(INVOCATION_ID).iter().next_back()?.to_str().ok()?;
    // Several values may have been joined into one on their way.
    let last = last.rsplit(',').next().unwrap_or_default().trim();
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_usable = !last.is_empty() && last.len() <= INVOCATION_ID_MAX && last.bytes().all(is_id);
    is_usable.then(|| last.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(INVOCATION_ID, value.parse().unwrap());
        }
        last_invocation_id(&headers)
    }

    #[test]
    fn the_last_invocation_id_counts_because_a_client_can_only_be_first() {
        let (forged, real) =
            ("11111111-1111-1111-1111-111111111111", "0c0f9a7e-0000-4000-8000-000000000000");
        assert_eq!(last(&[forged, real]).as_deref(), Some(real));
        assert_eq!(last(&[&format!("{forged}, {real}")]).as_deref(), Some(real));
        assert_eq!(last(&[]), None);
    }

    #[test]
    fn what_is_no_id_is_not_logged() {
        assert!(last(&[&"a".repeat(64)]).is_some());
        assert_eq!(last(&[&"a".repeat(65)]), None);
        assert_eq!(last(&["a secret"]), None);
    }
}
