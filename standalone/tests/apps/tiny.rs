//! A real function app, as small as one can be. What its triggers saw lies in the outbox, one letter each, whichever process saw it.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes what is outside a #[test] for production code"
)]

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use axum::{Json, extract::State};
use domain::EventKind;
use ports::{Identity, Letter, Mail, Queue, QueueName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use web::{
    Access, App, Endpoint, FunctionApp, Input, Job, Problem, Setup, SetupError, Trigger, Visitor,
};

pub(crate) struct Tiny;

#[derive(Clone)]
pub(crate) struct Ports {
    mail: Arc<dyn Mail>,
    queue: Arc<dyn Queue>,
    failed: Arc<AtomicBool>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Word {
    word: String,
}

const ECHO: Endpoint =
    Endpoint::post("/v1/echo", Access::Public("a test"), &[EventKind::RunCompleted]).success(200);
const ENQUEUE: Endpoint =
    Endpoint::post("/v1/enqueue", Access::Public("a test"), &[EventKind::RunCompleted])
        .success(200);
const PROCESS: Endpoint = Endpoint::get("/v1/process", Access::Public("a test"));
const FOREVER: Endpoint = Endpoint::get("/v1/forever", Access::Public("a test"));

const MESSAGE: Trigger = Trigger::queue("take_message", QueueName::Seal, &[]);
const EVENT: Trigger = Trigger::event_grid("take_event", "runner-events", &[]);
const TICK: Trigger = Trigger::timer("take_tick", "* * * * * *", &[]);

#[async_trait]
impl FunctionApp for Tiny {
    type State = Ports;
    const IDENTITY: Identity = Identity::Runs;

    fn app() -> App<Ports> {
        App::default()
            .route(&ECHO, async |_: Visitor, Input(word): Input<Word>| Ok::<_, Problem>(Json(word)))
            .route(&ENQUEUE, enqueue)
            .route(&PROCESS, async |_: Visitor| Json(json!({"process": std::process::id()})))
            .route(&FOREVER, async |_: Visitor| -> Json<Value> { std::future::pending().await })
            .on(&MESSAGE, take_message)
            .on(&EVENT, take_event)
            .on(&TICK, |ports: Ports, _: Job, timer: Value| async move {
                ports.note("tick", &timer.to_string()).await
            })
    }

    async fn open(setup: &Setup) -> Result<Ports, SetupError> {
        Ok(Ports {
            mail: Arc::clone(&setup.ports.mail),
            queue: Arc::clone(&setup.ports.queue),
            failed: Arc::default(),
        })
    }
}

async fn enqueue(State(ports): State<Ports>, Input(word): Input<Word>) -> Json<Value> {
    ports.queue.send(QueueName::Seal, &word.word, std::time::Duration::ZERO).await.unwrap();
    Json(json!({}))
}

/// The first message of its kind fails.
async fn take_message(ports: Ports, _: Job, text: String) -> Result<Value, Problem> {
    ports.note("message", &text).await?;
    if text == "fails once" && !ports.failed.swap(true, Ordering::Relaxed) {
        return Err(Problem::internal(&"the message says so"));
    }
    Ok(json!({}))
}

async fn take_event(ports: Ports, _: Job, event: Value) -> Result<Value, Problem> {
    let id = event.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    if event.pointer("/data/hangs") == Some(&Value::Bool(true)) {
        ports.note("begun", &id).await?;
        return std::future::pending().await;
    }
    if event.pointer("/data/fails") == Some(&Value::Bool(true)) {
        ports.note("failed", &id).await?;
        return Err(Problem::internal(&"the event says so"));
    }
    ports.note("event", &id).await
}

impl Ports {
    async fn note(&self, subject: &str, text: &str) -> Result<Value, Problem> {
        let letter = Letter {
            to: "test@example.com".to_owned(),
            subject: subject.to_owned(),
            text: text.to_owned(),
            html: None,
        };
        self.mail.send(&letter).await.map_err(|error| Problem::internal(&error))?;
        Ok(json!({}))
    }
}
