//! Apps as processes of their own. The test starts itself again as the app.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy takes what is outside a #[test] for production code"
)]

#[path = "apps/caller.rs"]
mod caller;
#[path = "apps/tiny.rs"]
mod tiny;

use std::{
    net::TcpListener,
    process::{Command, ExitCode, Stdio},
};

use caller::{EVENT, JSON, get, letters, post, until};
use serde_json::{Value, json};
use standalone::{HostedApp, Layout, Lifeline, Options, Serving, serve};

const TINY: &[HostedApp] = &[HostedApp::of::<tiny::Tiny>()];

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("app") {
        return HostedApp::of::<tiny::Tiny>().run(Lifeline::Stdin);
    }
    println!("test an_app_ends_with_its_standard_input");
    an_app_ends_with_its_standard_input();
    println!("test nothing_that_was_acknowledged_is_lost_when_an_app_is_killed");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(nothing_that_was_acknowledged_is_lost_when_an_app_is_killed());
    ExitCode::SUCCESS
}

fn an_app_ends_with_its_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["app", "runs", "--while-stdin"])
        .env("PROOFLINE_DATA", folder.path().join("data"))
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

async fn process(serving: &Serving) -> u64 {
    let (status, answer) = get(&format!("{}/api/runs/v1/process", serving.url)).await;
    assert_eq!(status, 200);
    answer.get("process").and_then(Value::as_u64).unwrap()
}

fn kill(process: u64) {
    assert!(Command::new("kill").args(["-KILL", &process.to_string()]).status().unwrap().success());
}

async fn nothing_that_was_acknowledged_is_lost_when_an_app_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let layout = Layout::Processes { program };
    let serving =
        serve(Options { layout, ..Options::new(folder.path().join("data")) }, TINY).await.unwrap();
    let first = process(&serving).await;
    assert_ne!(first, u64::from(std::process::id()));
    let (status, word) =
        post(&format!("{}/api/runs/v1/echo", serving.url), JSON, r#"{"word":"a"}"#).await;
    assert_eq!((status, word), (200, json!({"word": "a"})));

    let publish = format!("{}/eventgrid/runner-events/api/events", serving.url);
    let mut killed = first;
    for round in 0..3 {
        let mut begun = tokio::task::JoinSet::new();
        let forever = format!("{}/api/runs/v1/forever", serving.url);
        begun.spawn(async move { get(&forever).await });
        for n in 0..20 {
            let id = format!("event-{round}-{n:02}");
            let event = json!({"specversion": "1.0", "id": id, "source": "/test", "type": "t"});
            assert_eq!(post(&publish, EVENT, event.to_string()).await.0, 200);
            if n == 10 {
                kill(killed);
            }
        }
        // What was under way ends as a refusal that says what is not known.
        let (status, problem) = begun.join_next().await.unwrap().unwrap();
        let code = problem.get("code").and_then(Value::as_str);
        assert_eq!((status, code), (503, Some("unavailable")));
        // The next request waits until the app is there again.
        let next = process(&serving).await;
        assert_ne!(next, killed);
        killed = next;
    }
    for round in 0..3 {
        for n in 0..20 {
            let id = format!("event-{round}-{n:02}");
            until(&id, async || letters(&serving.data, "event", &id) >= 1).await;
        }
    }
    serving.stop().await;
    // The app went with its host.
    assert!(!std::path::Path::new(&format!("/proc/{killed}/cmdline")).exists());
}
