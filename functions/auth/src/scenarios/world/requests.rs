//! Requests to the app, and what comes back.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use super::World;

/// What came back.
pub(in crate::scenarios) struct Answer {
    pub(in crate::scenarios) status: StatusCode,
    pub(in crate::scenarios) headers: HeaderMap,
    pub(in crate::scenarios) body: Value,
}

impl Answer {
    pub(in crate::scenarios) fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_else(|| panic!("no {member} in {}", self.body))
    }

    pub(in crate::scenarios) fn code(&self) -> &str {
        self.text("code")
    }

    /// Without what names the request.
    pub(in crate::scenarios) fn anonymous(mut self) -> (StatusCode, Value, Vec<String>) {
        self.body.as_object_mut().unwrap().remove("instance");
        (self.status, self.body, self.headers.keys().map(ToString::to_string).collect())
    }
}

impl World {
    pub(in crate::scenarios) async fn get(&self, path: &str, token: &str) -> Answer {
        send(&self.public, "GET", &format!("/api/auth{path}"), Some(token), None).await
    }

    pub(in crate::scenarios) async fn delete(&self, path: &str, token: &str) -> Answer {
        send(&self.public, "DELETE", &format!("/api/auth{path}"), Some(token), None).await
    }

    pub(in crate::scenarios) async fn post(
        &self,
        path: &str,
        token: Option<&str>,
        body: Value,
    ) -> Answer {
        send(&self.public, "POST", &format!("/api/auth{path}"), token, Some(body)).await
    }

    pub(in crate::scenarios) async fn put(&self, path: &str, token: &str, body: Value) -> Answer {
        send(&self.public, "PUT", &format!("/api/auth{path}"), Some(token), Some(body)).await
    }

    /// A request with these headers; `path` is below the app's own.
    pub(in crate::scenarios) async fn call(
        &self,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let request = Request::builder().method(method).uri(format!("/api/auth{path}"));
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = match body {
            Some(json) => {
                let request = request.header("content-type", "application/json");
                request.body(Body::from(json.to_string()))
            }
            None => request.body(Body::empty()),
        };
        answer(&self.public, request.unwrap()).await
    }
}

pub(super) async fn send(
    router: &Router,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<Value>,
) -> Answer {
    let mut request =
        Request::builder().method(method).uri(path).header("user-agent", "test device");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = match body {
        Some(json) => {
            request = request.header("content-type", "application/json");
            Body::from(json.to_string())
        }
        None => Body::empty(),
    };
    answer(router, request.body(body).unwrap()).await
}

async fn answer(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Answer { status: parts.status, headers: parts.headers, body }
}
