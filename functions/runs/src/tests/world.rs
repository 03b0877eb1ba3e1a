//! The app on a store of its own.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use chain::intent::Intent;
use domain::{Plan, Role, SessionId, TenantId, Timestamp, UserId, auth::Session};
use host::{Config, Opened};
use http_body_util::BodyExt as _;
use local::Store;
use ports::{
    Clock, Container, Documents, Identity, KeyPurpose, NewDocument, PartitionKey, Ports, Query,
    Stored, Write,
};
use serde_json::{Value, json};
use store::{Document, Guard, GuardState, Keyring, Records, TenantRecord};
use system_tests::doubles::{Fault, Faulty, ManualClock, Receipted, SeededRandomness};
use tempfile::TempDir;
use tower::ServiceExt as _;
use web::{ACR_MFA, AccessClaims, sign_access_token};

pub(super) const PUBLIC_URL: &str = "http://127.0.0.1:7071";
pub(super) const DEPLOYMENT: &str = "proofline.local";
pub(super) const START: Timestamp = Timestamp::from_unix_s(1_795_219_200);

/// The app, and what it stands on.
pub(super) struct World {
    pub(super) clock: Arc<ManualClock>,
    pub(super) store: Store,
    pub(super) documents: Arc<Faulty>,
    /// The stand-in for the app that seals.
    pub(super) sealer: Arc<Receipted>,
    opened: Opened,
    _dir: TempDir,
}

/// One more process of the app.
pub(super) struct Process(Opened);

impl Process {
    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        answer(self.0.routers.public.clone(), request).await
    }
}

/// Someone who is signed in.
pub(super) struct Person {
    pub(super) tenant: TenantId,
    pub(super) user: UserId,
    pub(super) token: String,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) json: Value,
}

impl Answer {
    pub(super) fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    #[track_caller]
    pub(super) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.json);
        self.json
    }

    #[track_caller]
    pub(super) fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.code()), (status, code), "{}", self.json);
    }
}

impl World {
    pub(super) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::new(START);
        let at: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let store = Store::open(&dir.path().join("data"), at, SeededRandomness::new(1)).unwrap();
        Keyring::open(&store.ports(Identity::Auth)).await.unwrap();
        let sealer = Receipted::new(&store, store.ports(Identity::Runs).documents);
        let documents = Faulty::new(Arc::<Receipted>::clone(&sealer));
        let opened = open(&store, &documents).await;
        Self { clock, store, documents, sealer, opened, _dir: dir }
    }

    /// The app again, as another process that remembers nothing.
    pub(super) async fn restart(&mut self) {
        self.opened = open(&self.store, &self.documents).await;
    }

    /// The app again, with these witnesses configured.
    pub(super) async fn watched_by(&mut self, witnesses: &str) {
        let said = witnesses.to_owned();
        let config = Config::parse(|name| (name == "PROOFLINE_WITNESSES").then(|| said.clone()));
        self.opened = open_with(&self.store, &self.documents, &config.unwrap()).await;
    }

    /// What a message in a queue of the app makes of it.
    pub(super) async fn message(&self, function: &str, text: &str) -> Answer {
        // The host writes the text as a JSON string, and that as a string again.
        let envelope = json!({"Data": {"message": json!(text).to_string()}}).to_string();
        let request = Request::post(format!("/{function}"))
            .header("content-type", "application/json")
            .body(Body::from(envelope));
        answer(self.opened.routers.invocations.clone(), request.unwrap()).await
    }

    /// Another process on the same store.
    pub(super) async fn another_process(&self) -> Process {
        Process(open(&self.store, &self.documents).await)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// For whoever meets somebody with a clock of its own.
    pub(super) fn set_clock_to_now(&self) {
        self.clock.set(Clock::now(&ambient::SystemClock));
    }

    pub(super) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// The next `count` commits are not answered.
    pub(super) fn fail(&self, count: usize, fault: Fault) {
        (1..=count).for_each(|nth| self.documents.fail_commit(nth, fault));
    }

    pub(super) async fn tenant(&self) -> TenantId {
        self.tenant_that(|_| {}).await
    }

    /// A tenant that is not like the others.
    pub(super) async fn tenant_that(&self, differs: impl FnOnce(&mut TenantRecord)) -> TenantId {
        let ports = self.store.ports(Identity::Auth);
        let tenant = ports.randomness.id(self.now());
        let mut record =
            TenantRecord::new(tenant, "Example".to_owned(), Plan::Business, self.now());
        differs(&mut record);
        create(&ports, tenant, &record).await;
        tenant
    }

    /// A user of `tenant`, signed in just now with a second factor.
    pub(super) async fn person(&self, tenant: TenantId, role: Role) -> Person {
        let ports = self.store.ports(Identity::Auth);
        let now = self.now();
        let (user, session): (UserId, SessionId) =
            (ports.randomness.id(now), ports.randomness.id(now));
        create(
            &ports,
            tenant,
            &Guard { state: GuardState::Active, epoch: 1, ..Guard::new(user, vec![role]) },
        )
        .await;
        // As it is stored: only a completed login can make one in the product.
        let record: Session = serde_json::from_value(json!({
            "session": session, "user": user, "device": "a test", "created_at": now, "generation": 0, "rotated_at": now,
            "ends_at": now.plus(Duration::from_hours(24)), "epoch": 1, "authenticated_at": now, "revoked_at": null,
        }))
        .unwrap();
        create(&ports, tenant, &record).await;
        let claims = AccessClaims {
            iss: DEPLOYMENT.to_owned(),
            aud: DEPLOYMENT.to_owned(),
            sub: user,
            tid: tenant,
            sid: Some(session),
            act: None,
            scope: None,
            epo: 1,
            rep: 0,
            acr: ACR_MFA.to_owned(),
            amr: vec!["pwd".to_owned(), "otp".to_owned()],
            auth_time: now.unix_s(),
            iat: now.unix_s(),
            nbf: now.unix_s(),
            exp: now.unix_s() + 900,
            jti: session.to_string(),
        };
        let key = Keyring::open(&ports).await.unwrap().es256(KeyPurpose::AccessToken).unwrap();
        Person { tenant, user, token: sign_access_token(&key, &claims).unwrap() }
    }

    pub(super) async fn get(&self, person: &Person, path: &str) -> Answer {
        self.call("GET", person, path, None).await
    }

    pub(super) async fn post(&self, person: &Person, path: &str, body: impl Into<Value>) -> Answer {
        self.call("POST", person, path, Some(body.into())).await
    }

    /// Sends again what was answered with this key.
    pub(super) async fn post_again(
        &self,
        person: &Person,
        path: &str,
        body: &Value,
        key: &str,
    ) -> Answer {
        let request = Request::post(format!("/api/runs{path}"))
            .header("authorization", format!("Bearer {}", person.token))
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(Body::from(body.to_string()));
        self.send(request.unwrap()).await
    }

    pub(super) async fn call(
        &self,
        method: &str,
        person: &Person,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/runs{path}"))
            .header("authorization", format!("Bearer {}", person.token));
        let request = match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.send(request.unwrap()).await
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        answer(self.opened.routers.public.clone(), request).await
    }

    /// Delivers an event as Event Grid does.
    pub(super) async fn deliver(&self, event: &Value) -> Answer {
        let envelope = json!({"Data": {"event": event}, "Metadata": {}}).to_string();
        let request = Request::post("/ingest_event")
            .header("content-type", "application/json")
            .body(Body::from(envelope));
        answer(self.opened.routers.invocations.clone(), request.unwrap()).await
    }

    /// The names and reasons of all events that the app recorded for `tenant`. Each must be one that the sealer takes.
    pub(super) async fn recorded(&self, tenant: TenantId) -> Vec<(String, String)> {
        let mut events = Vec::new();
        for shard in shards() {
            for kind in ["intent", "statement"] {
                for stored in self.stored(tenant, &shard, kind).await {
                    let body: Value = serde_json::from_str(&stored.document.body).unwrap();
                    let text = body["intent"]["intent"].as_str().unwrap();
                    let intent = Intent::parse(text).unwrap();
                    events.push((intent.action, intent.reason.unwrap_or_default()));
                }
            }
        }
        events
    }

    pub(super) async fn count(&self, tenant: TenantId, action: &str) -> usize {
        self.recorded(tenant).await.iter().filter(|(name, _)| name == action).count()
    }

    /// How many documents of a kind the tenant has.
    pub(super) async fn documents_of(&self, tenant: TenantId, kind: &str) -> usize {
        let mut count = 0;
        for shard in shards() {
            count += self.stored(tenant, &shard, kind).await.len();
        }
        count
    }

    /// How many runs count against the plan.
    pub(super) async fn runs_counted(&self, tenant: TenantId) -> u64 {
        let counts = self.stored(tenant, "h", "run_count").await.into_iter();
        let runs = |count: Stored| -> Option<u64> {
            serde_json::from_str::<Value>(&count.document.body).ok()?["runs"].as_u64()
        };
        counts.filter_map(runs).sum()
    }

    /// How long everything is that was put aside.
    pub(super) async fn quarantined_bytes(&self) -> usize {
        let stored = self.stored(TenantId::SYSTEM, "h", "quarantined").await;
        stored.iter().map(|stored| stored.document.body.len()).sum()
    }

    async fn stored(&self, tenant: TenantId, shard: &str, kind: &str) -> Vec<Stored> {
        let query = Query { kind: kind.to_owned(), limit: 1000, ..Query::default() };
        let documents = self.store.ports(Identity::Runs).documents;
        documents
            .query(Container::Runs, &PartitionKey::new(tenant, shard), &query)
            .await
            .unwrap()
            .documents
    }
}

fn shards() -> impl Iterator<Item = String> {
    ["0".to_owned(), "h".to_owned()].into_iter().chain((0..store::RUN_SHARDS).map(store::run_shard))
}

async fn open(store: &Store, documents: &Arc<Faulty>) -> Opened {
    open_with(store, documents, &Config::parse(|_| None).unwrap()).await
}

async fn open_with(store: &Store, documents: &Arc<Faulty>, config: &Config) -> Opened {
    let documents = Arc::clone(documents) as Arc<dyn Documents>;
    let ports = Ports { documents, ..store.ports(Identity::Runs) };
    host::open::<crate::Runs>(ports, config).await.unwrap()
}

async fn answer(router: axum::Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Answer { status: parts.status, headers: parts.headers, json }
}

async fn create<T: Document>(ports: &Ports, tenant: TenantId, document: &T) {
    let keyring = Keyring::open(ports).await.unwrap();
    let records = Records::writing(ports, keyring.material(KeyPurpose::AccessRecords).unwrap());
    let document = NewDocument {
        id: document.id(),
        kind: T::KIND.to_owned(),
        k1: document.k1(),
        k2: document.k2(),
        body: serde_json::to_string(document).unwrap(),
        expires_at: document.expires_at(),
    };
    let signed = records.sign((tenant, T::SHARD), document, 1, None).await.unwrap();
    let key = PartitionKey::new(tenant, T::SHARD);
    ports.documents.commit(T::CONTAINER, &key, vec![Write::Create(signed)]).await.unwrap();
}
