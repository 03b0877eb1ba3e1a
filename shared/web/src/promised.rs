//! The header by which an answer says what the log was promised.

use axum::{
    http::{HeaderName, HeaderValue},
    response::Response,
};
use store::Promises;

/// One line for each change that was committed: the event, the digest of its intent, by when it is in the log, and the app's signature over that
/// ([`protocol::promise`]). Whoever keeps it can demand the row.
pub const PROMISE_HEADER: HeaderName = HeaderName::from_static(protocol::promise::PROMISE_HEADER);

/// Readers of HTTP take some hundred header lines and refuse an answer with more. A batch of a Runner may be as many changes; what it was promised
/// stands in its receipts.
const LINES_MAX: usize = 16;

/// Puts what was promised into the answer: at most [`LINES_MAX`] lines.
pub(crate) fn promise(response: &mut Response, promises: &Promises) {
    for line in promises.lines().into_iter().take(LINES_MAX) {
        if let Ok(value) = HeaderValue::from_str(&line) {
            response.headers_mut().append(PROMISE_HEADER, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn an_answer_without_a_change_promises_nothing() {
        let mut response = Response::new(Body::empty());
        promise(&mut response, &Promises::default());
        assert!(response.headers().is_empty());
    }
}
