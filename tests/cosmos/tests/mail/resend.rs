//! By Resend: <https://resend.com/docs/api-reference/emails/send-email>, <https://resend.com/docs/api-reference/errors>.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
};
use azure_counterparts::vault::alone::{Alone, MAIL_PASSWORD};
use ports::{Identity, Mail as _, MailError};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::{FROM, letter, mail};

/// A server that takes what is documented, once those of its answers are given that a test chose.
#[derive(Default)]
struct Resend {
    key: Mutex<String>,
    answers: Mutex<VecDeque<(u16, Value)>>,
    taken: Mutex<Vec<Value>>,
    asked: Mutex<usize>,
}

type Answer = (StatusCode, Json<Value>);

impl Resend {
    async fn start(key: &str) -> (Arc<Self>, String, JoinSet<()>) {
        let resend = Arc::new(Self { key: Mutex::new(key.to_owned()), ..Self::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&resend));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, app).await.unwrap() });
        (resend, format!("http://{address}"), serving)
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

fn problem(status: u16, name: &str, message: &str) -> (u16, Value) {
    (status, json!({"statusCode": status, "name": name, "message": message}))
}

async fn answer(
    State(resend): State<Arc<Resend>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Answer {
    *resend.asked.lock().unwrap() += 1;
    let chosen = resend.answers.lock().unwrap().pop_front();
    let (status, body) = chosen.unwrap_or_else(|| resend.check(&method, &uri, &headers, body));
    (StatusCode::from_u16(status).unwrap(), Json(body))
}

impl Resend {
    fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: Value) -> (u16, Value) {
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
        if (method, uri.path()) != (&Method::POST, "/emails") {
            return problem(404, "not_found", "The requested endpoint does not exist.");
        }
        if header("user-agent").is_none() {
            return problem(403, "1010", "A User-Agent is required.");
        }
        let expected = format!("Bearer {}", self.key.lock().unwrap());
        if header("authorization") != Some(&expected) {
            let sent = header("authorization").unwrap_or_default();
            return problem(401, "validation_error", &format!("API key is invalid: {sent}"));
        }
        let mut members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        if members != ["from", "subject", "text", "to"] {
            return problem(422, "validation_error", "Unexpected fields.");
        }
        self.taken.lock().unwrap().push(body);
        (200, json!({"id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}))
    }
}

#[tokio::test]
async fn a_letter_is_posted_as_resend_documents() {
    let alone = Alone::start().await.unwrap();
    let (resend, url, _serving) = Resend::start(MAIL_PASSWORD).await;
    let mail = mail(&alone, &url, Identity::Auth).await.unwrap();
    assert_eq!(mail.send(&letter()).await, Ok(()));
    let expected = json!({"from": FROM, "to": ["ada@example.org"],
        "subject": letter().subject, "text": letter().text});
    assert_eq!(*resend.taken.lock().unwrap(), [expected]);
}

/// A letter that was perhaps taken is not sent twice; one that was refused for haste is.
#[tokio::test]
async fn resend_is_asked_again_only_when_it_says_to_wait() {
    let alone = Alone::start().await.unwrap();
    let (resend, url, _serving) = Resend::start(MAIL_PASSWORD).await;
    let mail = mail(&alone, &url, Identity::Auth).await.unwrap();
    let slow = problem(429, "rate_limit_exceeded", "Too many requests.");
    *resend.answers.lock().unwrap() = VecDeque::from([slow.clone(), slow.clone()]);
    assert_eq!(mail.send(&letter()).await, Ok(()));
    assert_eq!(resend.asked(), 3);
    let broken = problem(500, "internal_server_error", "An unexpected error occurred.");
    *resend.answers.lock().unwrap() = VecDeque::from([broken]);
    let MailError(why) = mail.send(&letter()).await.unwrap_err();
    assert!(
        why.contains("500 Internal Server Error: internal_server_error: An unexpected"),
        "{why}"
    );
    assert_eq!(resend.asked(), 4);
    *resend.answers.lock().unwrap() = VecDeque::from([slow.clone(), slow.clone(), slow]);
    let MailError(why) = mail.send(&letter()).await.unwrap_err();
    assert!(why.contains("rate_limit_exceeded"), "{why}");
    assert_eq!(resend.asked(), 7);
}

#[tokio::test]
async fn a_key_that_was_changed_is_read_again_and_never_repeated() {
    let alone = Alone::start().await.unwrap();
    let (resend, url, _serving) = Resend::start("another key").await;
    let mail = mail(&alone, &url, Identity::Auth).await.unwrap();
    let MailError(why) = mail.send(&letter()).await.unwrap_err();
    assert!(why.contains("API key is invalid: Bearer (the password)"), "{why}");
    assert_eq!(resend.asked(), 1, "the key in the vault is still the same");
    alone.vault.set_secret("mail-password", "another key").unwrap();
    assert_eq!(mail.send(&letter()).await, Ok(()));
    assert_eq!(resend.asked(), 3);
}

#[tokio::test]
async fn an_answer_that_is_not_resends_is_named_by_its_status() {
    let alone = Alone::start().await.unwrap();
    let (resend, url, serving) = Resend::start(MAIL_PASSWORD).await;
    let mail = mail(&alone, &url, Identity::Auth).await.unwrap();
    *resend.answers.lock().unwrap() = VecDeque::from([(502, json!("<html>"))]);
    let sent = mail.send(&letter()).await;
    assert_eq!(sent, Err(MailError("Resend answered 502 Bad Gateway".to_owned())));
    drop(serving);
    let MailError(why) = mail.send(&letter()).await.unwrap_err();
    assert!(why.starts_with("Resend did not answer: "), "{why}");
}
