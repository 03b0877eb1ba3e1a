//! The Runner as its customer runs it demands what the apps promised it, through HTTP; and misses what the operator took out before it was sealed.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy takes what is outside a #[test] for production code"
)]

use std::{
    convert::Infallible,
    fs,
    future::Future,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use ambient::SystemClock;
use axum::{
    body::Body,
    http::{Request, Response},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use ports::Clock as _;
use protocol::{Digest, key::Ed25519Key};
use serde_json::{Value, json};
use system_tests::{
    load::{Customer, CustomerKeys, PROCEDURE},
    tampering::remove_intents,
    world::{DEPLOYMENT, World},
};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

/// A promise is overdue after a minute, and broken when its row is denied twice, a quarter of an hour apart.
const LATE: Duration = Duration::from_mins(20);

/// All apps behind an address, with a clock that the test decides; a Runner as a process, at its own time.
struct Scene {
    world: World,
    customer: Customer,
    listener: TcpListener,
    folder: TempDir,
}

impl Scene {
    /// A Runner that enrolled, was approved, and has not looked at the log yet.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let settings = [("PROOFLINE_PUBLIC_URL", url.as_str())];
        let world = World::set_to(&folder.path().join("data"), SystemClock.now(), &settings).await;
        assert_eq!(runner(folder.path(), &["init"]).0, 0);
        let keys = CustomerKeys {
            authority: key(folder.path(), "authority"),
            signers: [key(folder.path(), "author"), key(folder.path(), "approver")],
        };
        let customer = Customer::with_keys(&world, &world.owner().await, keys).await;
        let scene = Self { world, customer, listener, folder };
        scene.enrol(&url).await;
        scene.world.settle().await;
        scene
    }

    async fn enrol(&self, url: &str) {
        let path = "/api/runs/v1/runners/enrolments";
        let issued =
            self.customer.ask(&self.world, "POST", path, &json!({"name": "plant-1"})).await;
        let token = text(&issued, "token");
        let public = self.file("authority.pub");
        let init = ["trust", "init", "--token", &token, "--deployment", DEPLOYMENT];
        let more = ["--authority", &public, "--connector", "file"];
        self.ok(&[&init[..], &more].concat()).await;
        for role in ["author", "approver"] {
            let key = self.file(&format!("{role}.pub"));
            self.ok(&["trust", "add-signer", "--key", &key, "--role", role]).await;
        }
        self.ok(&["certify", "--authority", &self.file("authority"), "--name", "plant-1"]).await;
        let enrolled = self.ok(&["enrol", "--url", url, "--token", &token]).await;
        let path = format!("/api/runs/v1/runners/{}/approve", text(&enrolled, "runner"));
        let words = json!({"words": enrolled.get("words")});
        self.customer.ask(&self.world, "POST", &path, &words).await;
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Runs a command of the Runner to its end, while the apps answer it.
    async fn run(&self, arguments: &[&str]) -> (i32, Value) {
        let (folder, arguments) = (self.folder.path().to_owned(), owned(arguments));
        let running = tokio::task::spawn_blocking(move || {
            runner(&folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
        });
        self.serve(running).await.unwrap()
    }

    async fn ok(&self, arguments: &[&str]) -> Value {
        let (code, said) = self.run(arguments).await;
        assert_eq!(code, 0, "{arguments:?}: {said}");
        said
    }

    async fn serve<T>(&self, work: impl Future<Output = T>) -> T {
        let serving = async {
            loop {
                let (stream, _) = self.listener.accept().await.unwrap();
                self.answer(stream).await;
            }
        };
        tokio::select! {
            done = work => done,
            () = serving => unreachable!("it serves for ever"),
        }
    }

    async fn answer(&self, stream: TcpStream) {
        let service = service_fn(async |request: Request<Incoming>| {
            let answer = self.world.send(request.map(Body::new)).await;
            let mut response = Response::new(Body::from(answer.bytes));
            (*response.status_mut(), *response.headers_mut()) = (answer.status, answer.headers);
            Ok::<_, Infallible>(response)
        });
        let mut server = http1::Builder::new();
        // Whoever hangs up has what he wanted.
        server.keep_alive(false).serve_connection(TokioIo::new(stream), service).await.ok();
    }

    /// Executes the procedure, and hands the statement in.
    async fn publish(&self) {
        fs::write(self.file("procedure.yaml"), PROCEDURE).unwrap();
        let [yaml, signed, author, approver] =
            ["procedure.yaml", "procedure.dsse", "author", "approver"].map(|name| self.file(name));
        let keys = ["--key", &author, "--key", &approver];
        self.ok(&[&["procedures", "sign", &yaml, "--out", &signed][..], &keys].concat()).await;
        let (_, said) = self.run(&["run", &signed, "--publish", "https"]).await;
        assert_eq!(said["published"]["receipted"], 1, "{said}");
    }

    /// Lets the time pass, and the log grow.
    async fn later(&self) {
        self.world.clock.advance(LATE);
        let path = "/api/runs/v1/runners/enrolments";
        let wish = json!({"name": "plant-2"});
        let token = self.world.person(self.customer.tenant, domain::Role::Owner).await.token;
        let asked = self.world.call("POST", path, Some(&token), Some(&wish)).await;
        assert!(asked.status.is_success(), "{}", asked.json());
        self.world.settle().await;
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Looks, and expects that a broken promise is found: the exit status, the file with the evidence, the log of the operator himself.
    async fn alarm(&self) -> Value {
        let (code, said) = self.run(&["witness"]).await;
        assert_eq!(code, 3, "whoever was down has the time to seal it: {said}");
        self.world.clock.advance(LATE);
        let (code, said) = self.run(&["witness"]).await;
        let kind = said.pointer("/alarm/kind");
        assert_eq!((code, kind), (1, Some(&json!("promise_broken"))), "{said}");
        let (code, status) = self.run(&["status"]).await;
        assert_eq!(code, 1, "{status}");
        let (code, served) = self.run(&["serve", "--once"]).await;
        assert_eq!(code, 1, "{served}");
        self.world.settle().await;
        let recorded = self.world.answers().into_iter().filter(|answered| {
            answered.endpoint.path == "/v1/witness/alarms" && answered.status.is_success()
        });
        assert_eq!(recorded.count(), 1, "the control plane is told once");
        let evidence = text(said.pointer("/alarm").unwrap(), "evidence");
        let evidence = fs::read(self.folder.path().join("runner").join(evidence)).unwrap();
        serde_json::from_slice(&evidence).unwrap()
    }

    /// After somebody has looked, the Runner goes on without the row: it is given up, and not demanded again.
    async fn goes_on_without_it(&self) {
        self.ok(&["witness", "clear", "--reason", "the operator owes us this row"]).await;
        let said = self.ok(&["witness"]).await;
        assert_eq!(said["overdue"], 0, "{said}");
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn key(folder: &Path, name: &str) -> Ed25519Key {
    let file = folder.join(name).display().to_string();
    let (code, said) = runner(folder, &["keys", "new", "--out", &file, "--purpose", "signer"]);
    assert_eq!(code, 0, "{said}");
    let seed: Digest = fs::read_to_string(file).unwrap().trim().parse().unwrap();
    Ed25519Key::from_seed(&seed.0)
}

/// Runs a command of the Runner's program to its end: its exit code, and what it said.
fn runner(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_proofline"));
    command.args(["runner", "--json", "--home"]).arg(folder.join("runner")).args(arguments);
    let ended = command.output().unwrap();
    let said = serde_json::from_slice(&ended.stdout)
        .unwrap_or_else(|_| json!({"stderr": String::from_utf8_lossy(&ended.stderr)}));
    (ended.status.code().unwrap(), said)
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).expect("it says so").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runner_keeps_what_receipts_and_answers_promised_and_is_shown_the_rows() {
    let scene = Scene::new().await;
    scene.publish().await;
    scene.world.settle().await;
    let first = scene.ok(&["witness"]).await;
    assert_eq!((&first["proved"], &first["overdue"]), (&json!(0), &json!(0)), "not due: {first}");
    // One for the statement, and one for the cosignature, which the answer to it promised.
    let shown = scene.ok(&["witness", "show"]).await;
    assert_eq!(shown.pointer("/witness/owed"), Some(&json!(2)), "{shown}");
    scene.world.settle().await;
    scene.later().await;
    let then = scene.ok(&["witness"]).await;
    assert_eq!((&then["proved"], &then["overdue"]), (&json!(2), &json!(0)), "{then}");
    let shown = scene.ok(&["witness", "show"]).await;
    assert_eq!(shown.pointer("/witness/owed"), Some(&json!(0)), "{shown}");
}

/// The statement was acknowledged with a receipt; before it is sealed, the operator takes it out of the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_the_operator_removes_before_it_is_sealed_is_missed_by_the_runner() {
    let scene = Scene::new().await;
    scene.publish().await;
    let removed =
        remove_intents(&scene.data(), |text| text.contains("\"action\":\"run.completed\""));
    assert_eq!(removed, 1, "one document carries what was acknowledged");
    scene.later().await;
    let evidence = scene.alarm().await;
    assert!(evidence.pointer("/evidence/receipt").is_some_and(Value::is_object), "{evidence}");
    scene.goes_on_without_it().await;
}

/// That the Runner cosigned is itself an event, which the answer promised; the operator takes it out.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_an_answer_promised_and_the_operator_removed_is_missed_by_the_runner() {
    let scene = Scene::new().await;
    scene.ok(&["witness"]).await;
    let cosigned = "\"action\":\"audit.checkpoint.cosigned\"";
    assert_eq!(remove_intents(&scene.data(), |text| text.contains(cosigned)), 1);
    scene.later().await;
    let evidence = scene.alarm().await;
    let line = evidence.pointer("/evidence/promise").and_then(Value::as_str).unwrap();
    assert!(line.starts_with("event=aud_") && line.contains("app=runs, sig="), "{line}");
    scene.goes_on_without_it().await;
}
