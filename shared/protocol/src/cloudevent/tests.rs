use serde_json::json;

use super::*;
use crate::{
    key::{Ed25519Key, Signer as _},
    samples::{at, name, predicate, runner_key, statement, stranger_key},
};

fn signed(statement: &Statement, key: &Ed25519Key) -> CloudEvent {
    let envelope = Envelope::sign_message(statement, &[key]).unwrap();
    CloudEvent::new(statement, envelope, at(3))
}

fn event() -> CloudEvent {
    signed(&statement(), &runner_key())
}

/// An attribute, and how it is changed.
type Change = (&'static str, fn(&mut CloudEvent));

/// Written by hand from the wire contract.
#[test]
fn an_event_has_the_attributes_of_the_wire_contract() {
    let event = event();
    let expected = json!({
        "specversion": "1.0",
        "id": "00000000000000000042",
        "source": "urn:proofline:runner:rnr_00000000000000000000000002",
        "type": "io.proofline.run.completed.v1",
        "subject": "run_00000000000000000000000004",
        "time": "2027-01-15T08:00:02.000000Z",
        "datacontenttype": "application/vnd.dsse+json",
        "dataschema": "https://proofline.io/schemas/io.proofline.run.completed.v1.json",
        "sequence": "00000000000000000042",
        "recordedtime": "2027-01-15T08:00:03.000000Z",
        "tenantid": "ten_00000000000000000000000001",
        "runnerid": "rnr_00000000000000000000000002",
        "data": event.data,
    });
    assert_eq!(serde_json::to_value(&event).unwrap(), expected);
    assert_eq!(parse(&serde_json::to_vec(&event).unwrap()), Ok(event));
}

#[test]
fn a_verified_event_says_what_was_signed() {
    let verified = event().verify(runner_key().public()).unwrap();
    assert_eq!(verified.statement, statement());
    assert_eq!(verified.kid, runner_key().kid());
    assert_eq!(verified.payload, crate::canonical::to_vec(&statement()).unwrap());
    assert_eq!(verified.payload_sha256, Digest::of(&verified.payload));
}

/// A carrier may format the JSON anew and add attributes; what was signed is within base64.
#[test]
fn a_carrier_can_format_anew_and_add_attributes() {
    let mut value = serde_json::to_value(event()).unwrap();
    value["traceparent"] = json!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let bytes = serde_json::to_vec_pretty(&value).unwrap();
    assert!(parse(&bytes).unwrap().verify(runner_key().public()).is_ok());
}

#[test]
fn every_attribute_says_what_the_signed_statement_says() {
    let changes: [Change; 7] = [
        ("id", |event| event.id = EventNumber(43)),
        ("source", |event| event.source.push('x')),
        ("subject", |event| event.subject = RunId::from_u128(99)),
        ("time", |event| event.time = at(9)),
        ("sequence", |event| event.sequence = EventNumber(43)),
        ("tenantid", |event| event.tenantid = TenantId::from_u128(99)),
        ("runnerid", |event| event.runnerid = RunnerId::from_u128(99)),
    ];
    for (name, change) in changes {
        let mut altered = event();
        change(&mut altered);
        let refused = altered.verify(runner_key().public());
        assert_eq!(refused, Err(EventError::Attribute(name)));
    }
}

#[test]
fn another_runners_key_is_not_this_runners() {
    let refused = event().verify(stranger_key().public()).unwrap_err();
    assert_eq!(refused, EventError::Envelope(EnvelopeError::Unsigned));
    let own_words = signed(&statement(), &stranger_key());
    assert_eq!(own_words.verify(stranger_key().public()), Err(EventError::Attribute("runner.kid")));
}

#[test]
fn a_statement_that_contradicts_itself_is_refused() {
    let mut predicate = predicate();
    predicate.evidence[0].step = name("other");
    let contradiction = signed(&Statement::new(predicate), &runner_key());
    assert_eq!(
        contradiction.verify(runner_key().public()),
        Err(EventError::Statement(StatementError::Evidence))
    );
}

#[test]
fn a_signed_statement_with_an_unknown_field_is_refused() {
    let mut value = serde_json::to_value(statement()).unwrap();
    value["predicate"]["note"] = json!("secret");
    let payload = crate::canonical::to_vec(&value).unwrap();
    let mut event = event();
    event.data = Envelope::sign(PayloadType::Statement, payload, &[&runner_key()]).unwrap();
    assert_eq!(event.verify(runner_key().public()).unwrap_err().code(), "unknown-field");
}

#[test]
fn one_bad_entry_does_not_spoil_a_batch() {
    let mut values = vec![serde_json::to_value(event()).unwrap(); 4];
    values[1] = json!({"id": "mine", "specversion": "0.3"});
    values[2] = json!("nothing");
    values[3]["type"] = json!("io.proofline.unknown.v1");
    let entries = parse_batch(&serde_json::to_vec(&values).unwrap()).unwrap();
    let ids: Vec<_> = entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["00000000000000000042", "mine", "", "00000000000000000042"]);
    let readable: Vec<_> = entries.iter().map(|entry| entry.event.is_ok()).collect();
    assert_eq!(readable, [true, false, false, false]);
}

#[test]
fn a_batch_has_1_to_100_events_and_at_most_1_mib() {
    let batch = |count: usize| serde_json::to_vec(&vec![json!({}); count]).unwrap();
    assert_eq!(parse_batch(&batch(100)).unwrap().len(), 100);
    for count in [0, 101] {
        let refused = parse_batch(&batch(count)).unwrap_err();
        assert_eq!(
            (refused.clone(), refused.code()),
            (EventError::Count(count), "payload-too-large")
        );
    }
    let padded = |length: usize| [batch(1), vec![b' '; length - batch(1).len()]].concat();
    assert!(parse_batch(&padded(1_048_576)).is_ok());
    assert_eq!(parse_batch(&padded(1_048_577)).unwrap_err().code(), "payload-too-large");
    assert_eq!(parse_batch(&to_batch(&[event()]).unwrap()).unwrap()[0].event, Ok(event()));
}
