//! What a handler takes from a request: strict, bounded, refused as a problem.

use std::str::FromStr;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{header, request::Parts},
};
use domain::{Class, Id, Kind};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::Problem;

/// The deepest JSON that is read.
const DEPTH_MAX: usize = 32;

/// A JSON body.
#[derive(Debug)]
pub struct Input<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let media = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let essence = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence != "application/json" && !essence.ends_with("+json") {
            return Err(Problem::new(
                Class::Media,
                "unsupported-media-type",
                "Send the body as application/json.",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|_| too_large())?;
        parse(&bytes).map(Self)
    }
}

pub(crate) fn too_large() -> Problem {
    Problem::new(
        Class::TooLarge,
        "payload-too-large",
        "The body is larger than this endpoint reads. Send less.",
    )
}

/// Parses JSON with a bounded depth. The message names the place, never the value.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let invalid = |detail: String| Problem::new(Class::Invalid, "validation", detail);
    let text =
        std::str::from_utf8(bytes).map_err(|_| invalid("The body is not UTF-8.".to_owned()))?;
    if depth(text) > DEPTH_MAX {
        return Err(invalid(format!("The body is nested deeper than {DEPTH_MAX} levels.")));
    }
    serde_json::from_str(text).map_err(|error| {
        let what = match error.classify() {
            Category::Data => describe(&error),
            Category::Io | Category::Syntax | Category::Eof => "it is not JSON".to_owned(),
        };
        invalid(format!(
            "The body cannot be read: {what} (line {}, column {}).",
            error.line(),
            error.column()
        ))
    })
}

/// The kind of mistake, without the value that was sent: `unknown field`, `missing field`, or a wrong type.
fn describe(error: &serde_json::Error) -> String {
    let message = error.to_string();
    if message.starts_with("missing field") || message.starts_with("unknown field") {
        return message.split(" at line").next().unwrap_or_default().chars().take(200).collect();
    }
    "a member has a value that is not allowed there".to_owned()
}

/// How deep arrays and objects are nested; brackets inside strings do not count.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// The one identifier of a path. A text that is no identifier names nothing: 404.
pub struct PathId<K>(pub Id<K>);

impl<S: Send + Sync, K: Kind> FromRequestParts<S> for PathId<K> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let PathPart(id) = PathPart::from_request_parts(parts, state).await?;
        Ok(Self(id))
    }
}

/// The one part of a path that is anything else. A text that is none of it names nothing: 404.
pub struct PathPart<A>(pub A);

impl<S: Send + Sync, A: FromStr> FromRequestParts<S> for PathPart<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // What is not UTF-8 comes to no FromStr.
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found())?;
        text.parse().map(Self).map_err(|_| Problem::not_found())
    }
}

/// The two identifiers of a path. A text that is no identifier names nothing: 404.
pub struct PathPair<A, B>(pub A, pub B);

impl<S: Send + Sync, A: FromStr, B: FromStr> FromRequestParts<S> for PathPair<A, B> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((first, second)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found())?;
        match (first.parse(), second.parse()) {
            (Ok(first), Ok(second)) => Ok(Self(first, second)),
            (Err(_), _) | (_, Err(_)) => Err(Problem::not_found()),
        }
    }
}

/// The query of a URL.
#[derive(Debug)]
pub struct Selection<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Selection<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = Query::<T>::from_request_parts(parts, state).await;
        let refused = |_| {
            Problem::new(
                Class::Invalid,
                "validation",
                "The query of the URL has an unknown or wrong parameter.",
            )
        };
        found.map(|Query(query)| Self(query)).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings_only() {
        assert_eq!(depth("{\"a\":[\"[[[\\\"[\"]}"), 2);
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse::<serde_json::Value>(nested(32).as_bytes()).is_ok());
        assert!(parse::<serde_json::Value>(nested(33).as_bytes()).is_err());
    }

    #[test]
    fn a_refusal_never_repeats_the_value() {
        let problem = parse::<Vec<u8>>(b"\"swordfish\"").unwrap_err();
        assert!(!problem.to_json(None).to_string().contains("swordfish"));
        assert_eq!(parse::<u8>(&[0xff]).unwrap_err().code, "validation");
    }
}
