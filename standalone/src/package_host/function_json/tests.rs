//! `function.json` as it is generated, and each rule that one can break.

use std::{collections::BTreeMap, time::Duration};

use super::*;

fn parse(name: &str, text: &str) -> Result<Function, String> {
    let environment = BTreeMap::from([("QUEUE".to_owned(), "seal".to_owned())]);
    let (settings, _) = Settings::read(&environment, Path::new("/nowhere")).unwrap();
    let file = Path::new("app/f/function.json");
    Function::parse(name, text.as_bytes(), file, "api", &settings)
        .map_err(|mistake| mistake.to_string())
}

fn bindings(bindings: &str) -> Result<Function, String> {
    parse("f", &format!(r#"{{"bindings": [{bindings}]}}"#))
}

const TIMER: &str =
    r#"{"type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "0 */5 * * * *"}"#;
const REQUEST: &str = r#"{"type": "httpTrigger", "direction": "in", "name": "req"}"#;
const ANSWER: &str = r#"{"type": "http", "direction": "out", "name": "res"}"#;
const SEND: &str =
    r#"{"type": "queue", "direction": "out", "name": "seal", "queueName": "%QUEUE%"}"#;

#[test]
fn the_generated_files_read_as_they_are() {
    let http =
        parse("http", include_str!("../../../../docs/generated/functions/runs/http/function.json"))
            .unwrap();
    assert!(http.is_plain_http());
    let Trigger::Http(request) = http.trigger else { panic!() };
    assert_eq!((request.route.as_str(), request.level), ("runs/{*path}", Level::Anonymous));
    assert!(request.methods.unwrap().contains("PATCH"));
    let event = parse(
        "ingest_event",
        include_str!("../../../../docs/generated/functions/runs/ingest_event/function.json"),
    );
    assert!(matches!(event.unwrap().trigger, Trigger::EventGrid { is_many: false }));
    let seal = parse(
        "seal_intents",
        include_str!("../../../../docs/generated/functions/audit/seal_intents/function.json"),
    );
    assert!(matches!(
        seal.unwrap().trigger,
        Trigger::Queue { queue: QueueName::Seal, is_binary: false }
    ));
    let sweep = parse(
        "sweep",
        include_str!("../../../../docs/generated/functions/audit/sweep_intents/function.json"),
    );
    assert!(matches!(
        sweep.unwrap().trigger,
        Trigger::Timer { on_startup: false, is_monitored: true, .. }
    ));
}

#[test]
fn an_http_function_says_nothing_and_gets_the_defaults() {
    let function = bindings(&format!("{REQUEST}, {ANSWER}")).unwrap();
    let Trigger::Http(request) = &function.trigger else { panic!() };
    assert_eq!((request.route.as_str(), request.level), ("f", Level::Function));
    assert!(request.methods.is_none() && function.is_plain_http());
}

/// functions-host §3: any other binding, and the function falls back to the envelope.
#[test]
fn another_binding_makes_an_http_function_one_of_envelopes() {
    let function = bindings(&format!("{REQUEST}, {ANSWER}, {SEND}")).unwrap();
    assert!(!function.is_plain_http());
    assert_eq!(function.outputs[1].to, Destination::Queue(QueueName::Seal));
    assert!(!bindings(REQUEST).unwrap().is_plain_http());
}

#[test]
fn each_broken_rule_is_said_with_its_file() {
    let said = |result: Result<Function, String>, part: &str| {
        let text = result.unwrap_err();
        assert!(text.starts_with("app/f/function.json: ") && text.contains(part), "{text}");
    };
    for name in ["1st", "host", "Host", "a.b", "", &"a".repeat(129)] {
        said(parse(name, &format!(r#"{{"bindings": [{TIMER}]}}"#)), "name of a function");
    }
    assert!(parse(&"a".repeat(128), &format!(r#"{{"bindings": [{TIMER}]}}"#)).is_ok());
    said(parse("f", "{}"), "at least one binding");
    said(bindings(""), "at least one binding");
    said(bindings(&format!("{TIMER}, {REQUEST}")), "exactly one trigger, not 2");
    said(bindings(ANSWER), "exactly one trigger, not 0");
    said(
        bindings(&format!("{TIMER}, {}", ANSWER.replace("res", "Timer"))),
        "two bindings have the name",
    );
    said(bindings(&TIMER.replace("\"timer\"", "\"a_b\"")), "name of a binding");
    said(bindings(&TIMER.replace("timerTrigger", "moonTrigger")), "\"moonTrigger\" is no type");
    said(
        bindings(&format!("{TIMER}, {}", ANSWER.replace("\"http\"", "\"fax\""))),
        "\"fax\" is no type",
    );
    said(bindings(&TIMER.replace("\"in\"", "\"out\"")), "direction");
    said(
        bindings(&TIMER.replace("0 */5", "*/5"))
            .map_err(|text| text.replace("cannot be kept", "schedule")),
        "schedule",
    );
    said(bindings(&TIMER.replace("0 */5 * * * *", "%NONE%")), "%NONE% does not resolve");
    said(bindings(&TIMER.replace("timerTrigger", "cosmosDBTrigger")), "not hosted here");
    said(bindings(&TIMER.replace("timerTrigger", "blobTrigger")), "not hosted here");
    said(bindings(&format!("{TIMER}, {}", SEND.replace("%QUEUE%", "other"))), "no queue \"other\"");
    for route in ["admin/x", "administration", "runtime", "/Admin"] {
        let request = REQUEST.replace("\"req\"", &format!("\"req\", \"route\": \"{route}\""));
        said(bindings(&request), "belong to the host");
    }
    let runs = REQUEST.replace("\"req\"", "\"req\", \"route\": \"runs\"");
    assert!(bindings(&runs).is_ok());
}

#[test]
fn retries_count_for_timers_alone() {
    let with = |trigger: &str, retry: &str| {
        parse("f", &format!(r#"{{"retry": {retry}, "bindings": [{trigger}]}}"#))
    };
    let fixed = r#"{"strategy": "fixedDelay", "maxRetryCount": -1, "delayInterval": "00:00:10"}"#;
    let retry = with(TIMER, fixed).unwrap().retry.unwrap();
    assert_eq!(
        (retry.max, retry.wait(1), retry.wait(9)),
        (None, Duration::from_secs(10), Duration::from_secs(10))
    );
    let doubled = r#"{"strategy": "exponentialBackoff", "maxRetryCount": 3, "minimumInterval": "00:00:10", "maximumInterval": "00:00:30"}"#;
    let retry = with(TIMER, doubled).unwrap().retry.unwrap();
    assert_eq!(retry.max, Some(3));
    assert_eq!([1, 2, 3, 40].map(|count| retry.wait(count).as_secs()), [10, 20, 30, 30]);
    assert!(with(REQUEST, fixed).unwrap_err().contains("timers alone"));
    assert!(
        with(TIMER, r#"{"strategy": "hope", "maxRetryCount": 1}"#)
            .unwrap_err()
            .contains("strategy")
    );
    assert!(with(TIMER, &fixed.replace("-1", "-2")).unwrap_err().contains("maxRetryCount"));
}
