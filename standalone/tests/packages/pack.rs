//! Packages for tests: folders as they are deployed, with this test's own program as the handler.

use std::{
    fs,
    path::{Path, PathBuf},
};

use axum::{
    body::Body,
    http::{Method, Request, Response},
};
use http_body_util::BodyExt as _;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};
use standalone::{HostError, HostOptions, Hosting, host_packages};
use tempfile::TempDir;

use crate::caller::until;

pub(crate) struct Pack {
    pub(crate) folder: TempDir,
    host: Value,
    settings: Value,
}

/// `hostile`, with every function that its handler knows as it is asked for.
impl Pack {
    pub(crate) fn hostile() -> Self {
        Self::new("hostile").http("http", "hostile/{*path}")
    }

    pub(crate) fn tiny() -> Self {
        Self::new("tiny")
            .http("http", "runs/{*path}")
            .function("take_message", &queue("seal"))
            .function(
                "take_event",
                &json!([{"type": "eventGridTrigger", "direction": "in", "name": "event"}]),
            )
    }

    fn new(handler: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("app");
        fs::create_dir(&root).unwrap();
        std::os::unix::fs::symlink(std::env::current_exe().unwrap(), root.join("handler")).unwrap();
        let description = json!({
            "defaultExecutablePath": "handler",
            "arguments": ["packages::hosted::handler", "--exact", "--ignored", "--nocapture"],
        });
        let host = json!({
            "version": "2.0",
            "extensions": {"queues": {"visibilityTimeout": "00:00:00"}},
            "customHandler": {"description": description, "enableProxyingHttpRequest": true},
        });
        let seen = folder.path().join("seen");
        let settings = json!({"HANDLER": handler, "SEEN": seen});
        Self { folder, host, settings }
    }

    pub(crate) fn http(self, name: &str, route: &str) -> Self {
        self.function(name, &json!([
            {"type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous", "route": route},
            {"type": "http", "direction": "out", "name": "res"},
        ]))
    }

    pub(crate) fn event(self, name: &str) -> Self {
        self.function(
            name,
            &json!([
                {"type": "eventGridTrigger", "direction": "in", "name": "event"},
                {"type": "queue", "direction": "out", "name": "seal", "queueName": "seal"},
            ]),
        )
    }

    pub(crate) fn function(self, name: &str, bindings: &Value) -> Self {
        self.file(name, &json!({"bindings": bindings}))
    }

    pub(crate) fn file(self, name: &str, text: &Value) -> Self {
        let folder = self.root().join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("function.json"), text.to_string()).unwrap();
        self
    }

    pub(crate) fn host(mut self, path: &str, value: Value) -> Self {
        let (parent, name) = path.rsplit_once('/').unwrap();
        self.host
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .insert(name.to_owned(), value);
        self
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.as_object_mut().unwrap().insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("app")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn write(&self) {
        fs::write(self.root().join("host.json"), self.host.to_string()).unwrap();
        let settings = json!({"IsEncrypted": false, "Values": self.settings, "Host": {"CORS": "http://a.example"}});
        fs::write(self.root().join("local.settings.json"), settings.to_string()).unwrap();
    }

    pub(crate) async fn start(
        &self,
        change: impl FnOnce(&mut HostOptions),
    ) -> Result<Hosting, HostError> {
        self.write();
        let mut options = HostOptions::new(vec![self.root()], self.data());
        options.event_grid_time_scale = 1e-5;
        change(&mut options);
        host_packages(options).await
    }

    pub(crate) async fn started(&self) -> Hosting {
        self.start(|_| {}).await.unwrap()
    }

    /// What the handler noted under `what`.
    pub(crate) fn seen(&self, what: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join("seen")).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines
            .filter(|line| line.get("what").and_then(Value::as_str) == Some(what))
            .map(|mut line| line["value"].take())
            .collect()
    }

    pub(crate) async fn until_seen(&self, what: &str, count: usize) -> Vec<Value> {
        until(what, async || self.seen(what).len() >= count).await;
        self.seen(what)
    }
}

pub(crate) fn queue(name: &str) -> Value {
    json!([{"type": "queueTrigger", "direction": "in", "name": "message", "queueName": name}])
}

/// An answer, read to its end; a body that breaks off is `None`.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        self.body.as_ref().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.body.as_deref().unwrap_or_default()).into_owned()
    }
}

pub(crate) async fn raw(request: Request<Body>) -> Response<hyper::body::Incoming> {
    Client::builder(TokioExecutor::new()).build_http().request(request).await.unwrap()
}

pub(crate) async fn ask(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, body) = raw(request.body(body.into()).unwrap()).await.into_parts();
    let body = body.collect().await.ok().map(|body| body.to_bytes().to_vec());
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

pub(crate) async fn get(url: &str) -> Answer {
    ask(Method::GET, url, &[], Body::empty()).await
}

pub(crate) fn names(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { names(&path) } else { vec![path] }).collect()
}
