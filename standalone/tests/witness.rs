//! Whoever runs the control plane has every right on its data and its keys. Runner and inspector see what he does with them all the same.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes what is outside a #[test] for production code"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use ambient::SystemClock;
use chain::{
    anchor::PROOF,
    container,
    policy::{Policy, Tier},
    report::{Kind, Report, Verdict},
    verify,
};
use ports::{Clock as _, Randomness};
use protocol::{Digest, key::Ed25519Key};
use serde_json::{Value, json};
use system_tests::{
    doubles::SeededRandomness,
    load::{Customer, CustomerKeys, Exported, Layout, Server},
    world::{DEPLOYMENT, World},
};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_mins(1);
/// So long after its key was made, a log goes on with it.
const KNOWN_AFTER: Duration = Duration::from_mins(20);
const KILLS: usize = 12;
/// Longer than a look takes, so that some end before they are killed.
const LOOK_MS: u64 = 120;

/// A control plane that can be replaced by another one, and a Runner that witnesses its log.
struct Scene {
    server: Option<Server>,
    customer: Customer,
    folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let server = Server::start_where_it_listens(program(), &data, Layout::OneProcess);
        assert_eq!(runner(folder.path(), &["init"]).0, 0);
        let keys = CustomerKeys {
            authority: key(folder.path(), "authority"),
            signers: [key(folder.path(), "author"), key(folder.path(), "approver")],
        };
        let invitation = server.invitation.as_deref().unwrap();
        let customer = Customer::sign_up_with(server.address, invitation, keys).await;
        let scene = Self { server: Some(server), customer, folder };
        scene.enrol().await;
        scene
    }

    async fn enrol(&self) {
        let token = self.act().await;
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        let public = file("authority.pub");
        let named = ["--deployment", DEPLOYMENT, "--authority", &public];
        self.ok(&[&["trust", "init", "--token", &token][..], &named].concat());
        for role in ["author", "approver"] {
            let key = file(&format!("{role}.pub"));
            self.ok(&["trust", "add-signer", "--key", &key, "--role", role]);
        }
        self.ok(&["certify", "--authority", &file("authority"), "--name", "plant-1"]);
        let url = format!("http://{}", self.server().address);
        let enrolled = self.ok(&["enrol", "--url", &url, "--token", &token]);
        let path = format!("/api/runs/v1/runners/{}/approve", text(&enrolled, "runner"));
        let words = json!({"words": enrolled.get("words")});
        self.customer.call(self.server().address, "POST", &path, Some(&words)).await;
    }

    fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// Does something that the log records.
    async fn act(&self) -> String {
        let path = "/api/runs/v1/runners/enrolments";
        let wish = Some(json!({"name": "plant-1"}));
        let issued = self.customer.call(self.server().address, "POST", path, wish.as_ref()).await;
        text(&issued, "token")
    }

    fn ok(&self, arguments: &[&str]) -> Value {
        let (code, said) = runner(self.folder.path(), arguments);
        assert_eq!(code, 0, "{arguments:?}: {said}");
        said
    }

    /// Acts `count` times, and has the Runner witness the log until it has seen that many rows more than `rows`. How many there are then.
    async fn witness(&self, rows: u64, count: u64) -> u64 {
        for _ in 0..count {
            self.act().await;
        }
        let begun = Instant::now();
        loop {
            let (code, said) = runner(self.folder.path(), &["witness"]);
            let size = said.get("size").and_then(Value::as_u64).unwrap_or_default();
            if code == 0 && size >= rows + count {
                return size;
            }
            assert!(code == 0 || code == 3, "{said}");
            assert!(begun.elapsed() < PATIENCE, "{said}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The kind of alarm that the Runner raises, within a few looks: a log that is made anew needs time to grow.
    async fn alarm(&self) -> String {
        let begun = Instant::now();
        loop {
            let (code, said) = runner(self.folder.path(), &["witness"]);
            if code == 1 {
                return text(said.get("alarm").unwrap(), "kind");
            }
            assert!(begun.elapsed() < PATIENCE, "{said}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Acts until the signed log has more than `rows` rows, whoever wrote them.
    async fn grow_beyond(&self, rows: u64, policy: &Policy) {
        let begun = Instant::now();
        while self.export("newest", policy).await.size <= rows {
            self.act().await;
            assert!(begun.elapsed() < PATIENCE, "the log does not grow");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Starts the control plane again with this rotation of its logs, whose key was made a while ago.
    async fn rotate(&mut self, rotation: &str) {
        let (address, data) = (self.server().address, self.folder.path().join("data"));
        self.server.take().unwrap().stop();
        let settings = [("PROOFLINE_LOG_ROTATION", rotation)];
        let then = SystemClock.now().minus(KNOWN_AFTER);
        drop(World::set_to(&data, then, &settings).await);
        self.server = Some(Server::start_set_to(address, program(), &data, &settings));
    }

    /// Acts, and has the Runner look, until it sees the log under this name; how many rows that has then.
    async fn go_over_to(&self, origin: &str) -> u64 {
        let begun = Instant::now();
        loop {
            self.act().await;
            let (code, said) = runner(self.folder.path(), &["witness"]);
            assert!(code == 0 || code == 3, "{said}");
            if code == 0 && said.get("origin").is_some_and(|name| name == origin) {
                return said.get("size").and_then(Value::as_u64).unwrap();
            }
            assert!(begun.elapsed() < PATIENCE, "{said}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What an inspector pins, as the Runner knows it now.
    fn policy(&self) -> Policy {
        text(&self.ok(&["log-policy", "--witnessed"]), "policy").parse().unwrap()
    }

    async fn export(&self, head: &str, policy: &Policy) -> Report {
        let export = Exported::of_head(&self.customer, self.server().address, head).await.unwrap();
        verify::bundle(&export.bytes, Some(policy))
    }

    /// Exports until the directory of logs was signed. From then on its key is listed: a Runner takes no shorter list of keys than the one it knows, and
    /// every history that it is shown must have got as far.
    async fn until_listed(&self) {
        let begun = Instant::now();
        while !self.is_anchored().await {
            assert!(begun.elapsed() < PATIENCE, "the directory is not signed");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn is_anchored(&self) -> bool {
        let export = Exported::of_head(&self.customer, self.server().address, "newest").await;
        export.is_some_and(|export| {
            container::read(&export.bytes).files.iter().any(|(path, _)| *path == PROOF)
        })
    }

    /// Copies all that the control plane has, as a backup does.
    fn back_up(&mut self, name: &str) {
        let address = self.server().address;
        self.server.take().unwrap().stop();
        copy(&self.folder.path().join("data"), &self.folder.path().join(name));
        self.start(address, "data");
    }

    /// Puts another control plane in the place of this one: with all its keys, and what is in the folder `name`.
    fn replace_by(&mut self, name: &str) {
        let address = self.server().address;
        self.server.take().unwrap().stop();
        self.start(address, name);
    }

    fn start(&mut self, address: std::net::SocketAddr, name: &str) {
        let data = self.folder.path().join(name);
        self.server = Some(Server::start_in_place_of(address, program(), &data));
    }
}

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_proofline"))
}

fn key(folder: &Path, name: &str) -> Ed25519Key {
    let file = folder.join(name).display().to_string();
    let (code, said) = runner(folder, &["keys", "new", "--out", &file, "--purpose", "signer"]);
    assert_eq!(code, 0, "{said}");
    let seed: Digest = fs::read_to_string(file).unwrap().trim().parse().unwrap();
    Ed25519Key::from_seed(&seed.0)
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let home: PathBuf = folder.join("runner");
    let mut command = Command::new(program());
    command.args(["runner", "--json", "--home"]).arg(home).args(arguments).stdin(Stdio::null());
    command
}

/// Runs a command of the Runner to its end: its exit code, and what it said.
fn runner(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let ended = command(folder, arguments).output().unwrap();
    let said = serde_json::from_slice(&ended.stdout)
        .unwrap_or_else(|_| json!({"stderr": String::from_utf8_lossy(&ended.stderr)}));
    (ended.status.code().unwrap(), said)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).expect("it says so").to_owned()
}

fn found(report: &Report) -> (Verdict, Option<Kind>) {
    (report.verdict, report.first_bad.as_ref().map(|finding| finding.kind))
}

/// Attacks 4 and 11: the last rows are gone, or yesterday's backup is there. Attacks 5, 10 and 12: and then it goes on, signed with the right
/// keys, as another history. Everything that the control plane has is the attacker's: database, blobs, keys.
#[tokio::test]
async fn a_rollback_and_a_fork_are_seen_by_the_runner_and_by_the_inspector() {
    let mut scene = Scene::new().await;
    let rows = scene.witness(0, 3).await;
    scene.until_listed().await;
    scene.back_up("yesterday");
    let rows = scene.witness(rows, 3).await;
    let policy = scene.policy();
    let sound = scene.export("witnessed", &policy).await;
    assert_eq!((sound.verdict, sound.tier), (Verdict::Ok, Tier::Witnessed), "{sound:?}");
    assert_eq!(sound.size, rows);
    let witnessed = &sound.checkpoint.as_ref().unwrap().witnessed_by[0];
    assert_eq!(witnessed.name, "plant-1");
    let since = witnessed.since.as_ref().expect("the log says since when it is witnessed");
    assert!(since.rows < rows);

    scene.replace_by("yesterday");
    assert_eq!(scene.alarm().await, "rollback");
    let old = scene.export("witnessed", &policy).await;
    assert_eq!(found(&old), (Verdict::Broken, Some(Kind::Rollback)), "{old:?}");

    // The operator shows a longer history that begins as the true one, and leaves it behind.
    scene.grow_beyond(rows, &policy).await;
    scene.ok(&["witness", "clear", "--reason", "the operator says that all is well"]);
    assert_eq!(scene.alarm().await, "fork");
    let forked = scene.export("newest", &policy).await;
    assert_eq!(found(&forked), (Verdict::Broken, Some(Kind::Consistency)), "{forked:?}");
    // An inspector who pinned nothing but the keys is not told that it is whole: no witness confirms it.
    let keys_only = Policy { seen: Vec::new(), ..policy.clone() };
    let forked = scene.export("newest", &keys_only).await;
    assert_eq!((forked.verdict, forked.tier), (Verdict::Incomplete, Tier::Signed), "{forked:?}");
    let (code, status) = runner(scene.folder.path(), &["status"]);
    assert_eq!((code, text(&status["witness"]["alarm"], "kind")), (1, "fork".to_owned()));

    // The true history again: only after somebody has looked does the Runner go on from where it was.
    scene.replace_by("data");
    assert_eq!(scene.alarm().await, "fork");
    scene.ok(&["witness", "clear", "--reason", "the operator showed the true log again"]);
    let rows = scene.witness(rows, 1).await;
    let sound = scene.export("witnessed", &policy).await;
    assert_eq!((sound.verdict, sound.size), (Verdict::Ok, rows), "{sound:?}");
}

/// The operator changes the key of the logs: each ends, and announces the next. Nobody at the Runner's host has to do anything, and an inspector finds both
/// epochs witnessed.
#[tokio::test]
async fn a_rotation_of_the_logs_is_followed_and_both_epochs_are_witnessed() {
    let mut scene = Scene::new().await;
    scene.witness(0, 3).await;
    let before = scene.policy();
    scene.rotate("1").await;
    let origin = format!("{}/1", before.origin);
    let rows = scene.go_over_to(&origin).await;
    let address = scene.server().address;
    let ended = Exported::asked(&scene.customer, address, &json!({"epoch": 0})).await.unwrap();
    let report = verify::bundle(&ended.bytes, Some(&before));
    assert_eq!((report.verdict, report.tier), (Verdict::Ok, Tier::Witnessed), "{report:?}");
    assert_eq!(ended.rows.last().unwrap()["action"], "log.rotate");

    let after = scene.policy();
    assert_eq!(after.origin, origin);
    let current = scene.export("witnessed", &after).await;
    assert_eq!((current.verdict, current.tier), (Verdict::Ok, Tier::Witnessed), "{current:?}");
    assert!(current.size >= rows);
}

/// What it saw is on the disk before its cosignature leaves, so that it cosigns one history however often it is killed.
#[tokio::test]
async fn a_witness_that_is_killed_at_any_moment_goes_on_from_what_it_saw() {
    let scene = Scene::new().await;
    let mut rows = scene.witness(0, 1).await;
    let moments = SeededRandomness::new(17);
    for _ in 0..KILLS {
        scene.act().await;
        let moment = u64::from_be_bytes((&*moments as &dyn Randomness).bytes()) % LOOK_MS;
        let mut look = command(scene.folder.path(), &["witness"]);
        let mut look = look.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(moment)).await;
        look.kill().unwrap();
        look.wait().unwrap();
        let shown = scene.ok(&["witness", "show"]);
        let seen = shown["witness"]["seen"]["size"].as_u64().unwrap();
        assert!(seen >= rows && shown["witness"]["alarm"].is_null(), "{shown}");
        rows = seen;
    }
    let rows = scene.witness(rows, 1).await;
    let sound = scene.export("witnessed", &scene.policy()).await;
    assert_eq!((sound.verdict, sound.tier, sound.size), (Verdict::Ok, Tier::Witnessed, rows));
}
