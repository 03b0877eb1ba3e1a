//! The envelopes of invocations, written as the Azure Functions host writes them (functions-host §2.2, §2.3).
//!
//! `InsertionTime` and `ExpirationTime` of a message are left out: the local queue does not keep them, and no app may read `Metadata`.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::Timestamp;
use ports::{Message, Randomness};
use serde_json::{Map, Value, json};

use super::dispatcher::guid;

/// What every envelope says of its invocation.
#[derive(Clone, Debug)]
pub(crate) struct Sys {
    /// The function.
    pub(crate) function: Cow<'static, str>,
    /// When the envelope was written.
    pub(crate) now: Timestamp,
    /// A random GUID.
    pub(crate) guid: String,
}

/// What a timer says of its schedule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ScheduleStatus {
    /// The last tick that was run; `None` before the first.
    pub(crate) last: Option<Timestamp>,
    /// The next tick.
    pub(crate) next: Timestamp,
    /// When this was written.
    pub(crate) updated: Timestamp,
}

impl Sys {
    pub(crate) fn new(
        function: impl Into<Cow<'static, str>>,
        now: Timestamp,
        randomness: &dyn Randomness,
    ) -> Self {
        Self { function: function.into(), now, guid: guid(randomness) }
    }

    fn to_json(&self) -> Value {
        json!({"MethodName": self.function, "UtcNow": self.now.to_string(), "RandGuid": self.guid})
    }
}

/// The envelope of a queue message, which is hidden until `hidden_until`.
pub(crate) fn queue(binding: &str, message: &Message, hidden_until: Timestamp, sys: &Sys) -> Value {
    let mut metadata = Map::new();
    metadata.insert("DequeueCount".to_owned(), message.dequeue_count.to_string().into());
    metadata.insert("Id".to_owned(), quoted(&message.id));
    metadata.insert("NextVisibleTime".to_owned(), offset_time(hidden_until).into());
    metadata.insert("PopReceipt".to_owned(), quoted(&message.receipt));
    metadata.insert("sys".to_owned(), sys.to_json());
    // A message that is a JSON object puts its members over the host's own: the host does this too.
    if let Ok(Value::Object(members)) = serde_json::from_str(&message.text) {
        let members =
            members.into_iter().filter(|(_, value)| !value.is_array() && !value.is_null());
        metadata.extend(members.map(|(name, value)| (name, token(value))));
    }
    envelope(binding, quoted(&message.text), metadata)
}

/// The same for a binding with `dataType: "binary"`.
pub(crate) fn queue_binary(
    binding: &str,
    message: &Message,
    hidden_until: Timestamp,
    sys: &Sys,
) -> Value {
    let mut envelope = queue(binding, message, hidden_until, sys);
    if let Some(input) = envelope.pointer_mut("/Data").and_then(|data| data.get_mut(binding)) {
        *input = binary(message.text.as_bytes());
    }
    envelope
}

/// The envelope of one event, in structured form.
pub(crate) fn event_grid(binding: &str, event: Value, sys: &Sys) -> Value {
    let mut metadata = Map::new();
    if let Some(data) = event.get("data").filter(|data| !data.is_null()) {
        metadata.insert("data".to_owned(), token(data.clone()));
    }
    metadata.insert("sys".to_owned(), sys.to_json());
    envelope(binding, event, metadata)
}

/// The envelope of several events at once (`cardinality: "many"`).
pub(crate) fn event_grid_many(binding: &str, events: Vec<Value>, sys: &Sys) -> Value {
    let datas: Vec<Value> =
        events.iter().map(|event| event.get("data").cloned().unwrap_or_default()).collect();
    let mut metadata = Map::new();
    metadata.insert("data".to_owned(), token(datas.into()));
    metadata.insert("sys".to_owned(), sys.to_json());
    envelope(binding, token(events.into()), metadata)
}

/// The envelope of a request: `request` is the object that stands for it, `parameters` those of its route.
pub(crate) fn http(
    binding: &str,
    request: Value,
    parameters: &[(String, String)],
    sys: &Sys,
) -> Value {
    let mut metadata = Map::new();
    for name in ["Query", "Headers"] {
        let member = request.get(name).cloned().unwrap_or_default();
        metadata.insert(name.to_owned(), token(member));
    }
    metadata.insert("sys".to_owned(), sys.to_json());
    let body = request.get("Body").and_then(Value::as_str).map(serde_json::from_str);
    if let Some(Ok(Value::Object(members))) = body {
        let members = members.into_iter().filter(|(_, value)| !value.is_null());
        metadata.extend(members.map(|(name, value)| (name, token(value))));
    }
    metadata.extend(parameters.iter().map(|(name, value)| (name.clone(), quoted(value))));
    envelope(binding, request, metadata)
}

/// Says in an envelope which try of how many this is, when a retry policy counts (`None` for ever).
pub(crate) fn put_retry(
    envelope: &mut Value,
    count: u32,
    max: Option<u32>,
    exception: Option<&str>,
) {
    let max = max.map_or_else(|| json!(-1), |max| json!(max));
    let context = json!({"RetryCount": count, "MaxRetryCount": max, "Exception": exception});
    if let Some(metadata) = envelope.get_mut("Metadata").and_then(Value::as_object_mut) {
        metadata.insert("RetryContext".to_owned(), context);
    }
}

/// The envelope of a tick.
pub(crate) fn timer(
    binding: &str,
    status: Option<ScheduleStatus>,
    is_past_due: bool,
    sys: &Sys,
) -> Value {
    let status = status.map(|status| {
        // .NET's default date stands for "never".
        let last = status.last.map_or_else(|| "0001-01-01T00:00:00+00:00".to_owned(), offset_time);
        json!({"Last": last, "Next": offset_time(status.next), "LastUpdated": offset_time(status.updated)})
    });
    let timer = json!({"Schedule": {"AdjustForDST": true}, "ScheduleStatus": status, "IsPastDue": is_past_due});
    envelope(binding, timer, Map::from_iter([("sys".to_owned(), sys.to_json())]))
}

/// Without the binding data that the host leaves out: nulls, the request itself, and every name that ends in "trigger".
fn envelope(binding: &str, input: Value, mut metadata: Map<String, Value>) -> Value {
    metadata.retain(|name, value| {
        !value.is_null() && name != "HttpRequest" && !name.to_ascii_lowercase().ends_with("trigger")
    });
    json!({"Data": {binding: input}, "Metadata": metadata})
}

/// Bytes.
pub(crate) fn binary(bytes: &[u8]) -> Value {
    Value::String(STANDARD.encode(bytes))
}

/// A text: a JSON string, and that in a string again.
fn quoted(text: &str) -> Value {
    Value::String(Value::from(text).to_string())
}

/// Any JSON: an object as it is, all else as its JSON text in a string.
fn token(value: Value) -> Value {
    match value {
        Value::Object(_) => value,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Value::String(value.to_string())
        }
    }
}

/// A `DateTimeOffset`: without the fraction of the second.
fn offset_time(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{}+00:00", text.split('.').next().unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sys(function: &'static str) -> Sys {
        let now = "2026-11-21T00:14:48.400564Z".parse().unwrap();
        Sys {
            function: function.into(),
            now,
            guid: "0c0f9a7e-0000-4000-8000-000000000000".to_owned(),
        }
    }

    fn message(text: &str) -> Message {
        Message {
            id: "m-1".to_owned(),
            text: text.to_owned(),
            dequeue_count: 1,
            receipt: "r-1".to_owned(),
        }
    }

    fn parse(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    /// functions-host §2.2: what the host's own function made of each value.
    #[test]
    fn each_value_has_the_form_of_its_row() {
        let rows = parse(include_str!("../../tests/golden/envelopes/values.json"));
        for row in rows.as_array().unwrap() {
            let text = || row["text"].as_str().unwrap();
            let wire = match row["type"].as_str().unwrap() {
                "json" => token(row["value"].clone()),
                "string" => quoted(text()),
                "bytes" => binary(text().as_bytes()),
                "DateTimeOffset" => Value::String(offset_time(text().parse().unwrap())),
                other => panic!("{other}"),
            };
            assert_eq!(wire.to_string(), row["wire"].as_str().unwrap(), "{row}");
        }
    }

    /// functions-host §2.3: what was received, and the envelope that the host makes of it.
    #[test]
    fn each_trigger_has_the_form_of_its_row() {
        let rows = parse(include_str!("../../tests/golden/envelopes/triggers.json"));
        for row in rows.as_array().unwrap() {
            let (function, binding) =
                (row["function"].as_str().unwrap(), row["binding"].as_str().unwrap());
            let sys = Sys {
                function: function.to_owned().into(),
                now: "2026-11-21T00:14:48.400564Z".parse().unwrap(),
                guid: "0c0f9a7e-0000-4000-8000-000000000000".to_owned(),
            };
            let received = &row["received"];
            let text = || received.as_str().unwrap().to_owned();
            let at = |name: &str| received[name].as_str().map(|text| text.parse().unwrap());
            let hidden_until = "2026-11-21T00:19:48.4Z".parse().unwrap();
            let made = match row["trigger"].as_str().unwrap() {
                "eventGrid" => event_grid(binding, received.clone(), &sys),
                "eventGridMany" => {
                    event_grid_many(binding, received.as_array().unwrap().clone(), &sys)
                }
                "queue" => queue(binding, &message(&text()), hidden_until, &sys),
                "queueBinary" => queue_binary(binding, &message(&text()), hidden_until, &sys),
                "timer" => {
                    let status = at("next").map(|next| ScheduleStatus {
                        last: at("last"),
                        next,
                        updated: at("updated").unwrap(),
                    });
                    timer(binding, status, received["isPastDue"] == true, &sys)
                }
                "http" => {
                    let parameters: Vec<(String, String)> =
                        serde_json::from_value(received["parameters"].clone()).unwrap();
                    http(binding, received["request"].clone(), &parameters, &sys)
                }
                other => panic!("{other}"),
            };
            assert_eq!(made, row["envelope"], "{}", row["row"]);
        }
    }

    #[test]
    fn a_retry_says_which_it_is() {
        let mut envelope = timer("timer", None, false, &sys("sweep"));
        put_retry(&mut envelope, 1, Some(3), Some("why"));
        let context = json!({"RetryCount": 1, "MaxRetryCount": 3, "Exception": "why"});
        assert_eq!(envelope["Metadata"]["RetryContext"], context);
        put_retry(&mut envelope, 0, None, None);
        let context = json!({"RetryCount": 0, "MaxRetryCount": -1, "Exception": null});
        assert_eq!(envelope["Metadata"]["RetryContext"], context);
    }

    /// functions-host §0 fact 9: the reason why no app reads `Metadata`.
    #[test]
    fn a_message_can_put_members_of_its_own_over_the_hosts() {
        let text = r#"{"Id":"forged","sys":"mine","n":4,"list":[1],"none":null}"#;
        let envelope = queue("message", &message(text), Timestamp::default(), &sys("seal_intents"));
        let metadata = &envelope["Metadata"];
        assert_eq!(metadata["Id"], r#""forged""#);
        assert_eq!(metadata["sys"], r#""mine""#);
        assert_eq!(metadata["n"], "4");
        assert!(metadata.get("list").is_none() && metadata.get("none").is_none());
    }

    #[test]
    fn what_the_host_leaves_out_of_metadata_is_left_out() {
        let text = r#"{"myTrigger":"x","HttpRequest":"x","kept":"x"}"#;
        let envelope = queue("message", &message(text), Timestamp::default(), &sys("seal_intents"));
        let metadata = envelope["Metadata"].as_object().unwrap();
        assert!(!metadata.contains_key("myTrigger") && !metadata.contains_key("HttpRequest"));
        assert!(metadata.contains_key("kept"));
    }
}
