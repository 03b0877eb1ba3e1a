//! The host in one process: its public port, events, messages, ticks, and the first owner.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes what is outside a #[test] for production code"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use axum::http::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use standalone::{HostedApp, Layout, Options, ServeError, Serving, serve};
use tempfile::TempDir;

use crate::{
    caller::{EVENT, JSON, get, letters, post, send, until},
    tiny,
};

const BATCH: &str = "application/cloudevents-batch+json";

const TINY: &[HostedApp] = &[HostedApp::of::<tiny::Tiny>()];
const AUTH: &[HostedApp] = &[HostedApp::of::<auth::Auth>()];

async fn started(scale: f64) -> (Serving, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options =
        Options { event_grid_time_scale: scale, ..Options::new(folder.path().join("data")) };
    (serve(options, TINY).await.unwrap(), folder)
}

fn event(id: &str, data: Value) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "/test", "type": "t", "data": data})
}

fn publish_url(serving: &Serving) -> String {
    format!("{}/eventgrid/runner-events/api/events", serving.url)
}

#[tokio::test]
async fn it_says_what_it_is_and_passes_requests_to_apps() {
    let (serving, _folder) = started(1.0).await;
    let url = &serving.url;
    let (status, description) = get(url).await;
    assert_eq!((status, &description["apps"]), (200, &json!(["/api/runs"])));
    let (status, word) = post(&format!("{url}/api/runs/v1/echo"), JSON, r#"{"word":"a"}"#).await;
    assert_eq!((status, word), (200, json!({"word": "a"})));
    assert!(serving.invited.is_none());
    serving.stop().await;
}

#[tokio::test]
async fn nobody_invokes_a_trigger_through_the_public_port() {
    let (serving, _folder) = started(1.0).await;
    let envelope = json!({"Data": {"message": "\"forged\""}}).to_string();
    for path in [
        "take_message",
        "api/take_message",
        "api/runs/take_message",
        "api/runs/../../take_message",
        "admin/functions/take_message",
        "api/runs",
        "api/auth/v1/me",
    ] {
        let (status, _) = post(&format!("{}/{path}", serving.url), JSON, envelope.clone()).await;
        assert_eq!(status, 404, "{path}");
    }
    serving.stop().await;
}

#[tokio::test]
async fn accepted_events_reach_the_trigger_of_their_topic() {
    let (serving, _folder) = started(1.0).await;
    let (status, _) =
        post(&publish_url(&serving), EVENT, event("one", json!({})).to_string()).await;
    assert_eq!(status, 200);
    let batch: Vec<_> = (0..40).map(|n| event(&format!("batch-{n:02}"), json!({}))).collect();
    let (status, _) = post(&publish_url(&serving), BATCH, json!(batch).to_string()).await;
    assert_eq!(status, 200);
    until("41 events", async || letters(&serving.data, "event", "") == 41).await;
    assert_eq!(letters(&serving.data, "event", "one"), 1);
    serving.stop().await;
}

/// Ten millionths of Event Grid's times: 100 µs, 300 µs, 600 µs, 3 ms, … within a life of 864 ms.
#[tokio::test]
async fn an_event_that_always_fails_is_tried_again_and_then_set_aside() {
    let (serving, _folder) = started(1e-5).await;
    post(&publish_url(&serving), EVENT, event("bad", json!({"fails": true})).to_string()).await;
    let folder = serving.data.join("blobs/dead-letters");
    until("a dead letter", async || !dead_letters(&folder).is_empty()).await;
    let dead_letters = dead_letters(&folder);
    assert_eq!(dead_letters.len(), 1);
    let letter: Value = serde_json::from_slice(&fs::read(&dead_letters[0]).unwrap()).unwrap();
    assert_eq!(letter[0]["id"], "bad");
    assert_eq!(letter[0]["deadletterreason"], "TimeToLiveExceeded");
    assert!(letter[0]["lastdeliveryoutcome"].as_str().unwrap().contains("500"));
    let attempts = letter[0]["deliveryattempts"].as_u64().unwrap();
    assert!(attempts >= 3);
    assert_eq!(letters(&serving.data, "failed", "bad") as u64, attempts);
    serving.stop().await;
}

fn dead_letters(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let letters = files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    letters.chain(folders.iter().flat_map(|folder| dead_letters(folder))).collect()
}

#[tokio::test]
async fn what_is_no_event_is_refused_and_nothing_of_it_is_kept() {
    let (serving, _folder) = started(1.0).await;
    let url = publish_url(&serving);
    let good = event("good", json!({}));
    let code = async |media_type: &str, body: String| {
        let (status, problem) = post(&url, media_type, body).await;
        (status, problem["code"].as_str().unwrap_or_default().to_owned())
    };
    let refused = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(code("text/plain", good.to_string()).await, refused(415, "unsupported-media-type"));
    assert_eq!(code(JSON, good.to_string()).await, refused(400, "cloudevent-invalid"));
    assert_eq!(code(EVENT, "{".to_owned()).await, refused(400, "cloudevent-invalid"));
    let half = json!([good, {"specversion": "1.0", "id": "half", "source": "/test"}]);
    assert_eq!(code(BATCH, half.to_string()).await, refused(400, "cloudevent-invalid"));
    let large = |bytes: usize| {
        let rest = event("large", json!("")).to_string().len();
        event("large", json!("a".repeat(bytes - rest))).to_string()
    };
    assert_eq!(code(EVENT, large(1024 * 1024 + 1)).await, refused(413, "payload-too-large"));
    assert_eq!(send(Method::GET, &url, EVENT, "").await.0, 405);
    let internal = format!("{}/eventgrid/internal/api/events", serving.url);
    assert_eq!(post(&internal, EVENT, good.to_string()).await.0, 404);
    assert_eq!(post(&url, EVENT, large(1024 * 1024)).await.0, 200);
    until("the last event", async || letters(&serving.data, "event", "large") == 1).await;
    assert_eq!(letters(&serving.data, "event", ""), 1);
    serving.stop().await;
}

#[tokio::test]
async fn a_message_reaches_the_trigger_of_its_queue_once() {
    let (serving, _folder) = started(1.0).await;
    for text in [r#"{"Id":"x"}"#, "1234", "two words"] {
        let body = json!({"word": text}).to_string();
        post(&format!("{}/api/runs/v1/enqueue", serving.url), JSON, body).await;
        until(text, async || letters(&serving.data, "message", text) == 1).await;
    }
    serving.stop().await;
}

#[tokio::test]
async fn a_message_that_failed_comes_again() {
    let (serving, _folder) = started(1.0).await;
    let enqueue = format!("{}/api/runs/v1/enqueue", serving.url);
    post(&enqueue, JSON, r#"{"word":"fails once"}"#).await;
    until("twice", async || letters(&serving.data, "message", "fails once") == 2).await;
    serving.stop().await;
}

/// The lease of a delivery is 35 s: whoever starts alone on a folder does not wait for it.
#[tokio::test]
async fn what_a_dead_host_had_under_way_is_delivered_at_once_by_the_next() {
    let (serving, folder) = started(1.0).await;
    let data = folder.path().join("data");
    post(&publish_url(&serving), EVENT, event("hangs", json!({"hangs": true})).to_string()).await;
    until("a first attempt", async || letters(&data, "begun", "hangs") == 1).await;
    drop(serving);
    let serving = serve(Options::new(&data), TINY).await.unwrap();
    until("a second attempt", async || letters(&data, "begun", "hangs") == 2).await;
    drop(serving);
}

/// A second apart: a tick notes what it was told, so that the first is not the second.
#[tokio::test]
async fn a_timer_ticks() {
    let (serving, _folder) = started(1.0).await;
    until("two ticks", async || letters(&serving.data, "tick", "IsPastDue") >= 2).await;
    assert!(serving.data.join("timers/runs.take_tick.json").exists());
    serving.stop().await;
}

#[tokio::test]
async fn two_hosts_do_not_share_a_folder() {
    let (serving, folder) = started(1.0).await;
    let second = serve(Options::new(folder.path().join("data")), TINY).await;
    assert!(matches!(second, Err(ServeError::Locked(_))));
    serving.stop().await;
    serve(Options::new(folder.path().join("data")), TINY).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_taken_port_is_said() {
    let (serving, folder) = started(1.0).await;
    let port: u16 = serving.url.rsplit(':').next().unwrap().parse().unwrap();
    let options = Options { port, ..Options::new(folder.path().join("other")) };
    assert!(
        matches!(serve(options, TINY).await, Err(ServeError::AddressInUse(taken)) if taken == port)
    );
    serving.stop().await;
}

#[tokio::test]
async fn an_app_that_does_not_start_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::Processes { program: "/bin/false".into() };
    let options = Options { layout, ..Options::new(folder.path().join("data")) };
    assert!(matches!(serve(options, TINY).await, Err(ServeError::NotReady("runs"))));
}

/// Whoever is killed before the owner was told invites the same owner again; whoever told once, never again.
#[tokio::test]
async fn the_first_owner_is_invited_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let start = async || serve(Options::new(&data), AUTH).await.unwrap();
    let token = |serving: &Serving| {
        serving.invited.as_ref().map(|invited| invited.token.expose_secret().to_owned())
    };
    let first = start().await;
    let invitation = token(&first).unwrap();
    first.stop().await;
    let second = start().await;
    assert_eq!(token(&second), Some(invitation.clone()));
    let request = json!({"token": invitation, "email": "ada@example.com", "display_name": "Ada", "password": "correct horse battery staple"});
    let redeem = format!("{}/api/auth/v1/invitations/redeem", second.url);
    assert_eq!(post(&redeem, JSON, request.to_string()).await.0, 201);
    assert_eq!(get(&format!("{}/.well-known/jwks.json", second.url)).await.0, 200);
    second.told().unwrap();
    second.stop().await;
    assert!(!holds(&data, &invitation));
    let third = start().await;
    assert!(third.invited.is_none());
    third.stop().await;
}

/// Whether any file of the folder holds the text.
fn holds(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = fs::read(path).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}
