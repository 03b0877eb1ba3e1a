//! What each setting must look like, and what it is read as.

use axum::http::Uri;
use tracing_subscriber::filter::Targets;

/// Each is 32 bytes in base64url without padding.
pub(super) fn thumbprints(text: &str) -> Option<Vec<String>> {
    let is_one = |text: &str| {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        text.len() == 43 && text.bytes().all(is_allowed)
    };
    let named = text.split(',').map(str::trim).filter(|text| !text.is_empty());
    named.map(|text| is_one(text).then(|| text.to_owned())).collect()
}

pub(super) fn deployment(text: &str) -> Option<String> {
    let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    let is_name = (1..=253).contains(&text.len()) && text.bytes().all(is_allowed);
    is_name.then(|| text.to_owned())
}

/// Tokens travel under this URL, so that plain http is for this machine alone.
pub(super) fn public_url(text: &str) -> Option<String> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let url: Uri = text.parse().ok()?;
    let host = url.host()?;
    let is_protected = match url.scheme_str()? {
        "https" => true,
        "http" => matches!(host, "127.0.0.1" | "localhost" | "[::1]"),
        _ => false,
    };
    let is_bare =
        !text.contains('@') && url.path() == "/" && !text.ends_with('/') && url.query().is_none();
    (is_protected && is_bare).then(|| text.to_owned())
}

/// Five digits of every password that is chosen go there, so that plain http is for this machine alone.
#[expect(clippy::option_option, reason = "outside: can it be used; inside: did somebody say")]
pub(super) fn pwned_url(text: &str) -> Option<Option<String>> {
    if text.is_empty() {
        return Some(None);
    }
    public_url(text).map(Some)
}

pub(super) fn proxy_hops(text: &str, default: u8) -> Option<u8> {
    if text.is_empty() {
        return Some(default);
    }
    text.parse().ok().filter(|hops| *hops <= 8)
}

/// Authorities are asked by plain http as well: what they answer is signed.
#[expect(clippy::option_option, reason = "outside: can it be used; inside: did somebody say")]
pub(super) fn timestamp_url(text: &str) -> Option<Option<String>> {
    if text.is_empty() {
        return Some(None);
    }
    let url: Uri = text.parse().ok()?;
    let is_web = matches!(url.scheme_str()?, "http" | "https");
    (is_web && url.host().is_some() && !text.contains('@')).then(|| Some(text.to_owned()))
}

/// Keys are read by whoever verifies with them; here, that each has an address to go with it.
#[expect(clippy::option_option, reason = "outside: can it be used; inside: did somebody say")]
pub(super) fn witnesses(text: &str) -> Option<Option<String>> {
    if text.trim().is_empty() {
        return Some(None);
    }
    let is_pair = |part: &str| match part.split_once(' ') {
        Some((key, url)) => {
            !key.is_empty() && timestamp_url(url.trim()).is_some_and(|url| url.is_some())
        }
        None => false,
    };
    let mut parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
    parts.all(is_pair).then(|| Some(text.trim().to_owned()))
}

pub(super) fn levels(text: &str) -> Option<Targets> {
    text.parse().ok().filter(|_| !text.is_empty())
}
