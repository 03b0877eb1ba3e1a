//! Other people's publishers deliver to the Event Grid stand-in: Microsoft's Event Grid client and the CNCF's SDK, both in JavaScript.
//!
//! `cargo xtask test` installs them and runs this.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy takes what is outside a #[test] for production code"
)]

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use ambient::SystemClock;
use domain::Timestamp;
use ports::Clock as _;
use serde_json::{Value, json};
use system_tests::{
    load::{
        Acknowledged, Customer, Door, Exported, Layout, Ledger, Said, Server, assert_logged_once,
    },
    tree,
};
use tempfile::TempDir;

/// A server with one Runner, and what was published for it.
struct Scene {
    server: Server,
    customer: Customer,
    ledger: Ledger,
    _folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let proofline = Path::new(env!("CARGO_BIN_EXE_proofline"));
        let server = Server::start(proofline, &folder.path().join("data"), Layout::OneProcess);
        let invitation = server.invitation.clone().unwrap();
        let customer = Customer::sign_up(server.address, &invitation).await;
        let runner = customer.runners(server.address, 1).await.remove(0);
        Self { server, customer, ledger: Ledger::new(runner, Door::EventGrid), _folder: folder }
    }

    /// Signed statements that follow each other. JavaScript's dates have milliseconds and no more.
    fn say(&mut self, count: usize) -> Vec<Said> {
        let now = SystemClock.now().unix_us();
        let whole = Timestamp::from_unix_us(now - now % 1000);
        (0..count).map(|_| self.ledger.runner.say_at(whole)).collect()
    }

    /// Publishes and expects success; a statement counts once however often it is published.
    fn publish(&mut self, way: &str, said: &[Said]) {
        assert_eq!(self.answer(way, &events(said)), (200, String::new()));
        let known: Vec<_> = self.ledger.acknowledged.iter().map(|one| one.said.sequence).collect();
        let new = said.iter().filter(|said| !known.contains(&said.sequence)).cloned();
        let new = new.map(|said| Acknowledged { said, receipt: None });
        self.ledger.acknowledged.extend(new);
    }

    /// What the endpoint answered to `events`, sent in one of the ways of `publish.cjs`.
    fn answer(&self, way: &str, events: &[Value]) -> (u64, String) {
        let url = format!("http://{}/eventgrid/runner-events/api/events", self.server.address);
        let modules = tree::root().join("target/counterparts/event-grid/node_modules");
        assert!(modules.is_dir(), "the publishers are not installed; `cargo xtask test` does it");
        let mut node = Command::new("node");
        node.arg(tree::root().join("tests/interop/event-grid/publish.cjs"));
        node.env("NODE_PATH", modules).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut node = node.spawn().unwrap();
        let order = json!({"url": url, "way": way, "events": events}).to_string();
        node.stdin.take().unwrap().write_all(order.as_bytes()).unwrap();
        let output = node.wait_with_output().unwrap();
        assert!(output.status.success());
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        (answer["status"].as_u64().unwrap(), answer["said"].as_str().unwrap().to_owned())
    }

    /// Everything that was published is held once, with one receipt and one row of the log each; and nothing else is.
    async fn assert_taken_in_once(mut self) {
        self.ledger.assert_held(self.server.address).await;
        self.ledger.assert_repeated(self.server.address).await;
        let count = self.ledger.acknowledged.len();
        let exported = Exported::with_runs(&self.customer, self.server.address, count).await;
        assert_logged_once(&[self.ledger], &exported);
    }
}

fn events(said: &[Said]) -> Vec<Value> {
    said.iter().map(|said| serde_json::from_slice(&said.event).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node.js and the publishers: cargo xtask test"]
async fn event_grids_own_client_delivers_signed_statements_once() {
    let mut scene = Scene::new().await;
    let (one, batch) = (scene.say(1), scene.say(5));
    scene.publish("event-grid", &one);
    scene.publish("event-grid", &batch);
    scene.publish("event-grid", &batch[1..4]);
    scene.publish("event-grid", &[one, batch].concat());
    scene.assert_taken_in_once().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node.js and the publishers: cargo xtask test"]
async fn both_modes_of_the_cloudevents_sdk_deliver_the_same_statements() {
    let mut scene = Scene::new().await;
    let (structured, binary) = (scene.say(2), scene.say(2));
    scene.publish("structured", &structured);
    scene.publish("binary", &binary);
    scene.publish("binary", &structured);
    scene.publish("structured", &binary);
    scene.publish("event-grid", &[structured, binary].concat());
    scene.assert_taken_in_once().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node.js and the publishers: cargo xtask test"]
async fn what_a_topic_of_cloudevents_does_not_take_is_refused_with_the_reason() {
    let mut scene = Scene::new().await;
    let said = scene.say(2);
    let mut events = events(&said);
    let refused = |(status, said): (u64, String), expected: u64, reason: &str| {
        assert_eq!(status, expected, "{said}");
        assert!(said.contains(reason), "{said}");
    };
    let schema = "This topic takes CloudEvents 1.0";
    refused(scene.answer("event-grid-schema", &events), 400, schema);
    refused(scene.answer("wrong-type", &events), 415, "application/cloudevents+json");
    // One event of a batch that is none refuses the others with it.
    events[1]["source"] = "".into();
    refused(scene.answer("event-grid", &events), 400, "source");
    events[1]["source"] = events[0]["source"].clone();
    events[1]["data"] = json!({"large": "a".repeat(1024 * 1024)});
    refused(scene.answer("event-grid", &events), 413, "payload-too-large");
    scene.publish("event-grid", &said);
    scene.assert_taken_in_once().await;
}
