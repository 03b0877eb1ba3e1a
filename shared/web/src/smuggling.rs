//! Headers by which somebody could pass for somebody else, or for another request: taken off before anything reads them.

use axum::http::HeaderMap;

/// Headers that a platform in front of us may set for itself, and that nobody else is believed. Our own front sets none of them to be read here;
/// `x-forwarded-for` stays, for the limits count from its right end.
pub(crate) const UNTRUSTED: [&str; 24] = [
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-host",
    "x-original-host",
    "x-original-url",
    "x-rewrite-url",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-arr-clientcert",
    "x-arr-ssl",
    "x-azure-fdid",
    "x-client-cert",
    "x-ms-client-principal",
    "x-ms-client-principal-id",
    "x-ms-client-principal-name",
    "x-ms-client-principal-idp",
    "x-ms-token-aad-access-token",
    "x-ms-token-aad-id-token",
];

/// The most header lines of a request.
pub(crate) const LINES_MAX: usize = 96;
/// The most bytes of all header lines of a request, names and values.
pub(crate) const BYTES_MAX: usize = 24 * 1024;

/// Takes off what nobody is believed.
pub(crate) fn strip(headers: &mut HeaderMap) {
    for name in UNTRUSTED {
        headers.remove(name);
    }
}

/// Whether there is more of headers than any request needs.
pub(crate) fn is_flood(headers: &HeaderMap) -> bool {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    headers.len() > LINES_MAX || bytes > BYTES_MAX
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    /// Threat T75: each of them is gone, however often it was sent, and what is ours stays.
    #[test]
    fn what_nobody_is_believed_is_taken_off() {
        let mut headers = HeaderMap::new();
        for name in UNTRUSTED {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("a"));
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("b"));
        }
        headers.insert("authorization", HeaderValue::from_static("Bearer x"));
        headers.insert("x-forwarded-for", HeaderValue::from_static("203.0.113.1"));
        strip(&mut headers);
        // A map of headers has no order.
        let left: BTreeSet<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, BTreeSet::from(["authorization", "x-forwarded-for"]));
    }

    /// Threat T86.
    #[test]
    fn a_flood_is_one_line_or_one_byte_too_much() {
        let lines = |count: usize| {
            let mut headers = HeaderMap::new();
            for number in 0..count {
                let name: HeaderName = format!("x-{number}").parse().unwrap();
                headers.insert(name, HeaderValue::from_static(""));
            }
            headers
        };
        assert!(!is_flood(&lines(LINES_MAX)));
        assert!(is_flood(&lines(LINES_MAX + 1)));
        let bytes = |count: usize| {
            let mut headers = HeaderMap::new();
            headers.insert("x", HeaderValue::from_str(&"a".repeat(count - 1)).unwrap());
            headers
        };
        assert!(!is_flood(&bytes(BYTES_MAX)));
        assert!(is_flood(&bytes(BYTES_MAX + 1)));
    }
}
