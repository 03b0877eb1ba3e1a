//! The envelopes of invocations, written as the Azure Functions host writes them (functions-host §2.2, §2.3).
//!
//! `InsertionTime` and `ExpirationTime` of a message are left out: the local queue does not keep them, and no app may read `Metadata`.

use domain::Timestamp;
use ports::{Message, Randomness};
use serde_json::{Map, Value, json};

use super::dispatcher::guid;

/// What every envelope says of its invocation.
#[derive(Clone, Debug)]
pub(crate) struct Sys {
    /// The function.
    pub(crate) function: &'static str,
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
    pub(crate) fn new(function: &'static str, now: Timestamp, randomness: &dyn Randomness) -> Self {
        Self { function, now, guid: guid(randomness) }
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

/// The envelope of one event, in structured form.
pub(crate) fn event_grid(binding: &str, event: Value, sys: &Sys) -> Value {
    let mut metadata = Map::new();
    if let Some(data) = event.get("data").filter(|data| !data.is_null()) {
        metadata.insert("data".to_owned(), token(data.clone()));
    }
    metadata.insert("sys".to_owned(), sys.to_json());
    envelope(binding, event, metadata)
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

fn envelope(binding: &str, input: Value, metadata: Map<String, Value>) -> Value {
    json!({"Data": {binding: input}, "Metadata": metadata})
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
        Sys { function, now, guid: "0c0f9a7e-0000-4000-8000-000000000000".to_owned() }
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

    const SYS: &str = r#""sys":{"UtcNow":"2026-11-21T00:14:48.400564Z","RandGuid":"0c0f9a7e-0000-4000-8000-000000000000","#;

    /// The rows of functions-host §2.2 for text, made with the host's own function.
    #[test]
    fn a_text_is_quoted_twice() {
        assert_eq!(quoted("hello").to_string(), r#""\"hello\"""#);
        assert_eq!(quoted(r#"{"a":1}"#).to_string(), r#""\"{\\\"a\\\":1}\"""#);
    }

    /// The other rows of functions-host §2.2 that a message or an event can hold.
    #[test]
    fn an_object_is_itself_and_all_else_a_string_of_its_json() {
        let rows = [
            (r#"{"id":"1"}"#, r#"{"id":"1"}"#),
            ("4", r#""4""#),
            ("true", r#""true""#),
            (r#"[{"id":"1"}]"#, r#""[{\"id\":\"1\"}]""#),
            ("null", r#""null""#),
            (r#""hello""#, r#""\"hello\"""#),
        ];
        for (value, wire) in rows {
            assert_eq!(token(parse(value)).to_string(), wire);
        }
        let at = "2019-10-01T01:02:03.987654Z".parse().unwrap();
        assert_eq!(offset_time(at), "2019-10-01T01:02:03+00:00");
    }

    #[test]
    fn a_message_has_the_form_of_the_row_queue() {
        let hidden_until = "2026-11-21T00:19:48.4Z".parse().unwrap();
        let golden = format!(
            r#"{{"Data":{{"message":"\"ten_1\""}},"Metadata":{{"DequeueCount":"1","Id":"\"m-1\"",
            "NextVisibleTime":"2026-11-21T00:19:48+00:00","PopReceipt":"\"r-1\"",{SYS}"MethodName":"seal_intents"}}}}}}"#
        );
        assert_eq!(
            queue("message", &message("ten_1"), hidden_until, &sys("seal_intents")),
            parse(&golden)
        );
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

    /// The example of functions-host §2.3.
    #[test]
    fn an_event_has_the_form_of_the_example() {
        let event = r#"{"specversion":"1.0","id":"r-1","source":"/runners/a","type":"run.completed","subject":"tenants/t1/runs/9",
            "time":"2026-11-21T00:00:00Z","datacontenttype":"application/json","data":{"runId":"9"}}"#;
        let golden = format!(
            r#"{{"Data":{{"event":{event}}},"Metadata":{{"data":{{"runId":"9"}},{SYS}"MethodName":"ingest_event"}}}}}}"#
        );
        assert_eq!(event_grid("event", parse(event), &sys("ingest_event")), parse(&golden));
    }

    #[test]
    fn a_tick_has_the_form_of_the_row_timer() {
        let at = |text: &str| text.parse().unwrap();
        let status = ScheduleStatus {
            last: Some(at("2026-11-21T00:10:00Z")),
            next: at("2026-11-21T00:15:00Z"),
            updated: at("2026-11-21T00:10:00.5Z"),
        };
        let golden = format!(
            r#"{{"Data":{{"timer":{{"Schedule":{{"AdjustForDST":true}},"ScheduleStatus":{{"Last":"2026-11-21T00:10:00+00:00",
            "Next":"2026-11-21T00:15:00+00:00","LastUpdated":"2026-11-21T00:10:00+00:00"}},"IsPastDue":false}}}},
            "Metadata":{{{SYS}"MethodName":"sweep"}}}}}}"#
        );
        assert_eq!(timer("timer", Some(status), false, &sys("sweep")), parse(&golden));
        let envelope = timer("timer", None, true, &sys("sweep"));
        assert_eq!(envelope["Data"]["timer"]["ScheduleStatus"], Value::Null);
        assert_eq!(envelope["Data"]["timer"]["IsPastDue"], true);
    }
}
