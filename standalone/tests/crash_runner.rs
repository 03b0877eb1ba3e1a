//! The Runner, killed between a statement and its receipt: what it said is taken in once.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes what is outside a #[test] for production code"
)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use chain::{report::Verdict, verify};
use ports::Randomness;
use protocol::{Digest, key::Ed25519Key};
use serde_json::{Value, json};
use system_tests::{
    doubles::SeededRandomness,
    load::{Customer, CustomerKeys, Exported, Layout, PROCEDURE, Server, pinned_policy},
    world::DEPLOYMENT,
};
use tempfile::TempDir;

/// Kills while the control plane stands still, and kills at any moment.
const HELD_UP: usize = 3;
const AT_RANDOM: usize = 12;
/// Longer than a run takes, so that some end before they are killed.
const RUN_MS: u64 = 400;
const PATIENCE: Duration = Duration::from_mins(1);

/// A server, and a Runner that is enrolled with it.
struct Scene {
    server: Server,
    customer: Customer,
    folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (program, data) = (Path::new(program()), folder.path().join("data"));
        let server = Server::start_where_it_listens(program, &data, Layout::OneProcess);
        let keys = make_keys(folder.path());
        let invitation = server.invitation.as_deref().unwrap();
        let customer = Customer::sign_up_with(server.address, invitation, keys).await;
        let scene = Self { server, customer, folder };
        scene.enrol().await;
        scene
    }

    /// As an administrator does it: trust policy, certificate, enrolment, approval; and the procedure in a file, to execute it without asking.
    async fn enrol(&self) {
        let path = "/api/runs/v1/runners/enrolments";
        let issued = self.ask("POST", path, Some(&json!({"name": "plant-1"}))).await;
        let token = text(&issued, "token");
        let key = |name: &str| self.folder.path().join(name).display().to_string();
        let (authority, public) = (key("authority"), key("authority.pub"));
        let policy = ["--deployment", DEPLOYMENT, "--authority", &public, "--connector", "file"];
        self.ok(&[&["trust", "init", "--token", &token][..], &policy].concat());
        for role in ["author", "approver"] {
            let key = key(&format!("{role}.pub"));
            self.ok(&["trust", "add-signer", "--key", &key, "--role", role]);
        }
        let (yaml, signed) = (key("procedure.yaml"), key("procedure.dsse"));
        fs::write(&yaml, PROCEDURE).unwrap();
        let signers = (key("author"), key("approver"));
        let keys = ["--key", &signers.0, "--key", &signers.1, "--out", &signed];
        self.ok(&[&["procedures", "sign", &yaml][..], &keys].concat());
        self.ok(&["certify", "--authority", &authority, "--name", "plant-1"]);
        let url = format!("http://{}", self.server.address);
        let enrolled = self.ok(&["enrol", "--url", &url, "--token", &token]);
        let path = format!("/api/runs/v1/runners/{}/approve", text(&enrolled, "runner"));
        self.ask("POST", &path, Some(&json!({"words": enrolled.get("words")}))).await;
    }

    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        self.customer.call(self.server.address, method, path, body).await
    }

    fn ok(&self, arguments: &[&str]) -> Value {
        let (code, said) = runner(self.folder.path(), arguments);
        assert_eq!(code, 0, "{arguments:?}: {said}");
        said
    }

    /// Begins to execute the procedure and to publish what comes of it.
    fn begin_run(&self) -> Child {
        let procedure = self.folder.path().join("procedure.dsse").display().to_string();
        let mut command = command(self.folder.path(), &["run", &procedure, "--publish", "https"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// What the Runner has said so far.
    fn queue(&self) -> Vec<Value> {
        let said = self.ok(&["queue", "ls"]);
        said.get("statements").and_then(Value::as_array).unwrap().clone()
    }

    fn wait_for_statement(&self, count: usize) {
        let begun = Instant::now();
        while self.queue().len() < count {
            assert!(begun.elapsed() < PATIENCE, "there is no statement {count}");
        }
    }

    /// Kills the Runner when it has appended a statement, while nobody answers it.
    fn kill_held_up(&self) {
        let before = self.queue().len();
        self.server.pause();
        let run = self.begin_run();
        self.wait_for_statement(before + 1);
        kill(run);
        self.server.resume();
        let state = self.queue().last().map(|last| text(last, "state")).unwrap();
        assert_ne!(state, "receipted", "nobody can have given a receipt");
    }
}

/// A new Runner's directory, and the customer's keys beside it.
fn make_keys(folder: &Path) -> CustomerKeys {
    assert_eq!(runner(folder, &["init"]).0, 0);
    let key = |name: &str, purpose: &str| {
        let file = folder.join(name).display().to_string();
        let (code, said) = runner(folder, &["keys", "new", "--out", &file, "--purpose", purpose]);
        assert_eq!(code, 0, "{said}");
        // 64 hexadecimal digits, as digests are written.
        let seed: Digest = fs::read_to_string(file).unwrap().trim().parse().unwrap();
        Ed25519Key::from_seed(&seed.0)
    };
    let authority = key("authority", "authority");
    CustomerKeys { authority, signers: [key("author", "signer"), key("approver", "signer")] }
}

fn program() -> &'static str {
    env!("CARGO_BIN_EXE_proofline")
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

fn kill(mut run: Child) {
    run.kill().unwrap();
    run.wait().unwrap();
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).expect("the Runner said it").to_owned()
}

#[tokio::test]
async fn a_statement_of_a_killed_runner_is_taken_in_once() {
    let scene = Scene::new().await;
    let policy = pinned_policy(&scene.server.data, scene.customer.tenant).await;
    let moments = SeededRandomness::new(13);
    for _ in 0..AT_RANDOM {
        let moment = u64::from_be_bytes((&*moments as &dyn Randomness).bytes()) % RUN_MS;
        let run = scene.begin_run();
        tokio::time::sleep(Duration::from_millis(moment)).await;
        kill(run);
    }
    for _ in 0..HELD_UP {
        scene.kill_held_up();
    }
    let flushed = scene.ok(&["queue", "flush"]);
    let count = |name: &str| flushed[name].as_u64().unwrap();
    assert_eq!((count("waiting"), count("rejected")), (0, 0), "{flushed}");
    assert!(count("receipted") >= HELD_UP as u64, "{flushed}");
    let said = scene.queue();
    assert!(said.iter().all(|statement| text(statement, "state") == "receipted"), "{said:?}");

    let held = scene.ask("GET", "/api/runs/v1/runs?limit=100", None).await;
    let runs = |list: &[Value]| list.iter().map(|run| text(run, "run")).collect::<Vec<_>>();
    let (mut held, mut expected) = (runs(held["runs"].as_array().unwrap()), runs(&said));
    held.sort();
    expected.sort();
    assert_eq!(held, expected);
    let log = Exported::with_runs(&scene.customer, scene.server.address, said.len()).await;
    let logged: BTreeSet<_> = log.runs().into_iter().map(|(_, sequence, _)| sequence).collect();
    assert_eq!((log.runs().len(), logged), (said.len(), (1..=said.len() as u64).collect()));
    assert_eq!(verify::bundle(&log.bytes, Some(&policy)).verdict, Verdict::Ok);
    scene.server.stop();
}
