//! Every function app, with a fresh store.

use std::{path::Path, time::Duration};

use client::Api;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Child,
};

use crate::{
    BackendName,
    demo::{
        bench::{Bench, text},
        telling::{DemoError, Doing as _, Telling},
    },
};

/// The folder of the control plane.
pub(in crate::demo) const FOLDER: &str = "control-plane";
/// How long it may finish what it began.
const STOPS_WITHIN: Duration = Duration::from_secs(30);
/// Its log lines.
pub(in crate::demo) const LOG: &str = "control-plane.log";

/// The running control plane.
pub(in crate::demo) struct Running {
    /// Where it answers.
    pub(in crate::demo) url: String,
    /// Its API, as nobody in particular.
    pub(in crate::demo) api: Api,
    /// The one-time invitation that it printed.
    pub(in crate::demo) invitation: String,
    child: Child,
}

/// Starts `proofline serve`.
pub(in crate::demo) async fn start(
    bench: &Bench,
    telling: &mut Telling<'_>,
) -> Result<Running, DemoError> {
    telling.chapter("The control plane starts, and there is no account");
    let data = bench.path(FOLDER);
    let arguments = arguments(bench, &data);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut child = bench.start(&arguments, LOG)?;
    let greeting = greeting(&mut child).await?;
    let (url, invitation) = (text(&greeting, "/url")?, text(&greeting, "/invitation")?);
    let kept = match bench.args.backend {
        BackendName::Local => format!("on SQLite in {data}"),
        BackendName::Azure => "on Cosmos DB, Blob Storage, Storage queues and Key Vault".to_owned(),
    };
    let apps = match &bench.args.packages {
        None => "auth, runs, audit and signer".to_owned(),
        Some(folder) => format!("the packages in {}", folder.display()),
    };
    telling.say(format!("proofline serve: {apps} answer on {url}, {kept}"));
    let api = Api::new(&url).doing("making an HTTP client")?;
    let refused = api.get::<Value>("/api/auth/v1/me").await.err();
    let code =
        refused.as_ref().and_then(|error| error.code().map(str::to_owned)).unwrap_or_default();
    telling.claim(code == "unauthenticated", "strangers are refused", code)?;
    let mode = mode(Path::new(&data))?;
    telling.claim(
        mode == 0o700,
        "its folder is closed to everybody else (0700)",
        format!("{mode:o}"),
    )?;
    telling.say("It printed one invitation, good for one owner and 24 hours.");
    Ok(Running { url, api, invitation, child })
}

fn arguments(bench: &Bench, data: &str) -> Vec<String> {
    let backend = bench.args.backend.setting();
    let mut arguments: Vec<String> = [
        "serve",
        "--json",
        "--log",
        "--while-stdin",
        "--data",
        data,
        "--port",
        &port(),
        "--backend",
        &backend,
        "--tenant-name",
        "Customer Ltd",
    ]
    .map(str::to_owned)
    .to_vec();
    if let Some(folder) = &bench.args.packages {
        arguments.extend(["--package".to_owned(), folder.display().to_string()]);
    }
    arguments
}

/// The port of the Functions host on a developer's machine, or a free one where that is taken.
fn port() -> String {
    let is_free = std::net::TcpListener::bind("127.0.0.1:7071").is_ok();
    if is_free { "7071".to_owned() } else { "0".to_owned() }
}

async fn greeting(child: &mut Child) -> Result<Value, DemoError> {
    const DOING: &str = "starting the control plane";
    let missing = || DemoError::Step {
        doing: DOING,
        why: "it ended before it said where it listens".to_owned(),
    };
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let line =
        BufReader::new(stdout).lines().next_line().await.doing(DOING)?.ok_or_else(missing)?;
    serde_json::from_str(&line).doing(DOING)
}

fn mode(path: &Path) -> Result<u32, DemoError> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::metadata(path).doing("looking at the data folder")?.permissions().mode() & 0o777)
}

impl Running {
    /// Stops it, and whatever it started.
    pub(in crate::demo) async fn stop(mut self) -> Result<(), DemoError> {
        const DOING: &str = "stopping the control plane";
        drop(self.child.stdin.take());
        if let Ok(ended) = tokio::time::timeout(STOPS_WITHIN, self.child.wait()).await {
            return ended.map(|_| ()).doing(DOING);
        }
        self.child.kill().await.doing(DOING)
    }
}
