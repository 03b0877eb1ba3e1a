//! The parts of a request that a signature can cover, and the bytes that are signed (RFC 9421 §2).

use std::fmt::Write as _;

use http::{HeaderMap, Uri, header::HeaderValue};

use super::MessageSignatureError;

/// A request as its signature sees it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The absolute target, built from the configured public base URL and the path and query as they came.
    pub target_uri: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body; empty when there is none.
    pub body: &'a [u8],
}

/// The signature base (RFC 9421 §2.5): one line for each component, then the parameters, without a final newline.
pub(super) fn signature_base<'n>(
    request: &Request<'_>,
    components: impl IntoIterator<Item = &'n str>,
    parameters: &str,
) -> Result<Vec<u8>, MessageSignatureError> {
    let mut base = String::new();
    for name in components {
        let value = component(request, name)?;
        // Writing to a string cannot fail.
        writeln!(base, "\"{name}\": {value}").map_err(|_| MessageSignatureError::Target)?;
    }
    base.push_str("\"@signature-params\": ");
    base.push_str(parameters);
    Ok(base.into_bytes())
}

fn component(request: &Request<'_>, name: &str) -> Result<String, MessageSignatureError> {
    match name {
        "@method" => Ok(request.method.to_owned()),
        "@target-uri" => uri(request).map(|_| request.target_uri.to_owned()),
        "@authority" => {
            let uri = uri(request)?;
            Ok(uri.authority().ok_or(MessageSignatureError::Target)?.as_str().to_ascii_lowercase())
        }
        "@path" => Ok(uri(request)?.path().to_owned()),
        _ if name.starts_with('@') => Err(MessageSignatureError::Coverage(name.to_owned())),
        _ => single_header(request.headers, name),
    }
}

fn uri(request: &Request<'_>) -> Result<Uri, MessageSignatureError> {
    let uri: Uri = request.target_uri.parse().map_err(|_| MessageSignatureError::Target)?;
    if uri.scheme().is_some() && uri.authority().is_some() {
        Ok(uri)
    } else {
        Err(MessageSignatureError::Target)
    }
}

/// The value of a header that comes exactly once. Two lines could be joined differently on the way, so they are
/// refused.
pub(super) fn single_header(
    headers: &HeaderMap,
    name: &str,
) -> Result<String, MessageSignatureError> {
    let refused = || MessageSignatureError::Header(name.to_owned());
    let mut lines = headers.get_all(name).iter();
    let line: Option<&HeaderValue> = lines.next();
    let text = line.ok_or_else(refused)?.to_str().map_err(|_| refused())?;
    if lines.next().is_some() { Err(refused()) } else { Ok(text.trim().to_owned()) }
}
