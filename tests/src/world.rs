//! The whole control plane in one process, on a store of its own, with a clock and randomness that a test decides.

use std::{
    path::Path,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

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
use protocol::promise::SignedPromise;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;
use web::{Endpoint, PROMISE_HEADER, Served};

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
    is_idle: AtomicBool,
    answers: Mutex<Vec<Answered>>,
}

/// What was answered to a request that an endpoint took.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Which endpoint.
    pub endpoint: &'static Endpoint,
    /// The status.
    pub status: StatusCode,
    /// The lines that promise a row of the log.
    pub promised: Vec<(String, String)>,
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

    /// The events that it promises to seal, and the digests of their intents.
    pub fn promised(&self) -> Vec<(String, String)> {
        let parse = |line: &String| {
            let SignedPromise { promise, .. } = SignedPromise::parse(line).unwrap();
            (promise.event.to_string(), promise.intent.to_string())
        };
        self.promise_lines().iter().map(parse).collect()
    }

    /// The lines of its head that promise a row.
    pub fn promise_lines(&self) -> Vec<String> {
        let lines = self.headers.get_all(PROMISE_HEADER).iter();
        lines.map(|line| line.to_str().unwrap().to_owned()).collect()
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
        Self::with_ports_set_to(wrap, &[]).await
    }

    /// The same, with more settings.
    pub async fn with_ports_set_to(
        wrap: impl Fn(Ports) -> Ports,
        settings: &[(&str, &str)],
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::new(START);
        let data = dir.path().join("data");
        let store = Store::open(&data, Arc::<ManualClock>::clone(&clock), SeededRandomness::new(7))
            .unwrap();
        let apps = open_with(&store, &wrap, settings).await;
        Self::of(clock, store, apps, Some(dir))
    }

    /// The control plane whose server left `data` behind, as it is at `now`.
    pub async fn over(data: &Path, now: Timestamp) -> Self {
        Self::over_with(data, now, |ports| ports).await
    }

    /// The same, whose apps see their ports through `wrap`.
    pub async fn over_with(data: &Path, now: Timestamp, wrap: impl Fn(Ports) -> Ports) -> Self {
        let clock = ManualClock::new(now);
        let randomness = Arc::new(SystemRandomness);
        let store = Store::open(data, Arc::<ManualClock>::clone(&clock), randomness).unwrap();
        let apps = open(&store, &wrap).await;
        Self::of(clock, store, apps, None)
    }

    /// The control plane whose server left `data` behind, with more settings.
    pub async fn set_to(data: &Path, now: Timestamp, settings: &[(&str, &str)]) -> Self {
        let clock = ManualClock::new(now);
        let randomness = Arc::new(SystemRandomness);
        let store = Store::open(data, Arc::<ManualClock>::clone(&clock), randomness).unwrap();
        let apps = open_with(&store, &|ports| ports, settings).await;
        Self::of(clock, store, apps, None)
    }

    /// The same control plane in another process: its own connections, apps and chance, and ports seen through `wrap`.
    pub async fn elsewhere(&self, wrap: impl Fn(Ports) -> Ports) -> Self {
        let clock = Arc::clone(&self.clock);
        let randomness = SeededRandomness::new(8);
        let store =
            Store::open(&self.data(), Arc::<ManualClock>::clone(&clock), randomness).unwrap();
        let apps = open(&store, &wrap).await;
        Self::of(clock, store, apps, None)
    }

    fn of(clock: Arc<ManualClock>, store: Store, apps: Vec<Opened>, dir: Option<TempDir>) -> Self {
        let (is_idle, answers) = (AtomicBool::default(), Mutex::default());
        Self { clock, store, apps, dir, is_idle, answers }
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

    /// Sends any request to the app that its path names. What is due is delivered whenever the request waits.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let app = request.uri().path().split('/').nth(2).unwrap_or_default().to_owned();
        let app =
            self.apps.iter().find(|opened| opened.identity.name() == app).unwrap_or(&self.apps[0]);
        let method = request.method().clone();
        let mut answer = pin!(answer(app.routers.public.clone(), request));
        loop {
            tokio::select! {
                biased;
                (answer, path) = &mut answer => {
                    self.note(app, method.as_str(), path, &answer);
                    return answer;
                }
                () = self.clock.slept() => {
                    if !self.is_idle.load(Ordering::SeqCst) {
                        self.drain().await;
                    }
                }
            }
        }
    }

    /// What the endpoints answered so far.
    pub fn answers(&self) -> Vec<Answered> {
        self.answers.lock().unwrap().clone()
    }

    fn note(&self, app: &Opened, method: &str, path: Option<&str>, answer: &Answer) {
        let is_it = |endpoint: &&&Endpoint| {
            Some(endpoint.path) == path
                && format!("{:?}", endpoint.method).eq_ignore_ascii_case(method)
        };
        if let Some(endpoint) = app.endpoints.iter().find(is_it) {
            let promised = answer.promised();
            let answered = Answered { endpoint, status: answer.status, promised };
            self.answers.lock().unwrap().push(answered);
        }
    }

    /// From now on nothing is delivered while a request waits, or something is again.
    pub fn idle(&self, is_idle: bool) {
        self.is_idle.store(is_idle, Ordering::SeqCst);
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
        answer(app.unwrap().routers.invocations.clone(), request).await.0
    }

    /// Delivers what lies in the queues until nothing more is due. How many messages that were.
    pub async fn drain(&self) -> usize {
        let mut count = 0;
        loop {
            let mut idle = true;
            for (queue, function) in [
                (QueueName::Bootstrap, "bootstrap"),
                (QueueName::Letters, "send_letter"),
                (QueueName::Reseal, "reseal_tenant"),
                (QueueName::Seal, "seal_intents"),
                (QueueName::Sign, "sign_checkpoint"),
                (QueueName::Export, "export_purge"),
                (QueueName::Purge, "purge_tenant"),
                (QueueName::Directory, "sign_directory_now"),
                (QueueName::Witness, "ask_witnesses"),
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
    open_with(store, wrap, &[]).await
}

async fn open_with(
    store: &Store,
    wrap: &impl Fn(Ports) -> Ports,
    settings: &[(&str, &str)],
) -> Vec<Opened> {
    let config = config(settings);
    let ports = |identity| wrap(store.ports(identity));
    vec![
        host::open::<auth::Auth>(ports(Identity::Auth), &config).await.unwrap(),
        host::open::<runs::Runs>(ports(Identity::Runs), &config).await.unwrap(),
        host::open::<audit::Audit>(ports(Identity::Audit), &config).await.unwrap(),
        host::open::<signer::Signer>(ports(Identity::Signer), &config).await.unwrap(),
        host::open::<purge::Purge>(ports(Identity::Purge), &config).await.unwrap(),
    ]
}

fn config(more: &[(&str, &str)]) -> Config {
    let settings = [("PROOFLINE_DEPLOYMENT", DEPLOYMENT), ("PROOFLINE_PUBLIC_URL", PUBLIC_URL)];
    let lookup = |name: &str| {
        more.iter()
            .chain(&settings)
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    };
    Config::parse(lookup).unwrap()
}

/// The answer, and the path of the endpoint or the name of the trigger that gave it.
async fn answer(router: axum::Router, request: Request<Body>) -> (Answer, Option<&'static str>) {
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes().to_vec();
    let served = parts.extensions.get::<Served>().map(|served| served.endpoint);
    (Answer { status: parts.status, headers: parts.headers, bytes }, served)
}
