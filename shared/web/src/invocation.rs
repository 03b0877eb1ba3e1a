//! Invocations by the Functions host: one envelope in, one answer out, never an empty one.

use std::{pin::Pin, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, rejection::BytesRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use domain::Class;
use serde_json::{Value, json};
use store::SystemCap;

use crate::{Gate, Job, Problem, Served, Trigger, input::too_large};

/// The largest envelope that a trigger reads: the Functions host's own limit.
const ENVELOPE_BYTES_MAX: usize = 100 * 1024 * 1024;

type JobFuture = Pin<Box<dyn Future<Output = Result<Value, Problem>> + Send>>;
pub(crate) type JobHandler<S> = Arc<dyn Fn(S, Job, Value) -> JobFuture + Send + Sync>;

pub(crate) fn invocation_router<S: Clone + Send + Sync + 'static>(
    triggers: Vec<(&'static Trigger, JobHandler<S>)>,
    state: S,
    gate: &Gate,
    cap: &SystemCap,
) -> Router {
    let mut router = Router::new();
    for (trigger, handler) in triggers {
        let (gate, cap, state) = (gate.clone(), cap.clone(), state.clone());
        let answer = post(move |body: Result<Bytes, BytesRejection>| {
            invoke(gate.clone(), cap.clone(), trigger, Arc::clone(&handler), state.clone(), body)
        });
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where routes of triggers are made"
        )]
        {
            router = router.route(&format!("/{}", trigger.name), answer);
        }
    }
    router.layer(DefaultBodyLimit::max(ENVELOPE_BYTES_MAX))
}

/// Runs one invocation. Success is never an empty answer: the host would wait for it until its own timeout.
async fn invoke<S>(
    gate: Gate,
    cap: SystemCap,
    trigger: &'static Trigger,
    handler: JobHandler<S>,
    state: S,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let now = gate.now();
    let job = Job { now, request: gate.ports.randomness.id(now), cap, trigger };
    let request = job.request;
    // What failed at the end of a request is tried again by whatever job of this app comes next.
    job.cap.declare_void(now).await;
    let mut response = match taken(trigger, body) {
        Ok(input) => answer(handler(state, job, input).await),
        Err(problem) => problem.into_response(),
    };
    response.extensions_mut().insert(Served { endpoint: trigger.name, request, admitted: None });
    response
}

/// The input in the host's envelope.
fn taken(trigger: &Trigger, body: Result<Bytes, BytesRejection>) -> Result<Value, Problem> {
    let refused = |detail: String| Problem::new(Class::Invalid, "envelope", detail);
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => refused("The envelope ended before it was complete.".to_owned()),
    })?;
    let envelope = serde_json::from_slice::<Value>(&body)
        .map_err(|_| refused("The envelope is not JSON.".to_owned()))?;
    trigger.input(envelope).map_err(|error| refused(error.to_string()))
}

fn answer(outputs: Result<Value, Problem>) -> Response {
    match outputs {
        Ok(outputs) => {
            axum::Json(json!({"Outputs": {}, "Logs": [], "ReturnValue": outputs})).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}
