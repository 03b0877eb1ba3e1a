//! A real function app, as small as one can be: what the shim does around an app shows in what this one sees.

#![expect(clippy::panic, reason = "it panics so that the shim can be seen to live on")]

use async_trait::async_trait;
use axum::Json;
use domain::EventKind;
use ports::{Identity, QueueName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use web::{
    Access, App, Endpoint, FunctionApp, Input, Job, Problem, Setup, SetupError, Trigger, Visitor,
};

pub(crate) struct Tiny;

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Word {
    word: String,
}

const ECHO: Endpoint =
    Endpoint::post("/v1/echo", Access::Public("a test"), &[EventKind::RunCompleted])
        .request::<Word>()
        .response::<Word>()
        .success(200)
        .body_max(1024);
const PANIC: Endpoint = Endpoint::get("/v1/panic", Access::Public("a test"));
const FOREVER: Endpoint = Endpoint::get("/v1/forever", Access::Public("a test"));

const MESSAGE: Trigger = Trigger::queue("take_message", QueueName::Seal, &[]);
const EVENT: Trigger = Trigger::event_grid("take_event", "runner-events", &[]);
const TICK: Trigger = Trigger::timer("take_tick", "0 */5 * * * *", &[]);
const LATE: Trigger = Trigger::event_grid("take_forever", "runner-events", &[]);
const LATE_MESSAGE: Trigger = Trigger::queue("take_message_forever", QueueName::Sign, &[]);
const LATE_TICK: Trigger = Trigger::timer("take_tick_forever", "0 */5 * * * *", &[]);

#[async_trait]
impl FunctionApp for Tiny {
    type State = ();
    const IDENTITY: Identity = Identity::Runs;

    fn app() -> App<()> {
        App::default()
            .route(&ECHO, async |_: Visitor, Input(word): Input<Word>| Ok::<_, Problem>(Json(word)))
            .route(&PANIC, async |visitor: Visitor| -> Json<Value> {
                panic!("swordfish {visitor:?}")
            })
            .route(&FOREVER, async |_: Visitor| -> Json<Value> { std::future::pending().await })
            .on(&MESSAGE, |(), _: Job, text: String| async move {
                assert!(text != "panic", "swordfish {text}");
                Ok(json!({"text": text}))
            })
            .on(&EVENT, |(), _: Job, event: Value| async move { Ok(event) })
            .on(&TICK, |(), _: Job, timer: Value| async move { Ok(timer) })
            .on(&LATE, |(), _: Job, _: Value| std::future::pending())
            .on(&LATE_MESSAGE, |(), _: Job, _: String| std::future::pending())
            .on(&LATE_TICK, |(), _: Job, _: Value| std::future::pending())
    }

    async fn open(_: &Setup) -> Result<(), SetupError> {
        Ok(())
    }
}
