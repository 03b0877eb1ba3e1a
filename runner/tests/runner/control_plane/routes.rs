//! What is answered to whom: its routes, each to a request whose signature holds.

use domain::Timestamp;
use protocol::{
    V1,
    dsse::{self, Envelope},
    enrolment::{EnrolAnswer, EnrolRequest},
    key::{Es256Key, Signer as _},
    keyset::{ControlPlaneKeys, KeyUse, ListedKey},
    message_signature::{self, RUNNER, Request},
    routes::{CommandsAnswer, ConfigAnswer, EventStatus, ReceiptsAnswer, RunnerState},
};
use serde_json::{Value, json};

use super::{ControlPlane, app_key, received::Received};

impl ControlPlane {
    pub(super) fn route(&self, request: &Received) -> (u16, Value) {
        let path = request.path.split('?').next().unwrap();
        match path {
            "/api/runs/v1/runners/enrol" => return self.enrol_runner(request),
            "/api/events" => {
                self.hold(&request.body);
                return (200, json!({}));
            }
            "/api/audit/v1/audit/promised-row" => {
                return self.state.lock().unwrap().log.prove(&request.path);
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
                None => self.ingest(&request.body),
            },
            "/api/runs/v1/runner/receipts" => {
                let state = self.state.lock().unwrap();
                let after: u64 = request.path.split("after=").nth(1).unwrap().parse().unwrap();
                let page = state.held.range(after + 1..).take(2);
                let receipts = page.map(|(_, (_, receipt))| receipt.clone()).collect();
                (200, json!(ReceiptsAnswer { receipts }))
            }
            "/api/runs/v1/runner/commands" => {
                let commands = std::mem::take(&mut self.state.lock().unwrap().commands);
                (200, json!(CommandsAnswer { commands, poll_after_s: 1 }))
            }
            _ if path.starts_with("/api/runs/v1/witness/") => {
                let mut state = self.state.lock().unwrap();
                let key = state.key.clone().unwrap();
                state.log.answer(&request.path, &request.body, &key)
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

    /// As ingestion answers: when nothing of a batch has a place in the month, the whole of it is refused.
    fn ingest(&self, body: &[u8]) -> (u16, Value) {
        let answer = self.hold(body);
        if answer.results.iter().all(|result| result.status == EventStatus::Deferred) {
            return (403, json!({ "type": "/problems/entitlement-required" }));
        }
        (200, json!(answer))
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
        let of_log = self.state.lock().unwrap().log.listed();
        let of_log =
            of_log.into_iter().map(|jwk| ListedKey { usage: KeyUse::Checkpoint, app: None, jwk });
        let listed =
            |usage, key: &Es256Key| ListedKey { usage, app: None, jwk: key.public().jwk() };
        let mut keys = ControlPlaneKeys {
            v: V1,
            deployment: "test".parse().unwrap(),
            version: of_log.len() as u64,
            issued_at: Timestamp::default(),
            keys: vec![
                listed(KeyUse::Command, &self.command),
                listed(KeyUse::Receipt, &self.receipt),
                ListedKey {
                    usage: KeyUse::Intent,
                    app: Some("runs".parse().unwrap()),
                    jwk: app_key().public().jwk(),
                },
            ],
            log_origin_prefix: "log.test/".parse().unwrap(),
        };
        keys.keys.extend(of_log);
        let lists_no_app = self.state.lock().unwrap().lists_no_app;
        keys.keys.retain(|listed| !lists_no_app || listed.usage != KeyUse::Intent);
        Envelope::sign_message(&keys, &[&self.root]).unwrap()
    }
}
