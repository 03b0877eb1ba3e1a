//! Handing requests and invocations to apps, wherever they run.

use std::time::Duration;

use async_trait::async_trait;
use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderName, HeaderValue, Method, header},
    response::Response,
};
use http_body_util::{BodyExt as _, Full, Limited};
use ports::{Identity, Randomness};
use serde_json::Value;

use super::answer::{Failure, judge};

/// Names an invocation.
pub(crate) const INVOCATION_ID: HeaderName =
    HeaderName::from_static("x-azure-functions-invocationid");
/// The host's version: which behaviour an app may expect.
pub(crate) const HOST_VERSION: HeaderName =
    HeaderName::from_static("x-azure-functions-hostversion");

/// The version of the host that this stands in for.
pub(crate) const HOST_VERSION_VALUE: HeaderValue = HeaderValue::from_static("4.1052.200.0");

/// The largest answer to an invocation that is read.
const ANSWER_BYTES_MAX: usize = 100 * 1024 * 1024;

/// The way to the one port of each app.
#[async_trait]
pub(crate) trait Dispatcher: Send + Sync {
    /// Hands over one request. An app that cannot be reached is an answer too: 503.
    async fn send(&self, app: Identity, request: Request) -> Response;
}

/// One invocation.
pub(crate) struct Invocation {
    /// Of which app.
    pub(crate) app: Identity,
    /// Which function.
    pub(crate) function: &'static str,
    /// A random GUID.
    pub(crate) id: String,
    /// How long the host waits.
    pub(crate) limit: Duration,
}

/// Invokes a function with `envelope`, and judges the answer as the host does.
pub(crate) async fn invoke(
    dispatcher: &dyn Dispatcher,
    invocation: Invocation,
    envelope: &Value,
) -> Result<Value, Failure> {
    let limit = invocation.limit;
    let answered = async {
        let response = dispatcher.send(invocation.app, request(&invocation, envelope)?).await;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|_| Failure::BrokenOff)?.to_bytes();
        let media_type =
            parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        judge(parts.status, media_type, &body)
    };
    tokio::time::timeout(limit, answered).await.unwrap_or(Err(Failure::Late))
}

/// As the host sends it: in chunks, without a length.
fn request(invocation: &Invocation, envelope: &Value) -> Result<Request, Failure> {
    let bytes = Bytes::from(envelope.to_string());
    let body = Body::new(Full::new(bytes).map_frame(|frame| frame));
    Request::builder()
        .method(Method::POST)
        .uri(format!("/{}", invocation.function))
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(header::USER_AGENT, "Azure-Functions-Host/4.1052.200.0")
        .header(HOST_VERSION, HOST_VERSION_VALUE)
        .header(INVOCATION_ID, &invocation.id)
        .body(body)
        .map_err(|_| Failure::BrokenOff)
}

/// A random GUID (version 4 of RFC 9562 §5.4).
pub(crate) fn guid(randomness: &dyn Randomness) -> String {
    guid_text(randomness).map(char::from).iter().collect()
}

/// The same in ASCII.
pub(crate) fn guid_text(randomness: &dyn Randomness) -> [u8; 36] {
    const DASHES: [usize; 4] = [8, 13, 18, 23];
    let random = u128::from_be_bytes(randomness.bytes::<16>());
    let mut left = (random & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    std::array::from_fn(|place| {
        if DASHES.contains(&place) {
            return b'-';
        }
        left = left.rotate_left(4);
        match (left & 0xf) as u8 {
            digit @ 0..10 => b'0' + digit,
            letter => b'a' + letter - 10,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ones;

    impl Randomness for Ones {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0xff);
        }
    }

    /// By Python: `uuid.UUID(bytes=b'\xff' * 16, version=4)`.
    #[test]
    fn a_guid_says_its_version() {
        assert_eq!(guid(&Ones), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
