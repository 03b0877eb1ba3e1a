//! `/runtime/webhooks/EventGrid`: where Event Grid delivers, and what the Event Grid extension of the host makes of it (functions-host §2.3).

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use futures::future::join_all;
use serde_json::{Value, json};

use super::{
    function_json::{Function, Trigger},
    invoke::{InvokeError, invoke},
    passing::empty,
    site::{App, Site},
};
use crate::serve::envelope;

/// Answers one delivery, handshake or word of Event Grid to `function`.
pub(crate) async fn answer(
    site: &Site,
    app: &Arc<App>,
    function: &Arc<Function>,
    method: &Method,
    headers: &HeaderMap,
    body: Bytes,
) -> Response {
    if method == Method::OPTIONS {
        let mut response = empty(StatusCode::OK);
        let origin = HeaderValue::from_static("eventgrid.azure.net");
        response.headers_mut().insert("webhook-allowed-origin", origin);
        return response;
    }
    let kind =
        headers.get("aeg-event-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    match kind.to_ascii_lowercase().as_str() {
        "subscriptionvalidation" => validate(&body),
        "notification" => notify(site, app, function, &body).await,
        "unsubscribe" => empty(StatusCode::ACCEPTED),
        _ => empty(StatusCode::BAD_REQUEST),
    }
}

/// Says that nobody of this name is there.
pub(crate) fn not_found(name: &str) -> Response {
    text(StatusCode::NOT_FOUND, format!("cannot find function: '{name}'"))
}

fn validate(body: &[u8]) -> Response {
    let code = || {
        let sent: Value = serde_json::from_slice(body).ok()?;
        let event = sent.get(0).unwrap_or(&sent);
        let data = event.get("data")?;
        let inside: Option<Value> = data.as_str().and_then(|text| serde_json::from_str(text).ok());
        inside.as_ref().unwrap_or(data).get("validationCode")?.as_str().map(str::to_owned)
    };
    let Some(code) = code() else { return empty(StatusCode::BAD_REQUEST) };
    let mut response = Response::new(Body::from(json!({"validationResponse": code}).to_string()));
    let media_type = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

/// Each event is an invocation of its own, unless the function takes many: if one fails, all of them come again.
async fn notify(site: &Site, app: &Arc<App>, function: &Arc<Function>, body: &[u8]) -> Response {
    let events = match serde_json::from_slice(body) {
        Ok(Value::Array(events)) => events,
        Ok(event @ Value::Object(_)) => vec![event],
        Ok(_) | Err(_) => return empty(StatusCode::BAD_REQUEST),
    };
    let invoked = match &function.trigger {
        Trigger::EventGrid { is_many: true } => {
            let sys = site.sys(function);
            let envelope = envelope::event_grid_many(&function.binding, events, &sys);
            vec![invoke(site, app, function, &envelope).await]
        }
        Trigger::EventGrid { is_many: false } => {
            let one = async |event| {
                let envelope = envelope::event_grid(&function.binding, event, &site.sys(function));
                invoke(site, app, function, &envelope).await
            };
            join_all(events.into_iter().map(one)).await
        }
        Trigger::Http(_) | Trigger::Timer { .. } | Trigger::Queue { .. } => {
            return not_found(&function.name);
        }
    };
    match invoked.into_iter().find_map(Result::err) {
        None => empty(StatusCode::ACCEPTED),
        Some(error) => failed(app, function, &error),
    }
}

fn failed(app: &App, function: &Function, error: &InvokeError) -> Response {
    tracing::warn!(function = app.full_name(function), error = %error, "an event was not worked on");
    text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

fn text(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}
