//! Witnesses of others (C2SP tlog-witness): one that somebody else might have written, and one that misbehaves.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{Router, http::StatusCode, response::IntoResponse as _, routing::post};
use chain::cosignature::Witness;
use protocol::witness::witness_name;
use tokio::net::TcpListener;

use super::{
    customer::name,
    witnessing::{Scene, rows},
    world::DEPLOYMENT,
};

impl Scene {
    /// Tells the app that the tenant's log grew. How many witnesses cosigned.
    async fn wake(&self) -> u64 {
        let answer = self.world.message("ask_witnesses", &self.tenant().to_string()).await.ok();
        answer["ReturnValue"]["cosigned"].as_u64().unwrap()
    }

    /// How many rows the newest head has that anybody cosigned.
    async fn witnessed(&self) -> Option<u64> {
        self.kept().await.newest(&self.origin()).map(|cosigned| cosigned.size)
    }

    async fn alarms(&self) -> usize {
        self.world.count(self.tenant(), "log.alarm").await
    }
}

/// The witness of `tests/interop`, which shares no code with us; it ends with us.
struct Foreign {
    child: Child,
    /// `KEY URL`, for the setting.
    setting: String,
}

impl Foreign {
    fn start(log: &str) -> Self {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/interop/python/witness.py");
        let mut command = Command::new("python3");
        command.args([program, "--name", "witness.example/w1", "--log", log]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (url, key) = line.trim().split_once(' ').expect("python3 has the package cryptography");
        Self { setting: format!("{key} {url}"), child }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

/// Its clock is the machine's, so that the app's must be it as well.
#[tokio::test]
#[ignore = "it needs Python 3 with the package cryptography: cargo xtask interop runs it"]
async fn a_witness_that_others_wrote_cosigns_a_log_that_grows_and_refuses_one_that_does_not() {
    let mut scene = Scene::new().await;
    scene.world.set_clock_to_now();
    let log = scene.signer(&scene.origin()).await.verifier_key().to_string();
    let foreign = Foreign::start(&log);
    scene.world.watched_by(&foreign.setting).await;
    for size in [1, 2, 3, 255, 256, 257, 600] {
        scene.sign(&rows(size)).await;
        assert_eq!(scene.wake().await, 1, "{size}");
        assert_eq!(scene.witnessed().await, Some(size));
        assert_eq!(scene.wake().await, 0, "it knows this one");
    }
    assert_eq!((scene.recorded().await, scene.alarms().await), (1, 0));
    // The log was rolled back: the witness knows more of it than there is.
    scene.sign(&rows(300)).await;
    assert_eq!(scene.wake().await, 0);
    // And it is another one of the very size.
    let fork: Vec<_> = rows(601)[1..].to_vec();
    scene.sign(&fork).await;
    scene.forget_cosignatures().await;
    assert_eq!(scene.wake().await, 0);
    assert_eq!((scene.witnessed().await, scene.alarms().await), (None, 2));
}

/// What we know of a witness is gone, and the witness goes on from what it knows itself (409, `text/x.tlog.size`).
#[tokio::test]
#[ignore = "it needs Python 3 with the package cryptography: cargo xtask interop runs it"]
async fn a_witness_says_from_where_it_wants_the_proof() {
    let mut scene = Scene::new().await;
    scene.world.set_clock_to_now();
    let log = scene.signer(&scene.origin()).await.verifier_key().to_string();
    let foreign = Foreign::start(&log);
    scene.world.watched_by(&foreign.setting).await;
    scene.sign(&rows(5)).await;
    scene.wake().await;
    scene.forget_cosignatures().await;
    scene.sign(&rows(9)).await;
    assert_eq!(scene.wake().await, 1);
    assert_eq!((scene.witnessed().await, scene.alarms().await), (Some(9), 0));
}

/// A witness that answers as it is told.
struct Misbehaving {
    setting: String,
    answer: Arc<Mutex<(u16, &'static str, String)>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Misbehaving {
    #[expect(
        clippy::disallowed_methods,
        reason = "it is somebody else's server, not an app of ours"
    )]
    async fn start(key: &Witness) -> Self {
        let answer = Arc::new(Mutex::new((500, "text/plain", String::new())));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (says, hears) = (Arc::clone(&answer), Arc::clone(&asked));
        let handler = post(async move |body: String| {
            hears.lock().unwrap().push(body);
            let (status, kind, body) = says.lock().unwrap().clone();
            (StatusCode::from_u16(status).unwrap(), [("content-type", kind)], body).into_response()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let setting = format!("{} http://{}/w/", key.public(), listener.local_addr().unwrap());
        let app = Router::new().route("/w/add-checkpoint", handler);
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { setting, answer, asked }
    }

    fn says(&self, status: u16, kind: &'static str, body: impl Into<String>) {
        *self.answer.lock().unwrap() = (status, kind, body.into());
    }
}

#[tokio::test]
async fn nothing_that_a_witness_answers_is_kept_but_its_own_cosignature_over_this_head() {
    let mut scene = Scene::new().await;
    let key = Witness::from_seed("witness.example/w2", &[7; 32]).unwrap();
    let witness = Misbehaving::start(&key).await;
    scene.world.watched_by(&witness.setting).await;
    scene.sign(&rows(5)).await;
    let time = u64::try_from(scene.world.now().unix_s()).unwrap();
    let text = scene.head(&rows(5)).to_text();
    let good = key.cosign(&text, time).unwrap();
    let stranger = Witness::from_seed("witness.example/w2", &[8; 32]).unwrap();
    let other_head = scene.head(&rows(4)).to_text();
    for (status, body) in [
        (500, good.clone()),
        (403, good.clone()),
        (200, String::new()),
        (200, "no line".to_owned()),
        (200, stranger.cosign(&text, time).unwrap()),
        (200, key.cosign(&other_head, time).unwrap()),
        (200, key.cosign(&text, time + 301).unwrap()),
        (200, "x".repeat(70_000)),
        (302, good.clone()),
    ] {
        witness.says(status, "text/plain", body);
        assert_eq!(scene.wake().await, 0, "{status}");
        assert_eq!(scene.witnessed().await, None, "{status}");
    }
    // Its line among those of others, as the specification allows.
    witness.says(200, "text/plain", stranger.cosign(&text, time).unwrap() + &good);
    assert_eq!(scene.wake().await, 1);
    assert_eq!((scene.witnessed().await, scene.alarms().await), (Some(5), 0));
}

#[tokio::test]
async fn a_witness_that_never_agrees_is_asked_three_times_and_a_larger_size_is_an_alarm() {
    let mut scene = Scene::new().await;
    let key =
        Witness::from_seed(&witness_name(&name(DEPLOYMENT), scene.tenant(), &name("w")), &[7; 32])
            .unwrap();
    let witness = Misbehaving::start(&key).await;
    scene.world.watched_by(&witness.setting).await;
    scene.sign(&rows(5)).await;
    witness.says(409, "text/x.tlog.size", "3\n");
    scene.wake().await;
    let asked = witness.asked.lock().unwrap().clone();
    let olds: Vec<_> = asked.iter().map(|body| body.lines().next().unwrap()).collect();
    assert_eq!((olds, scene.alarms().await), (vec!["old 0", "old 3", "old 3"], 0));
    witness.says(409, "text/x.tlog.size", "6\n");
    scene.wake().await;
    assert_eq!(scene.alarms().await, 1);
    witness.says(409, "text/plain", "another tree");
    scene.wake().await;
    assert_eq!(scene.alarms().await, 2);
}

/// A witness that is gone delays and hurts nobody: the others are asked, and the message is dealt with.
#[tokio::test]
async fn a_witness_that_is_not_there_does_not_keep_the_others_from_cosigning() {
    let mut scene = Scene::new().await;
    let key = Witness::from_seed("witness.example/w2", &[7; 32]).unwrap();
    let gone = Witness::from_seed("witness.example/gone", &[9; 32]).unwrap();
    let witness = Misbehaving::start(&key).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let setting = format!("{} http://{closed}; {}", gone.public(), witness.setting);
    scene.world.watched_by(&setting).await;
    scene.sign(&rows(5)).await;
    let time = u64::try_from(scene.world.now().unix_s()).unwrap();
    witness.says(200, "text/plain", key.cosign(&scene.head(&rows(5)).to_text(), time).unwrap());
    let begun = Instant::now();
    assert_eq!(scene.wake().await, 1);
    assert!(begun.elapsed().as_secs() < 10);
}
