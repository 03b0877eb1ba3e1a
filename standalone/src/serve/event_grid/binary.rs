//! Binary mode (CloudEvents 1.0.2, HTTP protocol binding §3.1): attributes in headers that begin with `ce-`, the data as the body.
//!
//! Event Grid hands every event on in structured form, whichever way it came; so does this.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::value::{RawValue, to_raw_value};

use super::EventError;

const PREFIX: &str = "ce-";

/// Whether the headers are those of an event.
pub(super) fn is_binary(headers: &HeaderMap) -> bool {
    headers.contains_key("ce-specversion")
}

/// The same event as one JSON object.
pub(super) fn structured(headers: &HeaderMap, body: &[u8]) -> Result<String, EventError> {
    let mut event = attributes(headers)?;
    let media_type = headers.get(header::CONTENT_TYPE).map(text).transpose()?;
    let is_json = media_type.as_deref().is_none_or(is_json);
    if let Some(media_type) = media_type {
        put(&mut event, "datacontenttype", quoted(&media_type)?)?;
    }
    if is_json && !body.is_empty() {
        let data: &RawValue = serde_json::from_slice(body).map_err(|_| EventError::Json)?;
        event.insert("data".to_owned(), data.to_owned());
    } else if !body.is_empty() {
        event.insert("data_base64".to_owned(), quoted(&BASE64_STANDARD.encode(body))?);
    }
    serde_json::to_string(&event).map_err(|_| EventError::Json)
}

fn attributes(headers: &HeaderMap) -> Result<BTreeMap<String, Box<RawValue>>, EventError> {
    let mut attributes = BTreeMap::new();
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix(PREFIX) else { continue };
        // Neither is an attribute: the data is the body.
        if name == "data" || name == "data_base64" {
            return Err(EventError::Name);
        }
        put(&mut attributes, name, quoted(&percent_decoded(&text(value)?)?)?)?;
    }
    Ok(attributes)
}

fn put(
    event: &mut BTreeMap<String, Box<RawValue>>,
    name: &str,
    value: Box<RawValue>,
) -> Result<(), EventError> {
    event.insert(name.to_owned(), value).map_or(Ok(()), |_| Err(EventError::Twice))
}

fn text(value: &HeaderValue) -> Result<String, EventError> {
    value.to_str().map(str::to_owned).map_err(|_| EventError::Header)
}

fn quoted(text: &str) -> Result<Box<RawValue>, EventError> {
    to_raw_value(text).map_err(|_| EventError::Json)
}

/// RFC 6838 §4.2.8: what is JSON says so at the end of its subtype.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

/// §3.1.3.2: whatever is not printable ASCII travels as percent-encoded UTF-8.
fn percent_decoded(text: &str) -> Result<String, EventError> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2).ok_or(EventError::Header)?;
        bytes.extend(hex::decode(digits).map_err(|_| EventError::Header)?);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| EventError::Header)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;
    use serde_json::{Value, json};

    use super::*;

    fn event(headers: &[(&str, &str)], body: &str) -> Result<Value, EventError> {
        let attributes = [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-type", "t")];
        let mut map = HeaderMap::new();
        for (name, value) in attributes.iter().chain(headers) {
            map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        assert!(is_binary(&map));
        structured(&map, body.as_bytes()).map(|text| serde_json::from_str(&text).unwrap())
    }

    /// The example of the binding's §3.1.4, with the attribute of §3.1.3.2.
    #[test]
    fn headers_are_attributes_and_the_body_is_the_data() {
        let headers = [
            ("content-type", "application/vnd.a+json; charset=utf-8"),
            ("ce-subject", "Euro%20%E2%82%AC%20%F0%9F%98%80"),
            ("host", "x"),
        ];
        let expected = json!({
            "specversion": "1.0", "id": "1", "type": "t", "subject": "Euro € 😀",
            "datacontenttype": "application/vnd.a+json; charset=utf-8", "data": {"n": 1.50},
        });
        assert_eq!(event(&headers, r#"{"n":1.50}"#), Ok(expected));
        let text = structured(&HeaderMap::new(), br#"{"b":1.50,"a":1}"#).unwrap();
        assert_eq!(text, r#"{"data":{"b":1.50,"a":1}}"#, "the data is kept as it was sent");
    }

    #[test]
    fn what_is_no_json_is_base64_and_nothing_is_nothing() {
        let text = [("content-type", "text/plain")];
        assert_eq!(event(&text, "hello").unwrap()["data_base64"], "aGVsbG8=");
        let nothing = event(&text, "").unwrap();
        assert!(nothing.get("data").is_none() && nothing.get("data_base64").is_none());
        assert_eq!(event(&[("content-type", "application/json")], "{"), Err(EventError::Json));
    }

    #[test]
    fn what_cannot_be_one_attribute_is_refused() {
        assert_eq!(event(&[("ce-id", "2")], "{}"), Err(EventError::Twice));
        let twice = [("ce-datacontenttype", "a/b"), ("content-type", "application/json")];
        assert_eq!(event(&twice, "{}"), Err(EventError::Twice));
        assert_eq!(event(&[("ce-data", "x")], "{}"), Err(EventError::Name));
        for value in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(event(&[("ce-subject", value)], "{}"), Err(EventError::Header), "{value}");
        }
    }
}
