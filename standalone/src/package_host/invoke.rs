//! Invocations by envelope: `POST /{function}`, the answer judged by the host's rules, its outputs sent on.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, Method, Request, header},
};
use http_body_util::{BodyExt as _, Full, Limited};
use ports::{QueueError, QueueName};
use serde_json::Value;

use super::{
    chaos::Fate,
    function_json::{Destination, Function, Trigger},
    site::{App, Site},
    worker::{Gone, Life},
};
use crate::serve::{
    answer::{self, Failure},
    dispatcher::{HOST_VERSION, HOST_VERSION_VALUE, INVOCATION_ID},
};

/// The host's name towards handlers.
pub(crate) const USER_AGENT: &str = "Azure-Functions-Host/4.1052.200.0";
/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 100 * 1024 * 1024;

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvokeError {
    #[error(transparent)]
    Gone(#[from] Gone),
    #[error(transparent)]
    Answer(#[from] Failure),
    #[error(
        "the handler did not answer within functionTimeout ({0:?}); the Functions host kills it, and every other invocation with it"
    )]
    Late(Duration),
    #[error("the handler was killed under it, as --chaos asked")]
    Chaos,
    #[error("the output {0:?} cannot be sent: {1}")]
    Output(String, QueueError),
    #[error("`Outputs.{0}` is not an object with statusCode, headers and body")]
    HttpOutput(String),
}

/// Invokes `function` and sends its outputs on; gives the answer.
pub(crate) async fn invoke(
    site: &Site,
    app: &Arc<App>,
    function: &Arc<Function>,
    envelope: &Value,
) -> Result<Value, InvokeError> {
    let fate = site.chaos.next(&app.full_name(function));
    if !fate.delay.is_zero() {
        tokio::time::sleep(fate.delay).await;
    }
    let can_be_doubled =
        matches!(function.trigger, Trigger::Queue { .. } | Trigger::EventGrid { .. });
    if fate.is_doubled && can_be_doubled {
        let other = Fate { is_doubled: false, killed_after: None, ..fate };
        let (first, second) = tokio::join!(
            once(site, app, function, envelope, fate),
            once(site, app, function, envelope, other)
        );
        return second.and(first);
    }
    once(site, app, function, envelope, fate).await
}

async fn once(
    site: &Site,
    app: &App,
    function: &Function,
    envelope: &Value,
    fate: Fate,
) -> Result<Value, InvokeError> {
    let life = app.worker.ready().await?;
    let answered = within_timeout(app, life, ask(site, app, function, envelope));
    let answer = match fate.killed_after {
        None => answered.await?,
        Some(after) => {
            // Whatever it answered by then is lost.
            tokio::time::timeout(after, answered).await.ok();
            app.worker.kill(life);
            return Err(InvokeError::Chaos);
        }
    };
    send_outputs(site, function, &answer).await?;
    write_logs(app, function, &answer);
    Ok(answer)
}

/// Waits for `answered` for `functionTimeout`; then the handler is killed, whatever else it works on.
async fn within_timeout(
    app: &App,
    life: Life,
    answered: impl Future<Output = Result<Value, InvokeError>>,
) -> Result<Value, InvokeError> {
    let Some(limit) = app.host.function_timeout else { return answered.await };
    tokio::time::timeout(limit, answered).await.unwrap_or_else(|_| {
        let error = InvokeError::Late(limit);
        tracing::error!(app = app.name, error = %error, "a function timed out");
        app.worker.kill(life);
        Err(error)
    })
}

async fn ask(
    site: &Site,
    app: &App,
    function: &Function,
    envelope: &Value,
) -> Result<Value, InvokeError> {
    let request = request(site.invocation_id(), app, function, envelope)?;
    let response = app.connections.request(request).await.map_err(|_| Failure::BrokenOff)?;
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|_| Failure::BrokenOff)?.to_bytes();
    let media_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let read = answer::read(parts.status, media_type, &body);
    if site.is_azure_like {
        let is_hang = read == Err(Failure::Empty)
            || (parts.status.is_success() && body.trim_ascii() == b"null");
        if is_hang {
            // What the host does: it never learns that there was an answer.
            return std::future::pending().await;
        }
        return Ok(read?);
    }
    let answer = read?;
    answer::check_outputs(&answer)?;
    Ok(answer)
}

/// As the host sends it: in chunks, without a length.
fn request(
    id: HeaderValue,
    app: &App,
    function: &Function,
    envelope: &Value,
) -> Result<Request<Body>, Failure> {
    let bytes = Bytes::from(envelope.to_string());
    let body = Body::new(Full::new(bytes).map_frame(|frame| frame));
    Request::builder()
        .method(Method::POST)
        .uri(format!("/{}", function.name))
        .header(header::HOST, app.connections.host())
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::TRANSFER_ENCODING, "chunked")
        .header(HOST_VERSION, HOST_VERSION_VALUE)
        .header(INVOCATION_ID, id)
        .body(body)
        .map_err(|_| Failure::BrokenOff)
}

/// The value for an output: of `Outputs`, or for `$return` the `ReturnValue`, whose members count as outputs where there is no `$return`.
pub(crate) fn output<'a>(function: &Function, answer: &'a Value, name: &str) -> Option<&'a Value> {
    let returned = answer.get("ReturnValue");
    if name == "$return" {
        return returned.filter(|value| !value.is_null());
    }
    let merged = || {
        let has_return = function.outputs.iter().any(|output| output.name == "$return");
        if has_return { None } else { returned?.get(name) }
    };
    answer
        .get("Outputs")
        .and_then(|outputs| outputs.get(name))
        .or_else(merged)
        .filter(|value| !value.is_null())
}

async fn send_outputs(site: &Site, function: &Function, answer: &Value) -> Result<(), InvokeError> {
    for to in &function.outputs {
        let Destination::Queue(queue) = to.to else { continue };
        let Some(value) = output(function, answer, &to.name) else { continue };
        send(site, queue, value)
            .await
            .map_err(|error| InvokeError::Output(to.name.clone(), error))?;
    }
    Ok(())
}

async fn send(site: &Site, queue: QueueName, value: &Value) -> Result<(), QueueError> {
    let messages = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    for message in messages {
        site.inbox.send(queue, &message_text(message)).await?;
    }
    Ok(())
}

/// A text that reads as base64 becomes its bytes (functions-host §0 fact 8); only with --azure-like does one come so far.
fn message_text(value: &Value) -> String {
    match value.as_str() {
        None => value.to_string(),
        Some(text) => answer::decoded(text)
            .map_or_else(|| text.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// `Logs` of a success, tied to the invocation, without a level.
fn write_logs(app: &App, function: &Function, answer: &Value) {
    for line in answer.get("Logs").and_then(Value::as_array).into_iter().flatten() {
        let line = line.as_str().unwrap_or_default();
        tracing::info!(app = app.name, function = function.name, line, "a function logged");
    }
}
