//! The whole control plane in one process, on a store of its own, with a clock and randomness that a test decides.

use std::{path::Path, sync::Arc, time::Duration};

use ambient::SystemRandomness;
use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use domain::Timestamp;
use host::{Config, Opened};
use http_body_util::BodyExt as _;
use local::Store;
use ports::{Identity, Ports, QueueName};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::doubles::{ManualClock, SeededRandomness};

/// Where Runners and people reach the control plane of a test.
pub const PUBLIC_URL: &str = "https://control.example";
/// Its name.
pub const DEPLOYMENT: &str = "control.example";
/// When every test begins: 2026-11-21T00:00:00Z.
pub const START: Timestamp = Timestamp::from_unix_s(1_795_219_200);

/// The whole control plane.
pub struct World {
    /// Decides the time.
    pub clock: Arc<ManualClock>,
    /// Holds everything.
    pub store: Store,
    apps: Vec<Opened>,
    dir: Option<TempDir>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// Its body as JSON; `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The stable code of a refusal; empty for success.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl World {
    /// A control plane that nobody used yet.
    pub async fn new() -> Self {
        Self::with_ports(|ports| ports).await
    }

    /// A control plane whose apps see their ports through `wrap`: to count, or to let writes fail.
    pub async fn with_ports(wrap: impl Fn(Ports) -> Ports) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::new(START);
        let data = dir.path().join("data");
        let store = Store::open(&data, Arc::<ManualClock>::clone(&clock), SeededRandomness::new(7))
            .unwrap();
        let apps = open(&store, &wrap).await;
        Self { clock, store, apps, dir: Some(dir) }
    }

    /// The control plane whose server left `data` behind, as it is at `now`.
    pub async fn over(data: &Path, now: Timestamp) -> Self {
        let clock = ManualClock::new(now);
        let randomness = Arc::new(SystemRandomness);
        let store = Store::open(data, Arc::<ManualClock>::clone(&clock), randomness).unwrap();
        let apps = open(&store, &|ports| ports).await;
        Self { clock, store, apps, dir: None }
    }

    /// The same control plane in another process: its own connections, apps and chance, and ports seen through `wrap`.
    pub async fn elsewhere(&self, wrap: impl Fn(Ports) -> Ports) -> Self {
        let clock = Arc::clone(&self.clock);
        let randomness = SeededRandomness::new(8);
        let store =
            Store::open(&self.data(), Arc::<ManualClock>::clone(&clock), randomness).unwrap();
        let apps = open(&store, &wrap).await;
        Self { clock, store, apps, dir: None }
    }

    /// The same store, opened by apps that remember nothing: what a restart is.
    pub async fn restart(&mut self) {
        self.restart_with(|ports| ports).await;
    }

    /// The same, with apps that see their ports through `wrap`.
    pub async fn restart_with(&mut self, wrap: impl Fn(Ports) -> Ports) {
        self.apps = open(&self.store, &wrap).await;
    }

    /// What the clock says.
    pub fn now(&self) -> Timestamp {
        ports::Clock::now(&*self.clock)
    }

    /// The folder that holds everything.
    pub fn data(&self) -> std::path::PathBuf {
        self.dir.as_ref().unwrap().path().join("data")
    }

    /// Every app.
    pub fn apps(&self) -> &[Opened] {
        &self.apps
    }

    /// Sends a request; `token` becomes the bearer token, `body` is sent as JSON.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.send(request.unwrap()).await
    }

    /// Sends any request to the app that its path names.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let app = request.uri().path().split('/').nth(2).unwrap_or_default().to_owned();
        let app =
            self.apps.iter().find(|opened| opened.identity.name() == app).unwrap_or(&self.apps[0]);
        answer(app.routers.public.clone(), request).await
    }

    /// Invokes a trigger with the host's envelope.
    pub async fn invoke(&self, function: &str, envelope: &Value) -> Answer {
        let app = self
            .apps
            .iter()
            .find(|opened| opened.triggers.iter().any(|trigger| trigger.name == function));
        let request =
            Request::post(format!("/{function}")).header("content-type", "application/json");
        let request = request.body(Body::from(envelope.to_string())).unwrap();
        answer(app.unwrap().routers.invocations.clone(), request).await
    }

    /// Delivers what lies in the queues until nothing more is due. How many messages that were.
    pub async fn drain(&self) -> usize {
        let mut count = 0;
        loop {
            let mut idle = true;
            for (queue, function) in [
                (QueueName::Bootstrap, "bootstrap"),
                (QueueName::Seal, "seal_intents"),
                (QueueName::Sign, "sign_checkpoint"),
            ] {
                while let Some(message) =
                    self.store.queues().receive(queue, Duration::from_secs(30)).await.unwrap()
                {
                    // The host writes the text as a JSON string, and that as a string again.
                    let quoted = serde_json::to_string(&message.text).unwrap();
                    let envelope = json!({"Data": {"message": quoted}});
                    let mut answer = self.invoke(function, &envelope).await;
                    if answer.status == StatusCode::SERVICE_UNAVAILABLE {
                        // The host gives a message out again that was not dealt with.
                        answer = self.invoke(function, &envelope).await;
                    }
                    assert_eq!(
                        answer.status,
                        StatusCode::OK,
                        "{function}: {}",
                        String::from_utf8_lossy(&answer.bytes)
                    );
                    self.store.queues().delete(queue, &message).await.unwrap();
                    (idle, count) = (false, count + 1);
                }
            }
            if idle {
                return count;
            }
        }
    }

    /// Lets the time pass until every wake-up is due, and delivers them.
    pub async fn settle(&self) {
        self.drain().await;
        self.clock.advance(Duration::from_secs(2));
        self.drain().await;
    }
}

async fn open(store: &Store, wrap: &impl Fn(Ports) -> Ports) -> Vec<Opened> {
    let config = config();
    let ports = |identity| wrap(store.ports(identity));
    vec![
        host::open::<auth::Auth>(ports(Identity::Auth), &config).await.unwrap(),
        host::open::<runs::Runs>(ports(Identity::Runs), &config).await.unwrap(),
        host::open::<audit::Audit>(ports(Identity::Audit), &config).await.unwrap(),
        host::open::<signer::Signer>(ports(Identity::Signer), &config).await.unwrap(),
    ]
}

fn config() -> Config {
    let settings = [("PROOFLINE_DEPLOYMENT", DEPLOYMENT), ("PROOFLINE_PUBLIC_URL", PUBLIC_URL)];
    let lookup = |name: &str| {
        settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    Config::parse(lookup).unwrap()
}

async fn answer(router: axum::Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, bytes }
}
