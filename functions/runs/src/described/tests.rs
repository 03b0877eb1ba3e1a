//! What is described is what the protocol reads.

use protocol::{cloudevent, enrolment, routes, witness};
use serde::de::DeserializeOwned;
use serde_json::Value;
use web::Endpoint;

use crate::{
    enrol_runner, fetch_bundle, fetch_commands, ingest_events, list_receipts, post_alarm,
    post_cosignature, post_result, publish_version, read_checkpoint, read_config, read_statement,
};

fn operation(endpoint: &'static Endpoint) -> Value {
    let whole = web::openapi("runs", &[endpoint]);
    let path = &whole["paths"][format!("/api/runs{}", endpoint.path)];
    path[endpoint.method.name().to_lowercase()].clone()
}

/// The examples of every body of an operation, asked and answered.
fn examples(endpoint: &'static Endpoint) -> [Vec<Value>; 2] {
    let operation = operation(endpoint);
    let of = |content: &Value| {
        let media = content.as_object().into_iter().flatten();
        media.map(|(_, media)| media["example"].clone()).collect::<Vec<_>>()
    };
    let success = endpoint.success.to_string();
    [of(&operation["requestBody"]["content"]), of(&operation["responses"][success]["content"])]
}

fn reads<T: DeserializeOwned>(examples: &[Value]) {
    assert!(!examples.is_empty());
    for example in examples {
        let read = serde_json::from_value::<T>(example.clone());
        assert!(read.is_ok(), "{:?}: {example:#}", read.err());
    }
}

/// What the description shows is what the Runner's own code reads.
#[test]
fn what_is_described_is_what_runners_read_and_send() {
    use protocol::dsse::Envelope;
    for endpoint in [&read_statement::ENDPOINT, &fetch_bundle::ENDPOINT] {
        reads::<Envelope>(&examples(endpoint)[1]);
    }
    for endpoint in [&publish_version::ENDPOINT, &post_result::ENDPOINT, &post_alarm::ENDPOINT] {
        reads::<Envelope>(&examples(endpoint)[0]);
    }
    reads::<enrolment::EnrolAnswer>(&examples(&enrol_runner::ENDPOINT)[1]);
    reads::<routes::ConfigAnswer>(&examples(&read_config::ENDPOINT)[1]);
    reads::<routes::EventsAnswer>(&examples(&ingest_events::ENDPOINT)[1]);
    reads::<routes::ReceiptsAnswer>(&examples(&list_receipts::ENDPOINT)[1]);
    reads::<routes::CommandsAnswer>(&examples(&fetch_commands::ENDPOINT)[1]);
    reads::<witness::CheckpointAnswer>(&examples(&read_checkpoint::ENDPOINT)[1]);
    let [asked, answered] = examples(&post_cosignature::ENDPOINT);
    reads::<witness::CosignedHead>(&asked);
    reads::<witness::CosignedAnswer>(&answered);
    let [asked, _] = examples(&ingest_events::ENDPOINT);
    assert_eq!(asked.len(), 2, "one event, or a batch of them");
    let events = asked.iter().flat_map(|one| one.as_array().cloned().unwrap_or(vec![one.clone()]));
    reads::<cloudevent::CloudEvent>(&events.collect::<Vec<_>>());
}
