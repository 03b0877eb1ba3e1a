//! Asks over HTTP, and looks into the outbox.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes what is outside a #[test] for production code"
)]

use std::{fs, future::Future, path::Path, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{Method, Request},
};
use http_body_util::BodyExt as _;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::Value;

pub(crate) const JSON: &str = "application/json";
pub(crate) const EVENT: &str = "application/cloudevents+json";

/// The status and the body; a body that is not JSON is null.
pub(crate) async fn send(
    method: Method,
    url: &str,
    media_type: &str,
    body: impl Into<Bytes>,
) -> (u16, Value) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::builder().method(method).uri(url).header("content-type", media_type);
    let request = request.body(Body::from(body.into())).unwrap();
    let response = client.request(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

pub(crate) async fn get(url: &str) -> (u16, Value) {
    send(Method::GET, url, JSON, "").await
}

pub(crate) async fn post(url: &str, media_type: &str, body: impl Into<Bytes>) -> (u16, Value) {
    send(Method::POST, url, media_type, body).await
}

/// How many letters there are with this subject and text.
pub(crate) fn letters(data: &Path, subject: &str, text: &str) -> usize {
    let letters = fs::read_dir(data.join("outbox")).unwrap().map(|entry| entry.unwrap().path());
    letters
        .filter_map(|path| fs::read_to_string(path).ok())
        .filter(|letter| {
            letter.contains(&format!("Subject: {subject}\r\n")) && letter.contains(text)
        })
        .count()
}

/// Until it is so; a test that never gets there fails after 20 s.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let looked = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), looked).await.is_ok(), "{what}");
}
