//! HTTP functions with more bindings than two, or without proxying: the request in an envelope, the answer out of one.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::Response,
};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Map, Value, json};

use super::{
    function_json::{Destination, Function},
    invoke::{InvokeError, invoke, output},
    passing::{empty, length},
    routes::{Parameters, decode},
    site::{App, Site},
};
use crate::serve::envelope;

/// Invokes `function` for a request; whatever fails is 500, with the reason in the log.
pub(crate) async fn answer(
    site: &Site,
    app: &Arc<App>,
    function: &Arc<Function>,
    parameters: &Parameters,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let max = usize::try_from(site.body_bytes_max).unwrap_or(usize::MAX);
    let Ok(body) = Limited::new(body, max).collect().await else {
        return empty(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let has_body = length(&parts.headers).is_some_and(|length| length > 0);
    let body = body.to_bytes();
    let body = has_body.then_some(&*body);
    let request = written(&parts.method, &parts.uri, &parts.headers, parameters, body);
    let envelope = envelope::http(&function.binding, request, parameters, &site.sys(function));
    let answered = invoke(site, app, function, &envelope).await;
    match answered.and_then(|answer| read(function, &answer)) {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(function = app.full_name(function), error = %error, "a request failed");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// The object that stands for the request (functions-host §2.3, row HTTP).
fn written(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    parameters: &Parameters,
    body: Option<&[u8]>,
) -> Value {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut named: Map<String, Value> = Map::new();
    for name in headers.keys() {
        let values: Vec<String> = headers.get_all(name).iter().map(text).collect();
        named.insert(capitalised(name), json!(values));
    }
    let host = headers.get(header::HOST).map(text).unwrap_or_default();
    let parameters: Map<String, Value> =
        parameters.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let mut request = json!({
        "Url": format!("http://{host}{uri}"),
        "Method": method.as_str(),
        "Query": query(uri),
        "Headers": named,
        "Params": parameters,
        "Identities": [nobody()],
    });
    if let (Some(body), Some(members)) = (body, request.as_object_mut()) {
        let media_type =
            headers.get(header::CONTENT_TYPE).map(text).unwrap_or_default().to_ascii_lowercase();
        let is_binary = media_type.starts_with("application/octet-stream")
            || media_type.starts_with("multipart/");
        let body = if is_binary {
            envelope::binary(body)
        } else {
            String::from_utf8_lossy(body).into_owned().into()
        };
        members.insert("Body".to_owned(), body);
    }
    request
}

/// As .NET writes the claims of somebody who did not sign in.
fn nobody() -> Value {
    json!({
        "AuthenticationType": null, "IsAuthenticated": false, "Actor": null, "BootstrapContext": null,
        "Claims": [], "Label": null, "Name": null,
        "NameClaimType": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "RoleClaimType": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
    })
}

/// `Content-Type`: names in .NET's usual capitals.
fn capitalised(name: &HeaderName) -> String {
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    };
    name.as_str().split('-').map(capital).collect::<Vec<_>>().join("-")
}

fn query(uri: &Uri) -> Value {
    let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name).into_owned(), Value::String(decode(&value.replace('+', " ")).into_owned()))
    };
    Value::Object(pairs.map(pair).collect())
}

/// The answer that the output of the type `http` stands for (functions-host §2.4).
fn read(function: &Function, answer: &Value) -> Result<Response, InvokeError> {
    let to = function.outputs.iter().find(|output| output.to == Destination::Http);
    let Some(to) = to else { return Ok(empty(StatusCode::NO_CONTENT)) };
    let refused = || InvokeError::HttpOutput(to.name.clone());
    let Some(said) = output(function, answer, &to.name) else {
        return Ok(with_body(StatusCode::OK, &json!({})));
    };
    let said = said.as_object().ok_or_else(refused)?;
    let member = |names: &[&str]| {
        said.iter()
            .find(|(key, _)| names.iter().any(|name| key.eq_ignore_ascii_case(name)))
            .map(|(_, value)| value)
    };
    let status = match member(&["statusCode", "status"]) {
        None => 200,
        Some(status) => {
            status.as_u64().or_else(|| status.as_str()?.parse().ok()).ok_or_else(refused)?
        }
    };
    let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.ok_or_else(refused)?;
    let mut response =
        member(&["body"]).map_or_else(|| empty(status), |body| with_body(status, body));
    for (name, value) in member(&["headers"]).and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let header = (name.parse::<HeaderName>(), HeaderValue::from_str(&value));
        if let (Ok(name), Ok(value)) = header {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

fn with_body(status: StatusCode, body: &Value) -> Response {
    let (text, media_type) = match body {
        Value::String(text) => (text.clone(), "text/plain; charset=utf-8"),
        Value::Null => (String::new(), "text/plain; charset=utf-8"),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            (body.to_string(), "application/json; charset=utf-8")
        }
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
