//! Problem details (RFC 9457): the one shape of every refusal.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{Class, Fault, RequestId};
use serde_json::{Map, Value};

/// A refusal: `type` is `/problems/<code>`, and the code never changes its meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// What the caller can do, and with it the status.
    pub class: Class,
    /// The stable code.
    pub code: &'static str,
    /// One sentence for the caller. Never set for [`Class::Internal`].
    pub detail: Option<String>,
    /// Further members, such as `max` or `server_time`.
    pub members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A refusal with a sentence that says what happened, why, and what to do next.
    pub fn new(class: Class, code: &'static str, detail: impl Into<String>) -> Self {
        let detail = if class == Class::Internal { None } else { Some(detail.into()) };
        Self { class, code, detail, members: Map::new(), headers: Vec::new() }
    }

    /// Also says `value` under `name`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Also sends a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// 404, the same for what does not exist and for what is another tenant's.
    pub fn not_found() -> Self {
        Self::new(Class::NotFound, "not-found", "There is no such thing here.")
    }

    /// 500; the log has the reason.
    pub fn internal(reason: &dyn std::fmt::Display) -> Self {
        tracing::error!(reason = %reason, "internal error");
        Self::new(Class::Internal, "internal", "")
    }

    /// As JSON. A 404 has no `instance`, so that a foreign id answers the very bytes of a missing one.
    pub fn to_json(&self, request: Option<RequestId>) -> Value {
        let mut body = self.members.clone();
        body.insert("type".to_owned(), format!("/problems/{}", self.code).into());
        body.insert("title".to_owned(), title(self.class).into());
        body.insert("status".to_owned(), self.class.status().into());
        body.insert("code".to_owned(), self.code.into());
        if let Some(detail) = &self.detail {
            body.insert("detail".to_owned(), detail.as_str().into());
        }
        if let Some(request) = request.filter(|_| self.class != Class::NotFound) {
            body.insert("instance".to_owned(), request.to_string().into());
        }
        Value::Object(body)
    }
}

pub(crate) const fn title(class: Class) -> &'static str {
    match class {
        Class::Invalid => "The request is not valid",
        Class::Unauthenticated => "Sign in first",
        Class::Forbidden => "Not allowed",
        Class::NotFound => "Not found",
        Class::Method => "Method not allowed",
        Class::Conflict => "Conflict",
        Class::TooLarge => "Too large",
        Class::Media => "Unsupported media type",
        Class::Unprocessable => "It contradicts what was sent before",
        Class::TooMany => "Too many requests",
        Class::Internal => "Internal error",
        Class::Unavailable => "Try again later",
    }
}

impl<E: Fault> From<E> for Problem {
    fn from(error: E) -> Self {
        if error.class() == Class::Internal {
            return Self::internal(&Chain(&error));
        }
        let problem = Self::new(error.class(), error.code(), error.to_string());
        match error.class() {
            Class::NotFound => Self::not_found(),
            Class::Unavailable | Class::TooMany => {
                problem.header(header::RETRY_AFTER, HeaderValue::from_static("1"))
            }
            Class::Invalid
            | Class::Unauthenticated
            | Class::Forbidden
            | Class::Method
            | Class::Conflict
            | Class::Unprocessable => problem,
            Class::TooLarge | Class::Media | Class::Internal => problem,
        }
    }
}

/// An error and its sources, joined once, where they are logged.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.class.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = Response::new(Body::from(self.to_json(None).to_string()));
        *response.status_mut() = status;
        let media = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, media);
        for (name, value) in &self.headers {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        // The guard writes the body again with the request's id.
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_internal_problem_says_nothing_of_its_cause() {
        let problem = Problem::internal(&"password of the database");
        assert!(!problem.to_json(None).to_string().contains("database"));
    }

    #[test]
    fn a_missing_thing_has_no_instance_and_others_do() {
        let request = RequestId::from_u128(1);
        assert!(Problem::not_found().to_json(Some(request)).get("instance").is_none());
        let conflict = Problem::new(Class::Conflict, "conflict", "Read it again.");
        assert!(conflict.to_json(Some(request)).get("instance").is_some());
    }
}
