//! A delivery that was given up, as it is kept.

use domain::Timestamp;
use serde_json::{Map, Value, json};

use super::Delivery;

/// Its name. Keys are used again after a deletion; with the time of publishing they name one delivery for ever.
pub(super) fn name(delivery: &Delivery) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' }
    };
    let subscription: String = delivery.subscription.chars().take(80).map(plain).collect();
    let topic = delivery.topic.name();
    format!("{topic}/{subscription}/{}-{}.json", delivery.published_at.unix_us(), delivery.key)
}

/// An array of one: the event, with what became of it.
pub(super) fn write(delivery: &Delivery, reason: &str, outcome: &str, now: Timestamp) -> Value {
    let mut letter = match serde_json::from_str(&delivery.event) {
        Ok(Value::Object(event)) => event,
        // Set aside all the same: what cannot be read is the likeliest to need a look.
        Ok(_) | Err(_) => Map::from_iter([("data".to_owned(), json!(delivery.event))]),
    };
    let details = [
        ("deadletterreason", json!(reason)),
        ("deliveryattempts", json!(delivery.attempt)),
        ("lastdeliveryoutcome", json!(outcome)),
        ("publishtime", json!(delivery.published_at.to_string())),
        ("lastdeliveryattempttime", json!(now.to_string())),
    ];
    letter.extend(details.map(|(key, value)| (key.to_owned(), value)));
    json!([letter])
}
