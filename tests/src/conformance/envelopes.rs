//! A6 to A10, A12, A14, A15: what an invocation may bring, and what it is answered.

use std::thread;

use serde_json::{Value, json};
use web::{Trigger, TriggerKind, function_folders};

use super::{
    process::{Answer, JSON, Process},
    subject::{Subject, envelope, input, quoted},
};

/// The host's own limit of a body, and with it the largest envelope.
const ENVELOPE_BYTES_MAX: usize = 100 * 1024 * 1024;
/// No endpoint that anybody may use reads more than this.
const PUBLIC_BYTES_MAX: usize = 1024 * 1024;

/// Asks with the host's own form of body, which has no `Content-Length`.
pub fn a06_an_envelope_in_chunks_has_no_length_and_is_read(subject: &Subject) {
    let process = subject.start();
    for trigger in &subject.open_triggers {
        let body = envelope(trigger, input(trigger)).to_string();
        let (first, rest) = body.split_at(body.len() / 2);
        let (one, two) = (first.len(), rest.len());
        let head = format!("POST /{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n", trigger.name);
        let chunks = format!("{one:x}\r\n{first}\r\n{two:x}\r\n{rest}\r\n0\r\n\r\n");
        let request = format!("{head}{JSON}transfer-encoding: chunked\r\n\r\n{chunks}");
        assert_success(&process.raw(request.as_bytes()));
    }
}

/// Asks with members that nobody told it about, and without those that it does not need.
pub fn a07_unknown_members_and_missing_metadata_change_nothing(subject: &Subject) {
    let process = subject.start();
    for trigger in &subject.open_triggers {
        let data = json!({trigger.binding(): input(trigger), "another": "\"x\""});
        for envelope in [
            json!({"Data": data}),
            json!({"Data": data, "Metadata": null, "Unknown": [1, {"a": null}]}),
            json!({"Data": data, "Metadata": {"RetryContext": {"RetryCount": "0"}}, "Data2": {}}),
        ] {
            assert_success(&process.invoke(trigger, &envelope));
        }
    }
}

/// Asks with an envelope of the host's own limit, and one byte more.
pub fn a08_an_envelope_may_have_100_mib_and_not_more(subject: &Subject) {
    let process = subject.start();
    let Some(trigger) = subject.open_triggers.first() else { return };
    // What is wrong with it is found out only by who read all of it.
    let large = |bytes: usize| {
        let empty = r#"{"Data":{},"Fill":""}"#;
        format!(r#"{{"Data":{{}},"Fill":"{}"}}"#, "a".repeat(bytes - empty.len()))
    };
    let path = format!("/{}", trigger.name);
    process.send("POST", &path, JSON, &large(ENVELOPE_BYTES_MAX)).assert_problem(400, "envelope");
    let answer = process.send("POST", &path, JSON, &large(ENVELOPE_BYTES_MAX + 1));
    answer.assert_problem(413, "payload-too-large");
}

/// Asks every endpoint that is open to anybody with a body beyond what it says.
pub fn a08_a_public_body_has_a_lower_limit(subject: &Subject) {
    let process = subject.start();
    let is_low = |max: usize| (1..=PUBLIC_BYTES_MAX).contains(&max);
    let high = subject.endpoints.iter().filter(|endpoint| !is_low(endpoint.body_bytes_max));
    assert_eq!(high.map(|endpoint| endpoint.path).collect::<Vec<_>>(), Vec::<&str>::new());
    for (path, endpoint) in subject.public_posts() {
        let body = format!("\"{}\"", "a".repeat(endpoint.body_bytes_max - 1));
        let answer = process.send("POST", &path, JSON, &body);
        answer.assert_problem(413, "payload-too-large");
        let body = format!("\"{}\"", "a".repeat(endpoint.body_bytes_max - 2));
        assert_ne!(process.send("POST", &path, JSON, &body).status, 413, "{path}");
    }
}

/// Asks with the wire forms of other kinds of trigger: none is guessed at.
pub fn a09_inputs_are_decoded_by_the_kind_of_their_trigger(subject: &Subject) {
    let process = subject.start();
    for trigger in &subject.open_triggers {
        for wrong in inputs_of_other_kinds(trigger) {
            let answer = process.invoke(trigger, &envelope(trigger, wrong.clone()));
            assert_eq!(answer.status, 400, "{} {wrong}: {answer:?}", trigger.name);
        }
        process.invoke(trigger, &json!({"Data": {}})).assert_problem(400, "envelope");
        process.invoke(trigger, &json!({"Metadata": {}})).assert_problem(400, "envelope");
        assert_success(&process.invoke_well(trigger));
    }
}

/// The rows of the host's encoding that this trigger never gets.
fn inputs_of_other_kinds(trigger: &Trigger) -> Vec<Value> {
    match trigger.kind {
        // A text is quoted twice, whatever it looks like: `1234` in single quotes is a number, and four letters may be base64.
        TriggerKind::Queue(_) => {
            let once = input(trigger).as_str().and_then(|text| serde_json::from_str(text).ok());
            let unquoted: String = once.unwrap_or_default();
            vec![json!(1234), json!("1234"), json!({"a": 1}), json!(null), json!(unquoted)]
        }
        TriggerKind::EventGrid { .. } | TriggerKind::Timer { .. } => {
            let text = input(trigger).to_string();
            vec![quoted(&text), json!(text), json!([input(trigger)]), json!(null), json!("1234")]
        }
    }
}

/// Asks whether the host would see an answer at all: an empty one is waited for until the function's own timeout.
pub fn a10_a_success_is_200_with_a_json_object(subject: &Subject) {
    let process = subject.start();
    for trigger in &subject.open_triggers {
        assert_success(&process.invoke_well(trigger));
    }
}

fn assert_success(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.head.contains("content-type: application/json\r\n"), "{}", answer.head);
    let members = answer.json();
    let members: Vec<_> = members.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["Logs", "Outputs", "ReturnValue"]);
    assert_eq!((&answer.json()["Outputs"], &answer.json()["Logs"]), (&json!({}), &json!([])));
}

/// Asks for outputs: the host decodes a text that happens to be base64. There is no output binding, and so no such text.
pub fn a12_no_output_can_be_taken_for_base64(subject: &Subject) {
    let folders = function_folders(subject.app, &subject.endpoints, &subject.triggers);
    for trigger in &subject.open_triggers {
        let bindings = folders[trigger.name]["bindings"].as_array().unwrap();
        assert!(bindings.iter().all(|binding| binding["direction"] == "in"), "{bindings:?}");
    }
    let process = subject.start();
    for trigger in &subject.open_triggers {
        let answer = process.invoke_well(trigger).json();
        assert_eq!(answer["Outputs"], json!({}));
        assert!(answer["ReturnValue"].is_object(), "{answer}");
    }
}

/// Asks with what a message can put over the host's own metadata.
pub fn a14_metadata_is_never_believed(subject: &Subject) {
    let forged = json!({
        "Id": "\"forged\"", "DequeueCount": "\"9999\"", "tenant": "\"ten_019a0000000070008000000000000009\"",
        "data": {"runId": "forged"}, "sys": {"MethodName": "forged", "UtcNow": "1970-01-01T00:00:00Z", "RandGuid": "forged"},
        "x-azure-functions-invocationid": "forged", "RetryContext": {"RetryCount": "9999", "MaxRetryCount": "1"},
    });
    let (honest, deceived) = (subject.start(), subject.start());
    for trigger in &subject.open_triggers {
        let mut envelope = envelope(trigger, input(trigger));
        let answer = honest.invoke(trigger, &envelope);
        envelope["Metadata"] = forged.clone();
        assert_eq!(deceived.invoke(trigger, &envelope).json(), answer.json());
    }
    let ended = deceived.end();
    assert!(
        !ended.stdout.contains("forged") && !ended.stderr.contains("forged"),
        "{}",
        ended.stdout
    );
}

/// Asks eight times at once, as duplicate deliveries do. One that is not dealt with is delivered again.
pub fn a15_one_input_many_times_at_once_is_taken_once(subject: &Subject) {
    let process = subject.start();
    for trigger in &subject.open_triggers {
        let first = insist(&process, trigger);
        let others = thread::scope(|scope| {
            let askers: Vec<_> =
                (0..8).map(|_| scope.spawn(|| insist(&process, trigger))).collect();
            askers.into_iter().map(|asker| asker.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(others.iter().all(|other| *other == first), "{first} {others:?}");
    }
}

fn insist(process: &Process, trigger: &Trigger) -> Value {
    for _ in 0..100 {
        let answer = process.invoke_well(trigger);
        assert!([200, 409, 503].contains(&answer.status), "{answer:?}");
        if answer.status == 200 {
            return answer.json();
        }
    }
    panic!("{} is never dealt with", trigger.name)
}
