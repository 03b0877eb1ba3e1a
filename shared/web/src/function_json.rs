//! The folders that the Functions host reads, made from the tables: never written by hand.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{Endpoint, Trigger, TriggerKind};

/// The app settings that say where the queues are: `ProoflineQueues__queueServiceUri`, `__credential` and `__clientId` with an identity, or the
/// name alone with a connection string on a developer's machine. The queues lie in the account of the data, not in the app's own host storage,
/// where another app could not send to them.
pub const QUEUE_CONNECTION: &str = "ProoflineQueues";

/// Each function's folder and its `function.json`: one catch-all for HTTP, one for each trigger.
pub fn function_folders(
    app: &str,
    endpoints: &[&Endpoint],
    triggers: &[&Trigger],
) -> BTreeMap<String, Value> {
    let mut folders = BTreeMap::new();
    if !endpoints.is_empty() {
        folders.insert("http".to_owned(), http(app));
    }
    folders.extend(triggers.iter().map(|trigger| (trigger.name.to_owned(), binding(trigger))));
    folders
}

fn http(app: &str) -> Value {
    json!({"bindings": [
        {
            "authLevel": "anonymous",
            "direction": "in",
            "methods": ["get", "post", "put", "patch", "delete", "head"],
            "name": "req",
            "route": format!("{app}/{{*path}}"),
            "type": "httpTrigger",
        },
        {"direction": "out", "name": "res", "type": "http"},
    ]})
}

fn binding(trigger: &Trigger) -> Value {
    let name = trigger.binding();
    let input = match trigger.kind {
        TriggerKind::Queue(queue) => json!({
            "connection": QUEUE_CONNECTION, "direction": "in", "name": name, "queueName": queue.name(), "type": "queueTrigger",
        }),
        TriggerKind::EventGrid { .. } => {
            json!({"direction": "in", "name": name, "type": "eventGridTrigger"})
        }
        TriggerKind::Timer { schedule } => json!({
            "direction": "in", "name": name, "schedule": schedule, "type": "timerTrigger", "useMonitor": true,
        }),
    };
    json!({"bindings": [input]})
}
