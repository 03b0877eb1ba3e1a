//! A control plane made of the protocol alone: it verifies every request, and can be told to misbehave.

use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    sync::Mutex,
};

use ambient::SystemClock;
use domain::{RunnerId, Timestamp};
use http::{HeaderMap, HeaderName, HeaderValue};
use ports::Clock as _;
use protocol::{
    Digest, V1, cloudevent,
    command::CommandResult,
    dsse::{self, Envelope},
    enrolment::{EnrolAnswer, EnrolRequest, EnrolmentToken},
    key::{Es256Key, PublicKey, Signer as _},
    keyset::{ControlPlaneKeys, KeyUse, ListedKey},
    message_signature::{self, RUNNER, Request},
    receipt::{Promise, Receipt},
    routes::{
        CommandsAnswer, ConfigAnswer, EventResult, EventStatus, EventsAnswer, ReceiptsAnswer,
        RunnerState, WaitingCommand,
    },
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::site::Site;

pub(crate) struct ControlPlane {
    listener: TcpListener,
    pub(crate) root: Es256Key,
    pub(crate) command: Es256Key,
    pub(crate) receipt: Es256Key,
    pub(crate) runner: RunnerId,
    pub(crate) state: Mutex<State>,
}

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
    /// Say other words than follow from the enrolment.
    pub(crate) says_other_words: bool,
    /// How far its clock is ahead.
    pub(crate) clock_ahead_s: i64,
    /// How many requests had a signature out of its time.
    pub(crate) skewed: usize,
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
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nretry-after: 0\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
        stream.shutdown().await.unwrap_or_default();
    }

    fn route(&self, request: &Received) -> (u16, Value) {
        let path = request.path.split('?').next().unwrap();
        match path {
            "/api/runs/v1/runners/enrol" => return self.enrol_runner(request),
            "/api/events" => {
                self.hold(&request.body);
                return (200, json!({}));
            }
            _ => {}
        }
        if let Some(problem) = self.check_signature(request) {
            return problem;
        }
        match path {
            "/api/runs/v1/runner/config" => (200, json!(self.config())),
            "/api/runs/v1/runner/events" => match self.next_failure() {
                Some(status) => (status, json!({ "type": "/problems/unavailable" })),
                None => (200, json!(self.hold(&request.body))),
            },
            "/api/runs/v1/runner/receipts" => {
                let state = self.state.lock().unwrap();
                let receipts = state.held.values().map(|(_, receipt)| receipt.clone()).collect();
                (200, json!(ReceiptsAnswer { receipts }))
            }
            "/api/runs/v1/runner/commands" => {
                let commands = std::mem::take(&mut self.state.lock().unwrap().commands);
                (200, json!(CommandsAnswer { commands, poll_after_s: 1 }))
            }
            _ if path.starts_with("/api/runs/v1/runner/bundles/") => self.bundle(path),
            _ if path.ends_with("/result") => {
                let envelope = Envelope::from_json(&request.body).unwrap();
                let key = self.state.lock().unwrap().key.clone().unwrap();
                let result = dsse::open(&envelope, &key).unwrap();
                self.state.lock().unwrap().results.push(result);
                (200, json!({}))
            }
            _ => (404, json!({ "type": "/problems/not-found" })),
        }
    }

    fn next_failure(&self) -> Option<u16> {
        self.state.lock().unwrap().failures.pop_front()
    }

    /// RFC 9421 over the address that this control plane knows as its own.
    fn check_signature(&self, request: &Received) -> Option<(u16, Value)> {
        let target_uri = format!("{}{}", self.url(), request.path);
        let signed = Request {
            method: &request.method,
            target_uri: &target_uri,
            headers: &request.headers,
            body: &request.body,
        };
        let key = self.state.lock().unwrap().key.clone();
        let now = self.now();
        match message_signature::verify(&RUNNER, &signed, |_| key, now) {
            Ok(_) => None,
            Err(error) => {
                self.state.lock().unwrap().skewed += 1;
                let code = domain::Fault::code(&error);
                Some((401, json!({ "type": format!("/problems/{code}"), "server_time": now })))
            }
        }
    }

    fn bundle(&self, path: &str) -> (u16, Value) {
        let digest = path.rsplit('/').next().unwrap();
        match self.state.lock().unwrap().bundles.get(digest) {
            Some(envelope) => (200, json!(envelope)),
            None => (409, json!({ "type": "/problems/version-withdrawn" })),
        }
    }

    fn enrol_runner(&self, request: &Received) -> (u16, Value) {
        let request: EnrolRequest = serde_json::from_slice(&request.body).unwrap();
        let key = request.verify_proof().unwrap();
        let mut state = self.state.lock().unwrap();
        state.key = Some(key);
        let words = request.transcript(self.runner, self.root.kid()).words().unwrap();
        let mut words = words.to_vec();
        if state.says_other_words {
            words[5] = "other".to_owned();
        }
        drop(state);
        let answer = EnrolAnswer {
            runner: self.runner,
            state: RunnerState::AwaitingApproval,
            words,
            keyset: self.keyset(),
            root_jwk: self.root.public().jwk(),
        };
        (201, json!(answer))
    }

    fn config(&self) -> ConfigAnswer {
        ConfigAnswer {
            runner: self.runner,
            state: RunnerState::Active,
            keyset: self.keyset(),
            root_jwk: self.root.public().jwk(),
            poll_after_s: 1,
            server_time: self.now(),
        }
    }

    fn keyset(&self) -> Envelope {
        let listed =
            |usage, key: &Es256Key| ListedKey { usage, app: None, jwk: key.public().jwk() };
        let keys = ControlPlaneKeys {
            v: V1,
            deployment: "test".parse().unwrap(),
            version: 1,
            issued_at: Timestamp::default(),
            keys: vec![
                listed(KeyUse::Command, &self.command),
                listed(KeyUse::Receipt, &self.receipt),
            ],
            log_origin_prefix: "log.test/".parse().unwrap(),
        };
        Envelope::sign_message(&keys, &[&self.root]).unwrap()
    }

    /// Verifies events, keeps them, and answers with receipts.
    fn hold(&self, body: &[u8]) -> EventsAnswer {
        let mut results = Vec::new();
        for entry in cloudevent::parse_batch(body).unwrap() {
            let event = entry.event.unwrap();
            let mut state = self.state.lock().unwrap();
            let verified = event.verify(state.key.as_ref().unwrap()).unwrap();
            let sequence = verified.statement.predicate.event.sequence;
            if state.rejects {
                let (status, code) = (EventStatus::Rejected, Some("checks-mismatch".to_owned()));
                results.push(EventResult { id: entry.id, status, code, receipt: None });
                continue;
            }
            let status = if state.held.contains_key(&sequence) {
                EventStatus::Duplicate
            } else {
                EventStatus::Accepted
            };
            let receipt = self.sign_receipt(&event, &verified.payload, state.forges_receipts);
            let held = state.held.entry(sequence).or_insert((verified.payload, receipt));
            let receipt = Some(held.1.clone());
            results.push(EventResult { id: entry.id, status, code: None, receipt });
        }
        EventsAnswer { results, next_expected_sequence: 1, missing: Vec::new() }
    }

    fn sign_receipt(
        &self,
        event: &cloudevent::CloudEvent,
        payload: &[u8],
        forged: bool,
    ) -> Envelope {
        let receipt = Receipt {
            v: V1,
            tenant: event.tenantid,
            runner: event.runnerid,
            source: event.source.clone(),
            id: event.id,
            sequence: event.sequence.0,
            payload_sha256: Digest::of(payload),
            received_at: Timestamp::default(),
            promise: Promise { intent: Digest::ZERO, seal_by: Timestamp::default() },
        };
        let key = if forged { &self.command } else { &self.receipt };
        Envelope::sign_message(&receipt, &[key]).unwrap()
    }

    /// Publishes the procedure in `file`, and gives its digest.
    pub(crate) fn publish(&self, file: &str) -> Digest {
        let envelope = Envelope::from_json(&std::fs::read(file).unwrap()).unwrap();
        let digest = Digest::of(envelope.unverified_payload());
        self.state.lock().unwrap().bundles.insert(digest.to_string(), envelope);
        digest
    }
}

/// A request as it came.
struct Received {
    method: String,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
    bytes: Vec<u8>,
}

impl Received {
    async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return None;
            }
        };
        let head = std::str::from_utf8(&bytes[..end]).unwrap().to_owned();
        let mut lines = head.split("\r\n");
        let mut first = lines.next().unwrap().split(' ');
        let (method, path) = (first.next().unwrap().to_owned(), first.next().unwrap().to_owned());
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let length = headers
            .get("content-length")
            .map_or(0, |value| value.to_str().unwrap().parse().unwrap());
        while bytes.len() < end + length {
            assert!(stream.read_buf(&mut bytes).await.unwrap() > 0);
        }
        let body = bytes[end..].to_vec();
        Some(Self { method, path, headers, body, bytes })
    }
}
