//! The handlers of the packages: a real app, and one that does whatever it is told, right or wrong.

use std::{convert::Infallible, fs, io::Write as _, net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use futures::stream;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use standalone::{HostedApp, Lifeline};

use crate::tiny;

fn setting(name: &str) -> Option<String> {
    std::env::vars().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// Packages start this test as their handler; for anybody else it is empty.
#[test]
#[ignore = "a handler for the packages of the other tests"]
fn handler() {
    let Some(port) = setting("FUNCTIONS_CUSTOMHANDLER_PORT") else { return };
    if setting("HANDLER").as_deref() == Some("tiny") {
        assert_eq!(
            HostedApp::of::<tiny::Tiny>().run(Lifeline::None),
            std::process::ExitCode::SUCCESS
        );
        return;
    }
    if let Some(code) = setting("EXIT") {
        end(&code);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(serve(port.parse().unwrap()));
    end("0");
}

#[expect(clippy::exit, reason = "a handler's exit code is what is tested")]
fn end(code: &str) -> ! {
    std::process::exit(code.parse().unwrap())
}

async fn serve(port: u16) {
    note("started", &json!({"port": port}));
    if setting("NEVER_READY").is_some() {
        return std::future::pending().await;
    }
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
    eprintln!("a warning of the handler");
    let listener =
        tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await.unwrap();
    let stop = async move {
        terminate.recv().await;
        note("terminated", &json!({}));
    };
    axum::serve(listener, Router::new().fallback(answer))
        .with_graceful_shutdown(stop)
        .await
        .unwrap();
}

/// One line for each thing that happened, for the test to read.
fn note(what: &str, value: &Value) {
    let file = fs::OpenOptions::new().create(true).append(true).open(setting("SEEN").unwrap());
    let line = format!("{}\n", json!({"what": what, "value": value}));
    file.unwrap().write_all(line.as_bytes()).unwrap();
}

fn all(headers: &HeaderMap) -> Value {
    let pair = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        json!([name.as_str(), value.to_str().unwrap_or_default()])
    };
    headers.iter().map(pair).collect()
}

async fn answer(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    if let Some(rest) = path.strip_prefix("/api/hostile/") {
        return public(rest, &parts, body).await;
    }
    let Some(function) = path.strip_prefix('/').filter(|name| !name.is_empty()) else {
        return "ready".into_response();
    };
    let bytes = body.collect().await.unwrap().to_bytes();
    let envelope: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    note(function, &json!({"headers": all(&parts.headers), "envelope": envelope}));
    invoked(function, &envelope).await
}

async fn public(path: &str, parts: &axum::http::request::Parts, body: Body) -> Response {
    match path.split_once('/').unwrap_or((path, "")) {
        ("head", _) => {
            let bytes = body.collect().await.unwrap().to_bytes();
            let head = json!({
                "method": parts.method.as_str(), "uri": parts.uri.to_string(),
                "headers": all(&parts.headers), "body": String::from_utf8_lossy(&bytes),
            });
            axum::Json(head).into_response()
        }
        ("echo", _) => Response::new(body),
        ("exit", code) => end(code),
        ("forever", _) => std::future::pending().await,
        ("trickle", _) => {
            let first = stream::once(async { Ok::<_, Infallible>(Bytes::from("first")) });
            Response::new(Body::from_stream(futures::StreamExt::chain(first, stream::pending())))
        }
        ("self", _) => {
            let variables: serde_json::Map<String, Value> =
                std::env::vars().map(|(name, value)| (name, value.into())).collect();
            let folder = std::env::current_dir().unwrap();
            axum::Json(
                json!({"process": std::process::id(), "environment": variables, "folder": folder}),
            )
            .into_response()
        }
        _ => StatusCode::IM_A_TEAPOT.into_response(),
    }
}

/// Each function breaks a rule of its own, or none.
async fn invoked(function: &str, envelope: &Value) -> Response {
    let input =
        || envelope.get("Data").and_then(Value::as_object).and_then(|data| data.values().next());
    let said = |name: &str| {
        input().and_then(|input| input.pointer(name)).and_then(Value::as_str).map(str::to_owned)
    };
    match function {
        "empty" => StatusCode::NO_CONTENT.into_response(),
        "null" => axum::Json(Value::Null).into_response(),
        "words" => "{\"Outputs\": {}}".into_response(),
        "base64" => axum::Json(json!({"Outputs": {"seal": "dGVzdA=="}})).into_response(),
        "hang" => std::future::pending().await,
        "slow" => {
            tokio::time::sleep(Duration::from_millis(20)).await;
            axum::Json(json!({"Outputs": {}})).into_response()
        }
        "fail" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "event" if said("/id").is_some_and(|id| id.starts_with("bad")) => {
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        "order" => {
            let res = json!({"statusCode": "201", "headers": {"x-made": "yes"}, "body": {"made": said("/Body")}});
            axum::Json(json!({"Outputs": {"res": res, "seal": [{"a": 1}, {"a": 2}]}}))
                .into_response()
        }
        "bare" => axum::Json(json!({"Outputs": {"res": "text"}})).into_response(),
        _ => axum::Json(json!({"Outputs": {}, "Logs": ["noted"], "ReturnValue": null}))
            .into_response(),
    }
}
