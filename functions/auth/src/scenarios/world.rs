//! The app on a fresh local store, with a clock that tests move.

mod letters;
mod outage;
mod people;
mod requests;
mod storage;
mod stored;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use ambient::SystemRandomness;
use axum::Router;
use domain::{InvitationId, TenantId, Timestamp, auth::Ticket, kind};
use local::Store;
use ports::{Breaches, Clock, Documents, Identity, KeyPurpose, Ports};
use serde_json::json;
use store::{IntentSource, Keyring, Records, SystemCap};
use system_tests::doubles::Receipted;
use tempfile::TempDir;
use web::{FunctionApp as _, Gate, Routers, Setup};

use outage::Outage;
use requests::send;
use storage::{Stage, Storage};

pub(super) use people::{SignedIn, invitation_secret};
pub(super) use requests::Answer;
pub(super) use stored::{base32, base64url};

use crate::{Auth, Bootstrap, hasher::Hasher};

pub(super) const PASSWORD: &str = "correct horse battery staple";
/// 2026-11-21T00:00:00Z, the beginning of a TOTP step.
const START_S: i64 = 1_795_219_200;

struct TestClock(AtomicI64);

impl TestClock {
    fn pass(&self, duration: Duration) {
        self.0.fetch_add(i64::try_from(duration.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

#[async_trait::async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_us(self.0.load(Ordering::SeqCst))
    }

    async fn sleep(&self, duration: Duration) {
        self.pass(duration);
    }
}

pub(super) struct World {
    ports: Ports,
    pub(super) tenant: TenantId,
    clock: Arc<TestClock>,
    public: Router,
    invocations: Router,
    store: Store,
    records: Arc<Records>,
    pub(super) hasher: Hasher,
    /// What is sent passes by here.
    pub(super) queue: Arc<Outage>,
    /// What is written passes by here.
    pub(super) storage: Arc<Storage>,
    /// Stands in for the app that seals.
    pub(super) sealer: Arc<Receipted>,
    dir: TempDir,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::asking(None).await
    }

    /// Where whether a password leaked is asked of `breaches`.
    pub(super) async fn asking(breaches: Option<Arc<dyn Breaches>>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock(AtomicI64::new(START_S * 1_000_000)));
        let shared: Arc<dyn Clock> = Arc::<TestClock>::clone(&clock);
        let store =
            Store::open(&dir.path().join("data"), shared, Arc::new(SystemRandomness)).unwrap();
        let ports = store.ports(Identity::Auth);
        let storage = Stage::over(ports.documents, Arc::clone(&clock));
        let sealer = Receipted::new(&store, Arc::<Storage>::clone(&storage));
        let documents: Arc<dyn Documents> = Arc::<Receipted>::clone(&sealer);
        let queue = Outage::of(ports.queue);
        let ports =
            Ports { documents, queue: Arc::<Outage>::clone(&queue), ..store.ports(Identity::Auth) };
        let (routers, records, hasher) = opened(&ports, breaches, 0).await;
        let (public, invocations) = (routers.public, routers.invocations);
        Self {
            ports,
            tenant: TenantId::from_u128(1),
            clock,
            public,
            invocations,
            store,
            records,
            hasher,
            queue,
            storage,
            sealer,
            dir,
        }
    }

    /// As after a restart of the process: nothing is known but what is stored.
    pub(super) async fn restart(&mut self) {
        self.restart_after_restore(0).await;
    }

    /// The same, in this restore epoch: somebody restored the database.
    pub(super) async fn restart_after_restore(&mut self, restore_epoch: u64) {
        let (routers, records, hasher) = opened(&self.ports, None, restore_epoch).await;
        (self.public, self.invocations) = (routers.public, routers.invocations);
        (self.records, self.hasher) = (records, hasher);
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
            kind: domain::TenantKind::Customer,
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

    /// Moves the clock, back too; gives the seconds since 1970 afterwards.
    pub(super) fn step_s(&self, seconds: i64) -> i64 {
        self.wait_s(seconds);
        self.now().unix_s()
    }

    pub(super) fn wait(&self, duration: Duration) {
        self.wait_s(i64::try_from(duration.as_secs()).unwrap());
    }

    /// Runs a trigger of the app's timer.
    pub(super) async fn tick(&self, function: &str) -> Answer {
        let envelope = json!({"Data": {"timer": {}}, "Metadata": {}});
        send(&self.invocations, "POST", &format!("/{function}"), None, Some(envelope)).await
    }
}

/// The app on these ports, behind one proxy.
async fn opened(
    ports: &Ports,
    breaches: Option<Arc<dyn Breaches>>,
    restore_epoch: u64,
) -> (Routers, Arc<Records>, Hasher) {
    let keyring = Keyring::open(ports).await.unwrap();
    let intents = keyring.material(KeyPurpose::AuthIntent).unwrap();
    let source =
        Arc::new(IntentSource::new(Identity::Auth, intents, Arc::clone(&ports.randomness)));
    let seed = keyring.material(KeyPurpose::AccessRecords).unwrap();
    let records = Records::writing(ports, seed);
    #[expect(clippy::disallowed_methods, reason = "as host does")]
    let cap = SystemCap::mint(ports.clone(), Some(Arc::clone(&source)))
        .with_records(Arc::clone(&records));
    let (deployment, public_url) = ("proofline.test".to_owned(), "http://127.0.0.1".to_owned());
    let setup = Setup {
        ports: ports.clone(),
        keyring: Arc::new(keyring),
        cap: cap.clone(),
        source: Some(Arc::clone(&source)),
        deployment: deployment.clone(),
        public_url: public_url.clone(),
        restore_epoch,
        log_rotation: 0,
        timestamp_url: None,
        witnesses: None,
        proxy_hops: 1,
        breaches,
    };
    let state = Auth::open(&setup).await.unwrap();
    let gate = Gate::new(ports.clone(), Some(source), None, &deployment, &public_url)
        .with_records(Arc::clone(&records))
        .behind(1)
        .in_restore_epoch(restore_epoch);
    let hasher = state.hasher.clone();
    (Auth::app().into_routers(state, &gate, &cap, Identity::Auth), records, hasher)
}
