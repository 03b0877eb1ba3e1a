//! `proofline serve --processes`, killed at random moments while statements come in: what was acknowledged is there, once, and the log agrees.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes what is outside a #[test] for production code"
)]

use std::{path::Path, time::Duration};

use ambient::SystemClock;
use chain::{policy::Policy, report::Verdict, verify};
use ports::{Clock as _, Randomness};
use serde_json::json;
use system_tests::{
    doubles::SeededRandomness,
    load::{Customer, Door, Exported, Layout, Ledger, Server, assert_logged_once, pinned_policy},
    world::World,
};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinSet};

/// Runners that hand in over HTTPS, and Runners that publish to the Event Grid stand-in, each over a connection of its own.
const RUNNERS: [usize; 2] = [6, 2];
/// The most statements under way when something is killed: 4 in each Runner's request, and what the stand-in delivers at once.
const UNDER_WAY_MAX: usize = 4 * (RUNNERS[0] + RUNNERS[1]) + 16;
const KILLS: usize = 6;

fn proofline() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_proofline"))
}

/// A server with a customer, and the policy that was pinned before anything went wrong.
struct Scene {
    server: Server,
    customer: Customer,
    policy: Policy,
    ledgers: Vec<Ledger>,
    folder: TempDir,
    moments: Moments,
}

/// Moments and victims that nobody chose, and that are the same in every run.
struct Moments(std::sync::Arc<SeededRandomness>);

impl Moments {
    fn below(&self, bound: usize) -> usize {
        let bytes = (&*self.0 as &dyn Randomness).bytes::<8>();
        usize::try_from(u64::from_be_bytes(bytes) % bound as u64).unwrap()
    }

    /// Now, or up to two and a half seconds later.
    async fn next(&self) {
        tokio::time::sleep(Duration::from_millis(self.below(2_500) as u64)).await;
    }
}

impl Scene {
    async fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(proofline(), &folder.path().join("data"), Layout::Processes);
        let customer =
            Customer::sign_up(server.address, server.invitation.as_deref().unwrap()).await;
        let policy = pinned_policy(&server.data, customer.tenant).await;
        let doors = [Door::Https, Door::EventGrid].into_iter().zip(RUNNERS);
        let doors = doors.flat_map(|(door, count)| [door].repeat(count));
        let runners = customer.runners(server.address, RUNNERS.iter().sum()).await;
        let ledgers = runners
            .into_iter()
            .zip(doors)
            .map(|(runner, door)| Ledger::new(runner, door))
            .collect();
        let moments = Moments(SeededRandomness::new(seed));
        Self { server, customer, policy, ledgers, folder, moments }
    }

    /// Lets every Runner talk while `harm` is done to the server; then lets them finish what they began.
    async fn talk_while(
        mut self,
        harm: impl AsyncFnOnce(Server, &Moments, &watch::Sender<std::net::SocketAddr>) -> Server,
    ) -> Self {
        let (address, addresses) = watch::channel(self.server.address);
        let (over, is_over) = watch::channel(false);
        let mut talking = JoinSet::new();
        for mut ledger in self.ledgers {
            let (addresses, is_over) = (addresses.clone(), is_over.clone());
            talking.spawn(async move {
                ledger.fill(addresses, is_over).await;
                ledger
            });
        }
        self.server = harm(self.server, &self.moments, &address).await;
        self.moments.next().await;
        over.send(true).unwrap();
        self.ledgers = talking.join_all().await;
        self
    }

    /// Everything acknowledged is held once, answers its receipt, and is in the log once; and the log verifies.
    async fn check(mut self) {
        let server = self.server.address;
        let interrupted: usize = self.ledgers.iter().map(|ledger| ledger.unanswered).sum();
        assert!(interrupted > 0, "nothing was under way when something was killed");
        let mut checking = JoinSet::new();
        for mut ledger in self.ledgers {
            checking.spawn(async move {
                assert!(!ledger.acknowledged.is_empty());
                ledger.assert_held(server).await;
                ledger.assert_repeated(server).await;
                ledger
            });
        }
        self.ledgers = checking.join_all().await;
        let count = self.ledgers.iter().map(|ledger| ledger.acknowledged.len()).sum();
        let exported = Exported::with_runs(&self.customer, server, count).await;
        assert_logged_once(&self.ledgers, &exported);
        self.assert_verifies(&exported);
        self.server.stop();
        let later = a_minute_later(&self.folder.path().join("data"), &self.customer).await;
        assert_logged_once(&self.ledgers, &later);
        let report = verify::bundle(&later.bytes, Some(&self.policy));
        let gaps = later.gaps();
        assert_eq!(later.declared_gaps(), gaps, "the log does not say what it lacks");
        // Whoever only reads the log cannot tell what was never written from what somebody took out before it was sealed: it must say so.
        let verdict = if gaps.is_empty() { Verdict::Ok } else { Verdict::Incomplete };
        assert_eq!(report.verdict, verdict, "{report:?}");
        assert!(gaps.len() <= KILLS * UNDER_WAY_MAX, "{gaps:?}");
        let alive = later.last_instance("runs");
        let is_of_the_dead = |instance: &str| instance.starts_with("runs/") && instance != alive;
        assert!(gaps.iter().all(|(instance, _)| is_of_the_dead(instance)), "{alive}: {gaps:?}");
    }

    /// Nothing is wrong with the log. Numbers that died with their process are waited for, for a minute, and then said to be missing.
    fn assert_verifies(&self, exported: &Exported) {
        let report = verify::bundle(&exported.bytes, Some(&self.policy));
        let is_complete = exported.declared_gaps().is_empty();
        let verdict = if is_complete { Verdict::Ok } else { Verdict::Incomplete };
        assert_eq!((report.verdict, &report.first_bad), (verdict, &None), "{report:?}");
    }
}

/// The log when every intent that can still come has come, and the sealer has given up on the others.
async fn a_minute_later(data: &Path, customer: &Customer) -> Exported {
    let world = World::over(data, SystemClock.now()).await;
    let tenant = serde_json::to_string(&customer.tenant.to_string()).unwrap();
    for _ in 0..2 {
        let sealed = world.invoke("seal_intents", &json!({"Data": {"message": tenant}})).await;
        assert_eq!(sealed.status, 200, "{}", sealed.json());
        world.clock.advance(Duration::from_secs(61));
    }
    world.drain().await;
    let path = "/api/audit/v1/audit/exports";
    let made = world.call("POST", path, Some(&customer.token), Some(&json!({}))).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let json = made.json();
    let export = json.get("export").and_then(serde_json::Value::as_str).unwrap();
    let path = format!("{path}/{export}/content");
    Exported::read(world.call("GET", &path, Some(&customer.token), None).await.bytes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_apps_that_are_killed() {
    let scene = Scene::new(11).await;
    let scene = scene
        .talk_while(async |server, moments, _| {
            for _ in 0..KILLS {
                moments.next().await;
                // Three of four take in statements; the others anything.
                let apps = server.apps();
                let any = apps.get(moments.below(apps.len().max(1))).map(|(process, _)| *process);
                let victim = if moments.below(4) > 0 { server.app("runs").or(any) } else { any };
                victim.into_iter().for_each(|process| server.kill_one(process));
            }
            server
        })
        .await;
    scene.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_host_that_is_killed_with_all_its_apps() {
    let scene = Scene::new(12).await;
    let scene = scene
        .talk_while(async |mut server, moments, address| {
            for _ in 0..KILLS {
                moments.next().await;
                let data = server.data.clone();
                server.kill();
                server = Server::start(proofline(), &data, Layout::Processes);
                assert_eq!(server.invitation, None, "the owner came in before");
                address.send(server.address).unwrap();
            }
            server
        })
        .await;
    scene.check().await;
}

#[test]
fn a_server_and_its_apps_end_with_whoever_started_them() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(proofline(), &folder.path().join("data"), Layout::Processes);
    assert_eq!(server.apps().len(), 5);
    server.abandon();
}
