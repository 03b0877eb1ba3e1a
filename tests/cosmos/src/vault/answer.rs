//! Answers in the service's form.

use axum::{
    Json,
    http::{StatusCode, header::WWW_AUTHENTICATE},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::{
    RESOURCE, State,
    key::{Version, encode},
};
use crate::identity::TENANT;

/// Says where to get a token.
pub(super) fn challenge() -> Response {
    let challenge = format!(
        "Bearer authorization=\"https://login.microsoftonline.com/{TENANT}\", resource=\"{RESOURCE}\""
    );
    let body = refuse(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.");
    ([(WWW_AUTHENTICATE, challenge)], body).into_response()
}

pub(super) fn refuse(status: u16, code: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(json!({"error": {"code": code, "message": message}}))).into_response()
}

pub(super) fn forbidden() -> Response {
    let message = "Caller is not authorized to perform action on resource.";
    let inner = json!({"code": "ForbiddenByRbac"});
    let body = json!({"error": {"code": "Forbidden", "message": message, "innererror": inner}});
    (StatusCode::FORBIDDEN, Json(body)).into_response()
}

/// What the service says when it is told to fail.
pub(super) fn failure(status: u16) -> Response {
    let code = match status {
        429 => "Throttled",
        503 => "ServiceUnavailable",
        _ => "InternalServerError",
    };
    refuse(status, code, "told to fail")
}

/// A `KeyBundle`.
pub(super) fn key(state: &State, name: &str, version: &Version) -> Response {
    let mut key = version.public();
    if let Value::Object(members) = &mut key {
        members.insert("kid".to_owned(), id(state, "keys", name, &version.name).into());
    }
    Json(json!({"key": key, "attributes": attributes()})).into_response()
}

/// A `KeyOperationResult`.
pub(super) fn computed(state: &State, name: &str, version: &Version, value: &[u8]) -> Response {
    let kid = id(state, "keys", name, &version.name);
    Json(json!({"kid": kid, "value": encode(value)})).into_response()
}

/// A `SecretBundle`.
pub(super) fn secret(state: &State, name: &str, (version, value): &(String, String)) -> Response {
    let id = id(state, "secrets", name, version);
    Json(json!({"id": id, "value": value, "attributes": attributes()})).into_response()
}

fn id(state: &State, collection: &str, name: &str, version: &str) -> String {
    format!("{}{collection}/{name}/{version}", state.url)
}

/// Seconds since 1970; no time of ours matters here.
fn attributes() -> Value {
    json!({"enabled": true, "created": 1_795_219_200, "updated": 1_795_219_200,
        "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90})
}
