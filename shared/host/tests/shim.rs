//! The custom-handler shim, over a real socket: checklist A of the contract with the Azure Functions host.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes what is outside a #[test] for production code"
)]

#[path = "apps/tiny.rs"]
mod tiny;

use std::sync::Arc;

use ambient::{SystemClock, SystemRandomness};
use axum::{Router, body::Body, extract::Request};
use host::{Config, Deadlines};
use local::Store;
use ports::Identity;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use tower::ServiceExt as _;

async fn opened(folder: &TempDir) -> host::Opened {
    let store =
        Store::open(&folder.path().join("data"), Arc::new(SystemClock), Arc::new(SystemRandomness))
            .unwrap();
    let config = Config::parse(|_| None).unwrap();
    host::open::<tiny::Tiny>(store.ports(Identity::Runs), &config).await.unwrap()
}

/// The app on a port of its own.
struct Served {
    port: u16,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<std::io::Result<()>>,
    _folder: TempDir,
}

impl Served {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let router = host::handler(opened(&folder).await);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = oneshot::channel::<()>();
        #[expect(clippy::disallowed_methods, reason = "a test's own server")]
        let ended = tokio::spawn(host::serve(listener, router, async move { drop(stopped.await) }));
        Self { port, stop, ended, _folder: folder }
    }

    /// Sends the bytes as they are, and gives the answer as it comes.
    async fn raw(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        Answer::parse(&answer)
    }

    async fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        );
        self.raw(&request).await
    }

    async fn invoke(&self, function: &str, envelope: &Value) -> Answer {
        let media_type = "content-type: application/json; charset=utf-8\r\n";
        self.send("POST", &format!("/{function}"), media_type, &envelope.to_string()).await
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

const JSON: &str = "content-type: application/json; charset=utf-8\r\n";

#[tokio::test]
async fn it_is_ready_without_a_question_to_anybody() {
    let served = Served::start().await;
    let answer = served.send("GET", "/", "", "").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "ready\n"));
}

#[tokio::test]
async fn a_body_in_chunks_has_no_length_and_is_read() {
    let served = Served::start().await;
    let chunked = |path: &str, body: &str| {
        let (first, rest) = body.split_at(5);
        let (one, two) = (first.len(), rest.len());
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{JSON}transfer-encoding: chunked\r\n\r\n\
             {one:x}\r\n{first}\r\n{two:x}\r\n{rest}\r\n0\r\n\r\n"
        )
    };
    let answer = served.raw(&chunked("/take_message", r#"{"Data":{"message":"\"a\""}}"#)).await;
    assert_eq!(answer.json()["ReturnValue"], json!({"text": "a"}));
    let answer = served.raw(&chunked("/api/runs/v1/echo", r#"{"word":"a"}"#)).await;
    assert_eq!(answer.json(), json!({"word": "a"}));
}

/// Every trigger's input as functions-host §2.2 and §2.3 write it; unknown members and a missing `Metadata` change nothing.
#[tokio::test]
async fn inputs_are_decoded_by_the_kind_of_their_trigger() {
    let served = Served::start().await;
    let text = |wire: &str| json!({"Data": {"message": wire}, "Metadata": {"Id": "forged"}, "Unknown": [1]});
    for (wire, said) in
        [("\"hello\"", "hello"), ("\"1234\"", "1234"), ("\"{\\\"a\\\":1}\"", "{\"a\":1}")]
    {
        let answer = served.invoke("take_message", &text(wire)).await;
        assert_eq!(answer.json()["ReturnValue"], json!({"text": said}));
    }
    let event = json!({"specversion": "1.0", "id": "r-1", "data": {"runId": "9"}});
    let answer = served.invoke("take_event", &json!({"Data": {"event": event}})).await;
    assert_eq!(answer.json()["ReturnValue"], event);
    let timer =
        json!({"Schedule": {"AdjustForDST": true}, "ScheduleStatus": null, "IsPastDue": false});
    let answer = served.invoke("take_tick", &json!({"Data": {"timer": timer}})).await;
    assert_eq!(answer.json()["ReturnValue"], timer);
}

#[tokio::test]
async fn an_envelope_of_another_kind_is_refused() {
    let served = Served::start().await;
    for envelope in [
        json!([]),
        json!({}),
        json!({"Data": {"message": {"a": 1}}}),
        json!({"Data": {"message": "1234"}}),
    ] {
        assert_eq!(served.invoke("take_message", &envelope).await.status, 400, "{envelope}");
    }
    assert_eq!(served.invoke("take_event", &json!({"Data": {"event": "{}"}})).await.status, 400);
    assert_eq!(served.send("POST", "/take_event", JSON, "{").await.status, 400);
}

#[tokio::test]
async fn a_success_is_never_empty() {
    let served = Served::start().await;
    let answer = served.invoke("take_message", &json!({"Data": {"message": "\"a\""}})).await;
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: application/json"));
    let members = answer.json();
    let members: Vec<_> = members.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["Logs", "Outputs", "ReturnValue"]);
}

#[tokio::test]
async fn a_panic_is_one_refused_request_and_says_nothing() {
    let served = Served::start().await;
    let panics = [
        served.send("GET", "/api/runs/v1/panic", "", "").await,
        served.invoke("take_message", &json!({"Data": {"message": "\"panic\""}})).await,
    ];
    for answer in panics {
        assert_eq!((answer.status, answer.json()["code"].as_str()), (500, Some("internal")));
        assert!(answer.head.contains("content-type: application/problem+json"));
        assert!(answer.head.contains("x-content-type-options: nosniff"));
        assert!(!answer.body.contains("swordfish"));
    }
    assert_eq!(served.send("GET", "/", "", "").await.status, 200);
}

/// Nobody but the host reaches a trigger: not through `/api`, and not by another spelling of its path.
#[tokio::test]
async fn a_trigger_answers_at_its_exact_path_alone() {
    let served = Served::start().await;
    let envelope = r#"{"Data":{"message":"\"a\""}}"#;
    for path in [
        "/api/take_message",
        "/api/runs/take_message",
        "/api/../take_message",
        "/api/%2e%2e/take_message",
        "/api/runs/../../take_message",
        "/%74ake_message",
        "//take_message",
        "/take_message/",
        "/./take_message",
        "/TAKE_MESSAGE",
        "/take_message%20",
        "/x",
        "/admin/functions/take_message",
        "/api",
    ] {
        assert_eq!(served.send("POST", path, JSON, envelope).await.status, 404, "{path}");
    }
    assert_eq!(served.send("GET", "/take_message", "", "").await.status, 404);
    assert_eq!(served.send("POST", "/take_message", JSON, envelope).await.status, 200);
    assert_eq!(served.send("POST", "/take_message?x=1", JSON, envelope).await.status, 200);
}

#[tokio::test]
async fn a_public_endpoint_answers_under_api_alone() {
    let served = Served::start().await;
    let word = r#"{"word":"a"}"#;
    for path in [
        "/runs/v1/echo",
        "/v1/echo",
        "//api/runs/v1/echo",
        "/%61pi/runs/v1/echo",
        "/api//runs/v1/echo",
    ] {
        assert_eq!(served.send("POST", path, JSON, word).await.status, 404, "{path}");
    }
    assert_eq!(served.send("POST", "/api/runs/v1/echo", JSON, word).await.status, 200);
    assert_eq!(served.send("GET", "/api/runs/v1/echo", JSON, word).await.status, 405);
}

#[tokio::test]
async fn a_public_body_has_its_own_limit_and_an_envelope_the_hosts() {
    let served = Served::start().await;
    let word = |bytes: usize| {
        json!({"word": "a".repeat(bytes - json!({"word": ""}).to_string().len())}).to_string()
    };
    assert_eq!(served.send("POST", "/api/runs/v1/echo", JSON, &word(1024)).await.status, 200);
    let answer = served.send("POST", "/api/runs/v1/echo", JSON, &word(1025)).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (413, Some("payload-too-large")));
    // axum's own default is 2 MB: an envelope may be much larger. The limit itself is asked of every app (`system_tests::conformance`).
    let large = json!({"Data": {"message": format!("\"{}\"", "a".repeat(3 * 1024 * 1024))}});
    assert_eq!(served.invoke("take_message", &large).await.status, 200);
}

fn get(path: &str) -> Request {
    Request::builder().uri(path).body(Body::empty()).unwrap()
}

fn post(path: &str, envelope: Value) -> Request {
    Request::post(path)
        .header("content-type", "application/json")
        .body(Body::from(envelope.to_string()))
        .unwrap()
}

async fn status_and_seconds(router: &Router, request: Request) -> (u16, u64) {
    let began = tokio::time::Instant::now();
    let answer = router.clone().oneshot(request).await.unwrap();
    (answer.status().as_u16(), began.elapsed().as_secs())
}

/// Each deadline lies below the limit at which the host or Event Grid gives up: 230 s, 30 s, 5 min.
#[tokio::test]
async fn work_that_takes_too_long_is_given_up_by_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    let router = host::handler_within(opened(&folder).await, Deadlines::default());
    tokio::time::pause();
    assert_eq!(status_and_seconds(&router, get("/api/runs/v1/forever")).await, (503, 200));
    let event = post("/take_forever", json!({"Data": {"event": {}}}));
    assert_eq!(status_and_seconds(&router, event).await, (503, 25));
    let message = post("/take_message_forever", json!({"Data": {"message": "\"a\""}}));
    assert_eq!(status_and_seconds(&router, message).await, (503, 240));
    let tick = post("/take_tick_forever", json!({"Data": {"timer": {}}}));
    assert_eq!(status_and_seconds(&router, tick).await, (503, 240));
}

/// The Functions host kills whoever takes longer than its own patience; a request that never ends must not decide when we end.
#[tokio::test]
async fn a_stop_waits_10_s_for_what_was_begun_and_no_longer() {
    let served = Served::start().await;
    let mut stream = TcpStream::connect(("127.0.0.1", served.port)).await.unwrap();
    let head = format!(
        "POST /api/runs/v1/echo HTTP/1.1\r\nhost: x\r\ncontent-length: 12\r\nexpect: 100-continue\r\n{JSON}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.unwrap();
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    served.stop.send(()).unwrap();
    served.ended.await.unwrap().unwrap();
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn a_stop_lets_what_was_begun_finish() {
    let served = Served::start().await;
    let mut stream = TcpStream::connect(("127.0.0.1", served.port)).await.unwrap();
    let head = format!(
        "POST /api/runs/v1/echo HTTP/1.1\r\nhost: x\r\ncontent-length: 12\r\nexpect: 100-continue\r\n{JSON}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The handler is reading: it asks for the body.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100 Continue"));
    served.stop.send(()).unwrap();
    stream.write_all(br#"{"word":"a"}"#).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    served.ended.await.unwrap().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", served.port)).await.is_err());
}
