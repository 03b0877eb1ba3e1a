//! The app on a store of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
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
    Changes, Clock, CommitError, Container, Cursor, Dirty, Documents, Etag, Identity, KeyPurpose,
    NewDocument, Page, PartitionKey, Ports, Query, Randomness, StorageError, Stored, Write,
};
use protocol::Digest;
use serde_json::{Value, json};
use store::{Document, Guard, GuardState, Keyring, TenantRecord, TenantState};
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
    pub(super) documents: Arc<Watched>,
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
        let clock = Arc::new(ManualClock(AtomicI64::new(START.unix_us())));
        let randomness = Arc::new(Counted(AtomicU64::new(1)));
        let at: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let store = Store::open(&dir.path().join("data"), at, randomness).unwrap();
        Keyring::open(&store.ports(Identity::Auth)).await.unwrap();
        let documents = Arc::new(Watched::new(store.ports(Identity::Runs).documents));
        let opened = open(&store, &documents).await;
        Self { clock, store, documents, opened, _dir: dir }
    }

    /// The app again, as another process that remembers nothing.
    pub(super) async fn restart(&mut self) {
        self.opened = open(&self.store, &self.documents).await;
    }

    /// Another process on the same store.
    pub(super) async fn another_process(&self) -> Process {
        Process(open(&self.store, &self.documents).await)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn advance(&self, by: Duration) {
        self.clock.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub(super) async fn tenant(&self) -> TenantId {
        let ports = self.store.ports(Identity::Auth);
        let tenant = ports.randomness.id(self.now());
        let (name, plan) = ("Example".to_owned(), Plan::Business);
        let record =
            TenantRecord { tenant, name, plan, state: TenantState::Active, created_at: self.now() };
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
            &Guard { user, roles: vec![role], state: GuardState::Active, epoch: 1 },
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
            scope: None,
            epo: 1,
            acr: ACR_MFA.to_owned(),
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

async fn open(store: &Store, documents: &Arc<Watched>) -> Opened {
    let config = Config::parse(|_| None).unwrap();
    let documents = Arc::clone(documents) as Arc<dyn Documents>;
    let ports = Ports { documents, ..store.ports(Identity::Runs) };
    host::open::<crate::Runs>(ports, &config).await.unwrap()
}

async fn answer(router: axum::Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Answer { status: parts.status, headers: parts.headers, json }
}

async fn create<T: Document>(ports: &Ports, tenant: TenantId, document: &T) {
    let write = Write::Create(NewDocument {
        id: document.id(),
        kind: T::KIND.to_owned(),
        k1: document.k1(),
        k2: document.k2(),
        body: serde_json::to_string(document).unwrap(),
        expires_at: document.expires_at(),
    });
    let partition = PartitionKey::new(tenant, T::SHARD);
    ports.documents.commit(T::CONTAINER, &partition, vec![write]).await.unwrap();
}

/// A clock that stands still until it is told otherwise.
pub(super) struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_us(self.0.load(Ordering::SeqCst))
    }
}

/// Bytes that look random and are the same in every run.
struct Counted(AtomicU64);

impl Randomness for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let Digest(digest) = Digest::of(self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }
}

/// Documents whose writes are counted, and whose next commits can be let fail.
pub(super) struct Watched {
    inner: Arc<dyn Documents>,
    pub(super) writes: AtomicUsize,
    pub(super) reads: AtomicUsize,
    failing: AtomicUsize,
    applied: std::sync::atomic::AtomicBool,
}

impl Watched {
    fn new(inner: Arc<dyn Documents>) -> Self {
        Self {
            inner,
            writes: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
            failing: AtomicUsize::new(0),
            applied: false.into(),
        }
    }

    /// The next `count` commits are not answered; they are applied or not.
    pub(super) fn fail(&self, count: usize, applied: bool) {
        self.applied.store(applied, Ordering::SeqCst);
        self.failing.store(count, Ordering::SeqCst);
    }
}

#[async_trait]
impl Documents for Watched {
    async fn read(
        &self,
        container: Container,
        partition: &PartitionKey,
        id: &str,
    ) -> Result<Option<Stored>, StorageError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.inner.read(container, partition, id).await
    }

    async fn query(
        &self,
        container: Container,
        partition: &PartitionKey,
        query: &Query,
    ) -> Result<Page, StorageError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.inner.query(container, partition, query).await
    }

    async fn commit(
        &self,
        container: Container,
        partition: &PartitionKey,
        writes: Vec<Write>,
    ) -> Result<Vec<Etag>, CommitError> {
        let fails = self
            .failing
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .is_ok();
        let lost = CommitError::Storage(StorageError::Unavailable("no answer".to_owned()));
        if fails && !self.applied.load(Ordering::SeqCst) {
            return Err(lost);
        }
        self.writes.fetch_add(writes.len(), Ordering::SeqCst);
        let result = self.inner.commit(container, partition, writes).await;
        if fails { Err(lost) } else { result }
    }

    async fn changes(
        &self,
        container: Container,
        partition: &PartitionKey,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Changes, StorageError> {
        self.inner.changes(container, partition, after, limit).await
    }

    async fn dirty(
        &self,
        container: Container,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Dirty, StorageError> {
        self.inner.dirty(container, after, limit).await
    }
}
