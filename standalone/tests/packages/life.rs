//! The handler's process: environment, readiness, ends, restarts.

use std::{fs, process::Command, time::Duration};

use serde_json::{Value, json};
use standalone::{HostError, Rule, Times};

use super::pack::{Pack, get, names};
use crate::caller::until;

async fn life(url: &str) -> Value {
    let answer = get(&format!("{url}/api/hostile/self")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn kill(process: &Value) {
    assert!(Command::new("kill").args(["-KILL", &process.to_string()]).status().unwrap().success());
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let pack = Pack::hostile().http("again", "Hostile/{*other}").host("/version", json!("3.0"));
    let Err(HostError::Packages(mistakes)) = pack.start(|_| {}).await else { panic!() };
    assert!(matches!(mistakes[0].rule, Rule::Version), "{mistakes:?}");
    let pack = Pack::hostile().http("again", "Hostile/{*other}").http("admin", "administration");
    let Err(HostError::Packages(mistakes)) = pack.start(|_| {}).await else { panic!() };
    assert!(mistakes.iter().any(|mistake| matches!(mistake.rule, Rule::ReservedRoute(_))));
    let pack = Pack::hostile().http("again", "Hostile/{*other}");
    let error = pack.start(|_| {}).await.unwrap_err().to_string();
    assert!(
        error.contains("again/function.json") || error.contains("http/function.json"),
        "{error}"
    );
    assert!(!pack.data().exists(), "nothing is made before the packages are right");
}

#[tokio::test]
async fn a_handler_gets_settings_and_the_five_variables_in_its_own_folder() {
    let pack = Pack::hostile().set("FROM_FILE", "file").set("FROM_BOTH", "file");
    let hosting = pack
        .start(|options| {
            options.environment.insert("FROM_BOTH".to_owned(), "environment".to_owned());
        })
        .await
        .unwrap();
    let life = life(&hosting.url).await;
    let variable = |name: &str| life["environment"][name].as_str().map(str::to_owned);
    assert_eq!(variable("FROM_FILE").as_deref(), Some("file"));
    assert_eq!(variable("FROM_BOTH").as_deref(), Some("environment"));
    let root = pack.root().canonicalize().unwrap();
    assert_eq!(life["folder"], json!(root));
    assert_eq!(variable("FUNCTIONS_APP_ROOT_PATH").unwrap(), root.to_str().unwrap());
    assert_eq!(variable("FUNCTIONS_CUSTOMHANDLER_PORT"), variable("FUNCTIONS_HTTPWORKER_PORT"));
    assert_eq!(variable("FUNCTIONS_CUSTOMHANDLER_WORKER_ID"), variable("FUNCTIONS_HTTPWORKER_ID"));
    assert_eq!(variable("FUNCTIONS_HTTPWORKER_ID").unwrap().len(), 36);
    assert_eq!(variable("AZURE_FUNCTIONS_ENVIRONMENT").as_deref(), Some("Development"));
    hosting.stop().await;
}

#[tokio::test]
async fn a_handler_that_dies_is_started_again_on_its_port_with_another_id() {
    let pack = Pack::hostile();
    let hosting = pack.started().await;
    let first = life(&hosting.url).await;
    kill(&first["process"]);
    // What is asked while it dies has no answer (502); what is asked afterwards waits for the one that starts.
    until("another process", async || {
        let answer = get(&format!("{}/api/hostile/self", hosting.url)).await;
        answer.status == 200 && answer.json()["process"] != first["process"]
    })
    .await;
    let second = life(&hosting.url).await;
    let variable = |life: &Value, name: &str| life["environment"][name].clone();
    let (port, id) = ("FUNCTIONS_CUSTOMHANDLER_PORT", "FUNCTIONS_CUSTOMHANDLER_WORKER_ID");
    assert_eq!(variable(&first, port), variable(&second, port));
    assert_ne!(variable(&first, id), variable(&second, id));
    hosting.stop().await;
}

#[tokio::test]
async fn exit_0_is_the_end_of_a_handler() {
    let pack = Pack::hostile();
    let hosting = pack.started().await;
    assert_eq!(get(&format!("{}/api/hostile/exit/0", hosting.url)).await.status, 502);
    until("the end", async || {
        get(&format!("{}/api/hostile/self", hosting.url)).await.text().contains("does not run")
    })
    .await;
    assert_eq!(pack.seen("started").len(), 1);
    hosting.stop().await;
}

#[tokio::test]
async fn exit_200_is_a_wish_to_be_started_again_as_often_as_it_comes() {
    let pack = Pack::hostile();
    let hosting = pack.started().await;
    for count in 1..=4 {
        pack.until_seen("started", count).await;
        get(&format!("{}/api/hostile/exit/200", hosting.url)).await;
    }
    pack.until_seen("started", 5).await;
    life(&hosting.url).await;
    hosting.stop().await;
}

#[tokio::test]
async fn the_third_error_in_a_row_stops_the_host() {
    let pack = Pack::hostile();
    let hosting = pack.started().await;
    for count in 1..=3 {
        pack.until_seen("started", count).await;
        get(&format!("{}/api/hostile/exit/7", hosting.url)).await;
    }
    let ended = hosting.until(std::future::pending()).await;
    assert!(
        matches!(&ended, Err(HostError::Stopped(app, why)) if app == "app" && why.contains("three times")),
        "{ended:?}"
    );
    assert_eq!(pack.seen("started").len(), 3);
}

#[tokio::test]
async fn a_handler_that_never_starts_is_said() {
    let pack = Pack::hostile().set("EXIT", "3");
    assert!(matches!(pack.start(|_| {}).await, Err(HostError::Stopped(..))));
    let pack = Pack::hostile()
        .host("/customHandler/description/defaultExecutablePath", json!("no-such-program"));
    assert!(matches!(pack.start(|_| {}).await, Err(HostError::Stopped(..))));
}

#[tokio::test]
async fn a_handler_that_does_not_answer_in_time_is_an_error() {
    let pack = Pack::hostile()
        .set("NEVER_READY", "1")
        .host("/customHandler/initializationTimeout", json!("00:00:00.1"));
    assert!(matches!(pack.start(|_| {}).await, Err(HostError::Stopped(..))));
    assert_eq!(pack.seen("started").len(), 3);
}

#[tokio::test]
async fn a_request_that_waits_too_long_stops_the_host() {
    let pack = Pack::hostile().set("NEVER_READY", "1");
    let ended = pack
        .start(|options| {
            options.times = Times { request_wait: Duration::from_millis(300), ..Times::default() }
        })
        .await;
    assert!(
        matches!(&ended, Err(HostError::Stopped(_, why)) if why.contains("120 s")),
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_handler_is_asked_to_end_unless_it_should_be_as_in_azure() {
    let pack = Pack::hostile();
    pack.started().await.stop().await;
    assert_eq!(pack.seen("terminated").len(), 1);
    let pack = Pack::hostile();
    pack.start(|options| options.azure_like = true).await.unwrap().stop().await;
    assert_eq!(pack.seen("terminated").len(), 0);
}

#[tokio::test]
async fn a_handler_that_lost_its_mode_is_made_executable() {
    use std::os::unix::fs::PermissionsExt as _;
    let pack = Pack::hostile();
    let handler = pack.root().join("handler");
    fs::remove_file(&handler).unwrap();
    fs::copy(std::env::current_exe().unwrap(), &handler).unwrap();
    fs::set_permissions(&handler, fs::Permissions::from_mode(0o644)).unwrap();
    pack.started().await.stop().await;
}

/// A line on stdout is information, one on stderr an error, or a warning when it says so.
#[test]
fn what_a_handler_writes_becomes_log_lines() {
    use std::io::{BufRead as _, BufReader};
    let pack = Pack::hostile();
    pack.write();
    let mut child = Command::new(env!("CARGO_BIN_EXE_proofline"))
        .args(["serve", "--port", "0", "--json", "--log", "--package"])
        .arg(pack.root())
        .arg("--data")
        .arg(pack.data())
        .env_clear()
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(said["packages"], json!(["app"]));
    assert!(
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success()
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let log = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<Value> =
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let level = |text: &str| {
        let line =
            lines.iter().find(|line| line["line"].as_str().is_some_and(|line| line.contains(text)));
        line.map(|line| (line["level"].clone(), line["category"].clone()))
    };
    assert_eq!(
        level("a warning of the handler"),
        Some((json!("WARN"), json!("Host.Function.Console"))),
        "{log}"
    );
    assert_eq!(
        level("running 1 test"),
        Some((json!("INFO"), json!("Host.Function.Console"))),
        "{log}"
    );
    assert!(names(&pack.data()).iter().any(|path| path.ends_with("serve.lock")));
}
