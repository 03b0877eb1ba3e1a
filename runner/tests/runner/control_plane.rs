//! A control plane made of the protocol alone: it verifies every request, and can be told to misbehave.

#[path = "control_plane/receipts.rs"]
mod receipts;
#[path = "control_plane/received.rs"]
mod received;
#[path = "control_plane/routes.rs"]
mod routes;

use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    sync::Mutex,
};

use ambient::SystemClock;
use domain::{RunnerId, Timestamp};
use ports::Clock as _;
use protocol::{
    Digest,
    command::CommandResult,
    dsse::Envelope,
    enrolment::EnrolmentToken,
    key::{Ed25519Key, Es256Key, PublicKey, Signer as _},
    promise::PROMISE_HEADER,
    routes::WaitingCommand,
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
};

use crate::{log::Log, site::Site};
use received::Received;

pub(crate) struct ControlPlane {
    listener: TcpListener,
    pub(crate) root: Es256Key,
    pub(crate) command: Es256Key,
    pub(crate) receipt: Es256Key,
    pub(crate) runner: RunnerId,
    pub(crate) state: Mutex<State>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is one trouble that a test asks for")]
#[derive(Default)]
pub(crate) struct State {
    /// The Runner's key, once it enrolled.
    key: Option<PublicKey>,
    /// Receipts by sequence number, and the payloads that they are for.
    pub(crate) held: BTreeMap<u64, (Vec<u8>, Envelope)>,
    /// Every byte that came.
    pub(crate) seen: Vec<u8>,
    /// Commands that wait.
    pub(crate) commands: Vec<WaitingCommand>,
    /// Results that were delivered.
    pub(crate) results: Vec<CommandResult>,
    /// Procedures by digest.
    pub(crate) bundles: BTreeMap<String, Envelope>,
    /// Statuses to answer to the next batches of events.
    pub(crate) failures: VecDeque<u16>,
    /// Sign receipts with the command key, which is not one for receipts.
    pub(crate) forges_receipts: bool,
    /// Reject every statement.
    pub(crate) rejects: bool,
    /// Take this statement, and keep nothing of it.
    pub(crate) loses: Option<u64>,
    /// Take no more than this many statements, and defer the others: the month is used up.
    pub(crate) takes_at_most: Option<usize>,
    /// Say other words than follow from the enrolment.
    pub(crate) says_other_words: bool,
    /// How far its clock is ahead.
    pub(crate) clock_ahead_s: i64,
    /// How many requests had a signature out of its time.
    pub(crate) skewed: usize,
    /// List no key by which apps promise.
    pub(crate) lists_no_app: bool,
    /// The audit log, as it is shown.
    pub(crate) log: Log,
    /// What receipts promise: the digest of an intent, and its time in seconds.
    pub(crate) promise: Option<(Digest, i64)>,
}

impl ControlPlane {
    pub(crate) async fn new() -> Self {
        let key = |seed| Es256Key::from_seed(&[seed; 32]).unwrap();
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            root: key(1),
            command: key(2),
            receipt: key(3),
            runner: RunnerId::from_u128(0x0123_4567_89ab_7cde_8f01_2345_6789_0001),
            state: Mutex::default(),
        }
    }

    /// Changes the audit log.
    pub(crate) fn log(&self, change: impl FnOnce(&mut Log)) {
        change(&mut self.state.lock().unwrap().log);
    }

    /// It, and a site whose Runner enrolled.
    pub(crate) async fn with_site() -> (Self, Site) {
        let control_plane = Self::new().await;
        let site = Site::new(&control_plane.root.kid().to_string()).await;
        let enrolled = control_plane.enrol(&site).await;
        assert_eq!(enrolled.exit, 0, "{}", enrolled.json);
        (control_plane, site)
    }

    pub(crate) async fn enrol(&self, site: &Site) -> crate::site::Answer {
        let (url, token) = (self.url(), self.token(site).to_string());
        self.serve(site.run(&["enrol", "--url", &url, "--token", &token])).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().unwrap())
    }

    pub(crate) fn topic(&self) -> String {
        format!("{}/api/events", self.url())
    }

    pub(crate) fn token(&self, site: &Site) -> EnrolmentToken {
        let enrolment = domain::EnrolmentId::from_u128(5);
        EnrolmentToken::new(site.tenant, enrolment, [6; 32], self.root.kid())
    }

    pub(crate) fn now(&self) -> Timestamp {
        let ahead = self.state.lock().unwrap().clock_ahead_s;
        Timestamp::from_unix_us(SystemClock.now().unix_us() + ahead * 1_000_000)
    }

    /// Answers requests until `work` is done.
    pub(crate) async fn serve<T>(&self, work: impl Future<Output = T>) -> T {
        let serving = async {
            loop {
                let (stream, _) = self.listener.accept().await.unwrap();
                self.answer_one(stream).await;
            }
        };
        tokio::select! {
            done = work => done,
            () = serving => unreachable!("it serves for ever"),
        }
    }

    async fn answer_one(&self, mut stream: TcpStream) {
        let Some(request) = Received::read(&mut stream).await else { return };
        self.state.lock().unwrap().seen.extend_from_slice(&request.bytes);
        let (status, body) = self.route(&request);
        let body = serde_json::to_vec(&body).unwrap();
        let promise = self.state.lock().unwrap().log.promise.clone();
        let promise = promise.filter(|_| request.path.ends_with("/cosignatures"));
        let promise = promise.map(|line| format!("{PROMISE_HEADER}: {line}\r\n"));
        let promise = promise.unwrap_or_default();
        let head = format!(
            "HTTP/1.1 {status} X\r\n{promise}content-type: application/json\r\nretry-after: 0\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
        stream.shutdown().await.unwrap_or_default();
    }

    /// Publishes the procedure in `file`, and gives its digest.
    pub(crate) fn publish(&self, file: &str) -> Digest {
        let envelope = Envelope::from_json(&std::fs::read(file).unwrap()).unwrap();
        let digest = Digest::of(envelope.unverified_payload());
        self.state.lock().unwrap().bundles.insert(digest.to_string(), envelope);
        digest
    }
}

/// The key by which `runs` signs intents and promises.
pub(crate) fn app_key() -> Ed25519Key {
    Ed25519Key::from_seed(&[77; 32])
}
