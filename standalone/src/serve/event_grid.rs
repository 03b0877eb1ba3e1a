//! The publish endpoint of the Event Grid stand-in: CloudEvents 1.0 in structured JSON, one or a batch, or one in binary mode.
//!
//! Whatever is accepted is stored before the answer. There is no sign-in: in Azure Entra lets nobody else publish, here nobody else reaches
//! 127.0.0.1; and nothing in an event counts unless the statement inside is signed.

mod binary;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use domain::{Class, Timestamp};
use http_body_util::{BodyExt as _, Limited};
use local::{Topic, Topics};
use serde_json::{Map, Value, value::RawValue};
use web::Problem;

/// The largest body: 1 MB of Event Grid, as 1 MiB.
const BODY_BYTES_MAX: usize = 1024 * 1024;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Media {
    One,
    Batch,
    /// Attributes in headers.
    Binary,
    /// Event Grid's own schema is sent as plain JSON.
    OtherSchema,
}

/// Why a body was not accepted. Nothing of it was stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
enum EventError {
    #[error("The body is not JSON of the form that its content type says.")]
    Json,
    #[error("An event has no attribute {0:?} that is a text with at least one character.")]
    Missing(&'static str),
    #[error("An event's \"specversion\" is not \"1.0\".")]
    Version,
    #[error("An event's \"time\" is not an RFC 3339 time in UTC.")]
    Time,
    #[error("An event has both \"data\" and \"data_base64\".")]
    TwoData,
    #[error("An event has an attribute whose name is not made of a-z and 0-9.")]
    Name,
    #[error("An event has an attribute twice.")]
    Twice,
    #[error("A header of an event is not printable ASCII with UTF-8 in percent-encoding.")]
    Header,
    #[error(
        "This topic takes CloudEvents 1.0, and what was sent is plain JSON, as of the Event Grid schema. Send \
         application/cloudevents+json, application/cloudevents-batch+json for several, or the attributes in `ce-` headers."
    )]
    Schema,
}

impl From<EventError> for Problem {
    fn from(error: EventError) -> Self {
        Self::new(Class::Invalid, "cloudevent-invalid", error.to_string())
    }
}

/// Accepts the events of `request` for `topic`: all of them, durably, or none.
pub(crate) async fn publish(topics: &Topics, topic: Topic, request: Request) -> Response {
    match accept(topics, topic, request).await {
        Ok(()) => Response::new(Body::empty()),
        Err(problem) => problem.into_response(),
    }
}

async fn accept(topics: &Topics, topic: Topic, request: Request) -> Result<(), Problem> {
    let (parts, body) = request.into_parts();
    let media = media(&parts.headers).ok_or_else(|| {
        let detail =
            "Send application/cloudevents+json, application/cloudevents-batch+json for several, or the attributes in `ce-` headers.";
        Problem::new(Class::Media, "unsupported-media-type", detail)
    })?;
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|_| {
        Problem::new(
            Class::TooLarge,
            "payload-too-large",
            "The events have more than 1 MiB. Send fewer at once.",
        )
    })?;
    let events = events(media, &parts.headers, &body.to_bytes())?;
    topics.publish_all(topic, events).await.map_err(|error| {
        tracing::error!(error = %error, "events were not stored");
        Problem::new(
            Class::Unavailable,
            "unavailable",
            "The events were accepted or not. Send them again.",
        )
    })
}

/// The content type decides first (HTTP protocol binding §3); only then may headers be attributes.
fn media(headers: &HeaderMap) -> Option<Media> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.and_then(|media_type| media_type.split(';').next());
    match essence.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/cloudevents+json" => Some(Media::One),
        "application/cloudevents-batch+json" => Some(Media::Batch),
        other if other.starts_with("application/cloudevents") => None,
        _ if binary::is_binary(headers) => Some(Media::Binary),
        "application/json" => Some(Media::OtherSchema),
        _ => None,
    }
}

/// Each event's text: as it was sent, or what it is in structured form.
fn events(media: Media, headers: &HeaderMap, body: &[u8]) -> Result<Vec<String>, EventError> {
    let events: Vec<&RawValue> = match media {
        Media::One => vec![serde_json::from_slice(body).map_err(|_| EventError::Json)?],
        Media::Batch => serde_json::from_slice(body).map_err(|_| EventError::Json)?,
        Media::Binary => {
            let event = binary::structured(headers, body)?;
            return check(&event).map(|()| vec![event]);
        }
        Media::OtherSchema => return Err(EventError::Schema),
    };
    events.into_iter().map(|event| check(event.get()).map(|()| event.get().to_owned())).collect()
}

/// CloudEvents 1.0.2 §3: what every event must have.
fn check(event: &str) -> Result<(), EventError> {
    let event: Map<String, Value> = serde_json::from_str(event).map_err(|_| EventError::Json)?;
    let text =
        |name| event.get(name).and_then(Value::as_str).filter(|text: &&str| !text.is_empty());
    for name in ["specversion", "id", "source", "type"] {
        text(name).ok_or(EventError::Missing(name))?;
    }
    if text("specversion") != Some("1.0") {
        return Err(EventError::Version);
    }
    if event.contains_key("time")
        && text("time").is_none_or(|time| time.parse::<Timestamp>().is_err())
    {
        return Err(EventError::Time);
    }
    if event.contains_key("data") && event.contains_key("data_base64") {
        return Err(EventError::TwoData);
    }
    let is_name =
        |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let are_names = event.keys().all(|name| name == "data_base64" || is_name(name));
    if are_names { Ok(()) } else { Err(EventError::Name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"specversion":"1.0","id":"1","source":"/a","type":"t","n":1.50}"#;

    fn parsed(media: Media, body: &[u8]) -> Result<Vec<String>, EventError> {
        events(media, &HeaderMap::new(), body)
    }

    #[test]
    fn an_event_is_kept_as_it_was_sent() {
        assert_eq!(parsed(Media::One, EVENT.as_bytes()), Ok(vec![EVENT.to_owned()]));
        let batch = format!("[{EVENT}, {EVENT}]");
        assert_eq!(parsed(Media::Batch, batch.as_bytes()), Ok(vec![EVENT.to_owned(); 2]));
        assert_eq!(parsed(Media::Batch, b"[]"), Ok(vec![]));
        assert_eq!(parsed(Media::Batch, EVENT.as_bytes()), Err(EventError::Json));
        assert_eq!(parsed(Media::One, batch.as_bytes()), Err(EventError::Json));
    }

    #[test]
    fn one_bad_event_refuses_the_whole_batch() {
        for (name, error) in [
            ("specversion", EventError::Missing("specversion")),
            ("id", EventError::Missing("id")),
            ("source", EventError::Missing("source")),
            ("type", EventError::Missing("type")),
        ] {
            for value in ["\"\"", "1", "null"] {
                let mut event: Map<String, Value> = serde_json::from_str(EVENT).unwrap();
                event.insert(name.to_owned(), serde_json::from_str(value).unwrap());
                let batch = format!("[{EVENT},{}]", Value::Object(event));
                assert_eq!(parsed(Media::Batch, batch.as_bytes()), Err(error), "{name} {value}");
            }
        }
    }

    #[test]
    fn what_cloudevents_forbids_is_refused() {
        let with = |member: &str| check(&format!("{},{member}}}", EVENT.trim_end_matches('}')));
        assert_eq!(with(r#""time":"2026-11-21T00:00:00Z","data":{}"#), Ok(()));
        assert_eq!(with(r#""data_base64":"AA==""#), Ok(()));
        assert_eq!(with(r#""time":"yesterday""#), Err(EventError::Time));
        assert_eq!(with(r#""time":5"#), Err(EventError::Time));
        assert_eq!(with(r#""data":1,"data_base64":"AA==""#), Err(EventError::TwoData));
        assert_eq!(with(r#""Capital":"x""#), Err(EventError::Name));
        assert_eq!(check(&EVENT.replace("1.0", "0.3")), Err(EventError::Version));
    }

    #[test]
    fn the_content_type_decides_before_the_headers_do() {
        let media = |media_type: Option<&str>, is_binary: bool| {
            let mut headers = HeaderMap::new();
            if let Some(media_type) = media_type {
                headers.insert(header::CONTENT_TYPE, media_type.parse().unwrap());
            }
            if is_binary {
                headers.insert("ce-specversion", "1.0".parse().unwrap());
            }
            media(&headers)
        };
        let batch = Some("application/cloudevents-batch+json; charset=utf-8");
        assert_eq!([media(batch, false), media(batch, true)], [Some(Media::Batch); 2]);
        assert_eq!(media(Some("Application/CloudEvents+JSON"), true), Some(Media::One));
        assert_eq!(media(Some("application/cloudevents+avro"), true), None);
        assert_eq!(media(Some("application/json"), true), Some(Media::Binary));
        assert_eq!(media(None, true), Some(Media::Binary));
        assert_eq!(media(Some("application/json"), false), Some(Media::OtherSchema));
        assert_eq!([media(Some("text/plain"), false), media(None, false)], [None; 2]);
        assert_eq!(parsed(Media::OtherSchema, b"[]"), Err(EventError::Schema));
    }
}
