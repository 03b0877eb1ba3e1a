//! One request: who asks, whether they may, and what comes of it. In the order of the service: 401, 400, 403, 404.

use std::sync::Arc;

use axum::{
    extract::{Request, State as Shared},
    http::{Method, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::{
    State,
    answer::{challenge, computed, failure, forbidden, key, refuse, secret},
    caller::Caller,
    key::{Kind, Version, decode, version_name},
};

/// The largest body that our operations have.
const BODY_BYTES_MAX: usize = 64 << 10;

/// What a path and a method ask for.
struct Call {
    collection: String,
    name: String,
    /// Empty for the current one.
    version: String,
    operation: String,
}

pub(super) async fn answer(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let label = format!("{} {}", request.method(), request.uri().path().trim_matches('/'));
    let answer = decide(&state, request).await;
    state.stored().calls.push(format!("{label} {}", answer.status().as_u16()));
    answer
}

async fn decide(state: &State, request: Request) -> Response {
    if let Some(status) = state.stored().failures.pop_front() {
        return failure(status);
    }
    let Some(caller) = Caller::of(request.headers(), &state.tokens) else { return challenge() };
    if !has_version(request.uri()) {
        return refuse(400, "BadParameter", "api-version must be specified");
    }
    let Some(call) = Call::parse(request.method(), request.uri().path()) else {
        return refuse(404, "NotFound", "there is no such resource");
    };
    if call.collection == "stand-in" {
        return steer(state, caller, &call, request).await;
    }
    if !caller.may(&call.collection, &call.name, &call.operation) {
        return forbidden();
    }
    let body = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await.unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    match call.collection.as_str() {
        "keys" => call.on_key(state, &body),
        _ => call.on_secret(state, &body),
    }
}

/// Microsoft's JavaScript client writes `api%2Dversion`.
fn has_version(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, value)| {
        name == "api-version" && ["7.4", "7.5", "7.6", "2025-07-01"].contains(&value.as_ref())
    })
}

impl Call {
    /// `/keys/{name}/{version}/{operation}`, where name and version may be followed by nothing, and a version may be empty.
    fn parse(method: &Method, path: &str) -> Option<Self> {
        let parts: Vec<_> = path.strip_prefix('/')?.split('/').collect();
        let (collection, name, rest) = match parts.as_slice() {
            [collection @ ("keys" | "secrets" | "stand-in"), name, rest @ ..] => {
                (*collection, *name, rest)
            }
            _ => return None,
        };
        let (version, operation) = match (method, rest) {
            (&Method::GET, [] | [""]) => ("", "get"),
            (&Method::GET, [version]) => (*version, "get"),
            (&Method::PUT, []) => ("", "set"),
            (&Method::POST, [operation]) => ("", *operation),
            (&Method::POST, [version, operation]) => (*version, *operation),
            _ => return None,
        };
        let [collection, name, version] = [collection, name, version].map(str::to_owned);
        Some(Self { collection, name, version, operation: operation.to_ascii_lowercase() })
    }

    fn on_key(&self, state: &State, body: &Value) -> Response {
        match self.operation.as_str() {
            "create" => self.add_version(state, kind(body)),
            "rotate" => {
                let current = self.version(state).map(|version| version.kind());
                self.add_version(state, current)
            }
            operation => match self.version(state) {
                None => refuse(
                    404,
                    "KeyNotFound",
                    "A key with this name and version was not found in this key vault.",
                ),
                Some(version) if operation == "get" => key(state, &self.name, &version),
                Some(version) => self.compute(state, &version, body),
            },
        }
    }

    fn compute(&self, state: &State, version: &Version, body: &Value) -> Response {
        let input = body["value"].as_str().and_then(decode).unwrap_or_default();
        let algorithm = body["alg"].as_str().unwrap_or_default();
        match version.compute(&self.operation, algorithm, &input) {
            Some(output) => computed(state, &self.name, version, &output),
            None => refuse(400, "BadParameter", "The parameter is incorrect."),
        }
    }

    fn add_version(&self, state: &State, kind: Option<Kind>) -> Response {
        let made = kind.and_then(|kind| Version::new(kind).ok());
        let Some(version) = made else {
            return refuse(400, "BadParameter", "Property kty, key_size or crv is not supported");
        };
        let answer = key(state, &self.name, &version);
        state.stored().keys.entry(self.name.clone()).or_default().push(version);
        answer
    }

    fn version(&self, state: &State) -> Option<Version> {
        let stored = state.stored();
        let versions = stored.keys.get(&self.name)?;
        match self.version.as_str() {
            "" => versions.last().cloned(),
            name => versions.iter().find(|version| version.name == name).cloned(),
        }
    }

    fn on_secret(&self, state: &State, body: &Value) -> Response {
        let mut stored = state.stored();
        if let Some(value) = body["value"].as_str().filter(|_| self.operation == "set") {
            let Ok(version) = version_name() else { return failure(500) };
            let stored = stored.secrets.entry(self.name.clone()).or_default();
            stored.push((version, value.to_owned()));
        }
        let versions = stored.secrets.get(&self.name);
        let found = versions.and_then(|versions| match self.version.as_str() {
            "" => versions.last(),
            name => versions.iter().find(|(version, _)| version == name),
        });
        match found {
            Some(found) => secret(state, &self.name, found),
            None => refuse(
                404,
                "SecretNotFound",
                "A secret with this name and version was not found in this key vault.",
            ),
        }
    }
}

fn kind(body: &Value) -> Option<Kind> {
    match (body["kty"].as_str(), body["crv"].as_str()) {
        (Some("EC"), Some("P-256")) => Some(Kind::P256),
        (Some("RSA"), None) => {
            let bits = body["key_size"].as_u64().unwrap_or(2048);
            Some(Kind::Rsa(u32::try_from(bits).ok()?))
        }
        _ => None,
    }
}

/// What tests of another process ask of the stand-in itself: `POST /stand-in/failures`, `GET /stand-in/calls`.
async fn steer(state: &State, caller: Caller, call: &Call, request: Request) -> Response {
    if caller != Caller::Administrator {
        return forbidden();
    }
    if call.name == "calls" {
        return axum::Json(json!(state.stored().calls)).into_response();
    }
    let body = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await.unwrap_or_default();
    match serde_json::from_slice::<Vec<u16>>(&body) {
        Ok(failures) => {
            state.stored().failures.extend(failures);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(_) => refuse(400, "BadParameter", "an array of statuses is needed"),
    }
}
