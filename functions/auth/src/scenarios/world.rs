//! The app on a fresh local store, with a clock that tests move.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use ambient::SystemRandomness;
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    InvitationId, Role, TenantId, Timestamp,
    auth::{Invitation, Ticket},
    kind,
};
use http_body_util::BodyExt as _;
use local::Store;
use ports::{Clock, Container, Identity, KeyPurpose, NewDocument, PartitionKey, Ports, Write};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use store::{Guard, IntentSource, Keyring, SystemCap};
use tempfile::TempDir;
use tower::ServiceExt as _;
use web::{FunctionApp as _, Gate, Setup};

use crate::{Auth, Bootstrap};

pub(super) const PASSWORD: &str = "correct horse battery staple";
/// 2026-11-21T00:00:00Z, the beginning of a TOTP step.
const START_S: i64 = 1_795_219_200;

struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_us(self.0.load(Ordering::SeqCst))
    }
}

pub(super) struct World {
    ports: Ports,
    pub(super) tenant: TenantId,
    clock: Arc<TestClock>,
    public: Router,
    invocations: Router,
    store: Store,
    dir: TempDir,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_else(|| panic!("no {member} in {}", self.body))
    }

    pub(super) fn code(&self) -> &str {
        self.text("code")
    }

    /// Without what names the request.
    pub(super) fn anonymous(mut self) -> (StatusCode, Value, Vec<String>) {
        self.body.as_object_mut().unwrap().remove("instance");
        (self.status, self.body, self.headers.keys().map(ToString::to_string).collect())
    }
}

/// Someone who has signed in.
pub(super) struct SignedIn {
    pub(super) secret: String,
    pub(super) access: String,
    pub(super) refresh: String,
    pub(super) session: String,
}

impl World {
    pub(super) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock(AtomicI64::new(START_S * 1_000_000)));
        let shared: Arc<dyn Clock> = Arc::<TestClock>::clone(&clock);
        let store =
            Store::open(&dir.path().join("data"), shared, Arc::new(SystemRandomness)).unwrap();
        let ports = store.ports(Identity::Auth);
        let keyring = Keyring::open(&ports).await.unwrap();
        let intents = keyring.material(KeyPurpose::AuthIntent).unwrap();
        let source =
            Arc::new(IntentSource::new(Identity::Auth, intents, Arc::clone(&ports.randomness)));
        #[expect(clippy::disallowed_methods, reason = "as host does")]
        let cap = SystemCap::mint(ports.clone(), Some(Arc::clone(&source)));
        let (deployment, public_url) = ("proofline.test".to_owned(), "http://127.0.0.1".to_owned());
        let setup = Setup {
            ports: ports.clone(),
            keyring: Arc::new(keyring),
            cap: cap.clone(),
            source: Some(Arc::clone(&source)),
            deployment: deployment.clone(),
            public_url: public_url.clone(),
        };
        let state = Auth::open(&setup).await.unwrap();
        let gate = Gate::new(ports.clone(), Some(source), None, &deployment, &public_url);
        let routers = Auth::app().into_routers(state, &gate, &cap, Identity::Auth);
        let (public, invocations) = (routers.public, routers.invocations);
        Self { ports, tenant: TenantId::from_u128(1), clock, public, invocations, store, dir }
    }

    pub(super) async fn with_tenant() -> Self {
        let world = Self::new().await;
        let outcome = world.bootstrap(&world.bootstrap_message()).await;
        assert_eq!(outcome.body["ReturnValue"], json!({"created": true}));
        world
    }

    pub(super) fn bootstrap_message(&self) -> Bootstrap {
        Bootstrap {
            tenant: self.tenant,
            tenant_name: "Analytical Engines".into(),
            invitation: self.invitation().id,
            ticket_sha256: self.invitation().sha256(),
        }
    }

    pub(super) fn invitation(&self) -> Ticket<kind::Invitation> {
        Ticket::new(self.tenant, InvitationId::from_u128(2), [0xab; 32])
    }

    pub(super) async fn bootstrap(&self, message: &Bootstrap) -> Answer {
        let text = serde_json::to_string(message).unwrap();
        let quoted = serde_json::to_string(&text).unwrap();
        let envelope = json!({"Data": {"message": quoted}, "Metadata": {}});
        send(&self.invocations, "POST", "/bootstrap", None, Some(envelope)).await
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn wait_s(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    pub(super) fn wait(&self, duration: Duration) {
        self.wait_s(i64::try_from(duration.as_secs()).unwrap());
    }

    pub(super) async fn get(&self, path: &str, token: &str) -> Answer {
        send(&self.public, "GET", &format!("/api/auth{path}"), Some(token), None).await
    }

    pub(super) async fn delete(&self, path: &str, token: &str) -> Answer {
        send(&self.public, "DELETE", &format!("/api/auth{path}"), Some(token), None).await
    }

    pub(super) async fn post(&self, path: &str, token: Option<&str>, body: Value) -> Answer {
        send(&self.public, "POST", &format!("/api/auth{path}"), token, Some(body)).await
    }

    pub(super) async fn redeem(&self, email: &str) -> Answer {
        self.redeem_with(json!({"email": email})).await
    }

    /// Redeems the owner's invitation, with `changes` to a good request.
    pub(super) async fn redeem_with(&self, changes: Value) -> Answer {
        let mut request = json!({
            "token": self.invitation().expose().expose_secret(),
            "email": "ada@example.com",
            "display_name": "Ada Lovelace",
            "password": PASSWORD,
        });
        for (name, value) in changes.as_object().unwrap() {
            request[name] = value.clone();
        }
        self.post("/v1/invitations/redeem", None, request).await
    }

    pub(super) async fn login(&self, email: &str, password: &str) -> Answer {
        self.post("/v1/logins", None, json!({"email": email, "password": password})).await
    }

    pub(super) async fn refresh(&self, token: &str) -> Answer {
        self.post("/v1/tokens/refresh", None, json!({"refresh_token": token})).await
    }

    /// Redeems the invitation and enrols.
    pub(super) async fn enrolled(&self, email: &str) -> SignedIn {
        self.enrol(self.redeem(email).await).await
    }

    async fn enrol(&self, begun: Answer) -> SignedIn {
        let token = begun.text("enrolment_token");
        let secret =
            self.post("/v1/me/totp", Some(token), json!({})).await.text("secret").to_owned();
        let code = json!({"code": self.code(&secret)});
        let tokens = self.post("/v1/me/totp/confirm", Some(token), code).await;
        let text = |member| tokens.text(member).to_owned();
        SignedIn {
            access: text("access_token"),
            refresh: text("refresh_token"),
            session: text("session"),
            secret,
        }
    }

    /// Another user of the same tenant, enrolled.
    pub(super) async fn enrolled_as(&self, email: &str, role: Role) -> SignedIn {
        self.enrol(self.redeemed_as(email, role).await).await
    }

    /// Redeems an invitation that was put into the store: issuing them is not this app's matter yet.
    pub(super) async fn redeemed_as(&self, email: &str, role: Role) -> Answer {
        let ticket = Ticket::new(self.tenant, InvitationId::from_u128(3), [0xcd; 32]);
        let issued =
            Invitation::issue(ticket.id, &ticket.sha256(), role, Invitation::LIFETIME, self.now());
        let document = NewDocument {
            id: ticket.id.to_string(),
            kind: "invitation".into(),
            k1: None,
            k2: None,
            body: serde_json::to_string(&issued.unwrap().0).unwrap(),
            expires_at: None,
        };
        let key = PartitionKey::new(self.tenant, "0");
        self.ports
            .documents
            .commit(Container::Auth, &key, vec![Write::Create(document)])
            .await
            .unwrap();
        let text = ticket.expose().expose_secret().to_owned();
        self.redeem_with(json!({"token": text, "email": email})).await
    }

    /// Changes the owner's guard behind the app's back.
    pub(super) async fn change_guard(&self, change: impl Fn(Guard) -> Guard) {
        let (key, id) = (PartitionKey::new(self.tenant, "0"), "usr_00000000000000000000000002");
        let stored = self.ports.documents.read(Container::Access, &key, id).await.unwrap().unwrap();
        let guard = change(serde_json::from_str(&stored.document.body).unwrap());
        let body = serde_json::to_string(&guard).unwrap();
        let write = Write::Replace(NewDocument { body, ..stored.document }, stored.etag);
        self.ports.documents.commit(Container::Access, &key, vec![write]).await.unwrap();
    }

    /// The audit events that were recorded, in their order: action, outcome, actor.
    pub(super) async fn recorded(&self) -> Vec<String> {
        let key = PartitionKey::new(self.tenant, "0");
        let changes = self
            .ports_of(Identity::Audit)
            .documents
            .changes(Container::Auth, &key, None, 1000)
            .await
            .unwrap();
        let intents =
            changes.documents.into_iter().filter(|stored| stored.document.kind == "intent");
        let texts = intents.map(|stored| {
            let body: Value = serde_json::from_str(&stored.document.body).unwrap();
            let intent: Value =
                serde_json::from_str(body["intent"]["intent"].as_str().unwrap()).unwrap();
            let part = |text: &Value| text.as_str().unwrap().to_owned();
            format!(
                "{} {} {}",
                part(&intent["action"]),
                part(&intent["out"]),
                part(&intent["act"]["kind"])
            )
        });
        texts.collect()
    }

    fn ports_of(&self, identity: Identity) -> Ports {
        self.store.ports(identity)
    }

    /// The code that an authenticator app shows now.
    pub(super) fn code(&self, secret: &str) -> String {
        let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
        let app = totp_rs::Builder::new().with_secret(secret).build().unwrap();
        app.generate(u64::try_from(self.now().unix_s()).unwrap()).to_string()
    }

    /// Every byte of the store's files.
    pub(super) fn stored_bytes(&self) -> Vec<u8> {
        let files = fs::read_dir(self.dir.path().join("data")).unwrap();
        let files = files.map(|file| file.unwrap().path()).filter(|path| path.is_file());
        files.flat_map(|path| fs::read(path).unwrap()).collect()
    }
}

/// What the owner's invitation is redeemed with.
pub(super) fn invitation_secret() -> String {
    URL_SAFE_NO_PAD.encode([0xab; 32])
}

pub(super) fn base64url(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

pub(super) fn base32(text: &str) -> Vec<u8> {
    totp_rs::Secret::try_from_base32(text).unwrap().as_bytes().to_vec()
}

async fn send(
    router: &Router,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<Value>,
) -> Answer {
    let mut request =
        Request::builder().method(method).uri(path).header("user-agent", "test device");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = match body {
        Some(json) => {
            request = request.header("content-type", "application/json");
            Body::from(json.to_string())
        }
        None => Body::empty(),
    };
    let response = router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Answer { status: parts.status, headers: parts.headers, body }
}
