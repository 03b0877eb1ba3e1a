//! A Runner in the field: it enrols, signs requests and makes statements, as a real one does.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Request},
};
use domain::{
    EvidenceId, RunId, RunnerId, TenantId, Timestamp, VersionId,
    run::{Outcome, ReasonCode, Severity},
};
use protocol::{
    Base64Url, Digest,
    cloudevent::{BATCH_MEDIA_TYPE, CloudEvent},
    dsse::{Envelope, PayloadType},
    enrolment::{EnrolAnswer, EnrolFields, EnrolRequest},
    key::{Ed25519Key, Signer as _},
    message_signature::{RUNNER, Validity, sign},
    statement::{
        Check, Clock, Confidence, Custody, Event, EventNumber, EventType, EvidenceReference,
        KeyStorage, Predicate, ProcedureReference, RunReference, RunnerReference, Statement, Step,
        Trigger, source_of,
    },
};
use serde_json::{Value, json};

use super::{
    customer::{Customer, body, certificate, key, name},
    world::{Answer, DEPLOYMENT, PUBLIC_URL, Person, World},
};

/// A Runner and where its chain ends.
#[derive(Clone)]
pub(super) struct FieldRunner {
    pub(super) tenant: TenantId,
    pub(super) runner: RunnerId,
    pub(super) key: Ed25519Key,
    pub(super) words: Vec<String>,
    pub(super) procedure: Digest,
    pub(super) sequence: u64,
    pub(super) prev: Digest,
}

/// A statement and the event that carries it.
#[derive(Clone)]
pub(super) struct Said {
    pub(super) event: CloudEvent,
    pub(super) statement: Statement,
    pub(super) payload: Vec<u8>,
}

/// Issues an enrolment and gives its token.
pub(super) async fn token(world: &World, owner: &Person, named: &str) -> String {
    let issued = world
        .post(owner, "/v1/runners/enrolments", json!({"name": named, "labels": {"site": "north"}}))
        .await
        .ok();
    issued["token"].as_str().unwrap().to_owned()
}

/// What a Runner named `named` says of itself.
pub(super) fn fields(
    customer: &Customer,
    tenant: TenantId,
    token: &str,
    key: &Ed25519Key,
    named: &str,
    now: Timestamp,
) -> EnrolFields {
    let certified = certificate(tenant, key, named, now);
    EnrolFields {
        token: token.parse().unwrap(),
        nonce: Base64Url([9; 16]),
        name: name(named),
        labels: BTreeMap::new(),
        os: name("linux"),
        arch: name("x86_64"),
        version: name("0.1.0"),
        binary_digest: Digest::of("binary"),
        trust_policy_digest: Digest::of("policy"),
        key_storage: KeyStorage::File,
        sign_jwk: key.public().jwk(),
        certificate: Envelope::sign_message(&certified, &[&customer.authority]).unwrap(),
    }
}

pub(super) async fn enrol(world: &World, request: &impl serde::Serialize) -> Answer {
    let request = Request::post("/api/runs/v1/runners/enrol")
        .header("content-type", "application/json")
        .body(Body::from(body(request).to_string()));
    world.send(request.unwrap()).await
}

impl FieldRunner {
    /// A Runner that enrolled and waits for approval.
    pub(super) async fn enrolled(
        world: &World,
        customer: &Customer,
        owner: &Person,
        seed: u8,
    ) -> Self {
        let (named, key) = ("plant-1", key(seed));
        let token = token(world, owner, named).await;
        let request = EnrolRequest::sign(
            fields(customer, owner.tenant, &token, &key, named, world.now()),
            &key,
        )
        .unwrap();
        let answer: EnrolAnswer =
            serde_json::from_value(enrol(world, &request).await.ok()).unwrap();
        let words =
            request.transcript(answer.runner, request.fields.token.root).words().unwrap().to_vec();
        let (tenant, runner) = (owner.tenant, answer.runner);
        Self {
            tenant,
            runner,
            key,
            words,
            procedure: Digest::ZERO,
            sequence: 0,
            prev: Digest::ZERO,
        }
    }

    /// A Runner that was approved, with a procedure to execute.
    pub(super) async fn active(
        world: &World,
        customer: &Customer,
        owner: &Person,
        seed: u8,
    ) -> Self {
        let mut runner = Self::enrolled(world, customer, owner, seed).await;
        world
            .post(
                owner,
                &format!("/v1/runners/{}/approve", runner.runner),
                json!({"words": runner.words}),
            )
            .await
            .ok();
        runner.procedure =
            match world.get(owner, "/v1/procedures").await.ok()["procedures"][0]["digest"].as_str()
            {
                Some(digest) => digest.parse().unwrap(),
                None => customer.publish(world, owner).await,
            };
        runner
    }

    /// A statement that follows the last one: the check `mode` passed, `owner` failed.
    pub(super) fn say(&mut self, world: &World) -> Said {
        self.say_as(world, |_| {})
    }

    /// The same, changed before it is signed.
    pub(super) fn say_as(&mut self, world: &World, change: impl FnOnce(&mut Predicate)) -> Said {
        let mut predicate = self.predicate(world.now());
        change(&mut predicate);
        let said = self.sign(Statement::new(predicate), world.now());
        (self.sequence, self.prev) = (self.sequence + 1, Digest::of(&said.payload));
        said
    }

    /// Signs a statement as it is.
    pub(super) fn sign(&self, statement: Statement, now: Timestamp) -> Said {
        let data = Envelope::sign_message(&statement, &[&self.key]).unwrap();
        let payload = data.unverified_payload().to_vec();
        Said { event: CloudEvent::new(&statement, data, now), statement, payload }
    }

    /// Signs bytes that need not be a statement, in the event of one that is.
    pub(super) fn sign_bytes(&self, said: &Said, payload: Vec<u8>) -> CloudEvent {
        let data = Envelope::sign(PayloadType::Statement, payload, &[&self.key]).unwrap();
        CloudEvent { data, ..said.event.clone() }
    }

    pub(super) fn predicate(&self, now: Timestamp) -> Predicate {
        let sequence = self.sequence + 1;
        let evidence = EvidenceId::from_u128(u128::from(sequence));
        let run = RunId::from_u128(
            (u128::from_be_bytes(self.runner.to_bytes()) << 16) | u128::from(sequence),
        );
        let check =
            |id: &str, outcome, severity, weight| Check { id: name(id), outcome, severity, weight };
        let mut predicate = Predicate {
            tenant: self.tenant,
            deployment: name(DEPLOYMENT),
            event: Event {
                id: EventNumber(sequence),
                source: source_of(self.runner),
                event_type: EventType::RunCompleted,
                subject: run,
                time: now,
                sequence,
                prev: self.prev,
            },
            runner: RunnerReference {
                id: self.runner,
                kid: self.key.kid(),
                version: name("0.1.0"),
                binary: Digest::of("binary"),
                trust_policy: Digest::of("policy"),
                key_storage: KeyStorage::File,
            },
            procedure: ProcedureReference {
                version: VersionId::of_digest(&self.procedure.0),
                digest: self.procedure,
                signers: vec![key(2).kid(), key(3).kid()],
            },
            run: RunReference {
                id: run,
                trigger: Trigger::Local,
                started: now,
                ended: now,
                monotonic_ms: 12,
                clock: Clock { offset_ms: 0, confidence: Confidence::Unknown },
            },
            steps: vec![Step {
                id: name("passwd"),
                outcome: Outcome::Fail,
                reason: ReasonCode::CheckFailed,
                checks: vec![
                    check("mode", Outcome::Pass, Severity::High, 3),
                    check("owner", Outcome::Fail, Severity::Low, 1),
                ],
                evidence: vec![evidence],
                tool: None,
            }],
            score: domain::run::score(&[]).into(),
            evidence: vec![EvidenceReference {
                id: evidence,
                step: name("passwd"),
                root: Digest::of("root"),
                leaves: 4,
                bytes: 100,
                custody: Custody::Runner,
                media_type: name("application/json"),
            }],
        };
        predicate.score = predicate.recomputed_score();
        predicate
    }

    /// Sends a request signed by this Runner now.
    pub(super) async fn send(
        &self,
        world: &World,
        method: &str,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
    ) -> Answer {
        let request = self.request(world.now(), method, path, body);
        world.send(request).await
    }

    pub(super) fn request(
        &self,
        created: Timestamp,
        method: &str,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
    ) -> Request<Body> {
        let path = format!("/api/runs{path}");
        let mut headers = HeaderMap::new();
        headers.insert("proofline-tenant", text(&self.tenant.to_string()));
        headers.insert("proofline-runner", text(&self.runner.to_string()));
        let bytes = body.map(|(media, bytes)| {
            headers.insert("content-type", text(media));
            bytes
        });
        let bytes = bytes.unwrap_or_default();
        let validity = Validity { created, lifetime_s: 60, nonce: Base64Url([5; 16]) };
        let target = format!("{PUBLIC_URL}{path}");
        sign(&RUNNER, (method, &target), &mut headers, &bytes, validity, &self.key).unwrap();
        let mut request =
            Request::builder().method(method).uri(path).body(Body::from(bytes)).unwrap();
        *request.headers_mut() = headers;
        request
    }

    pub(super) async fn get(&self, world: &World, path: &str) -> Answer {
        self.send(world, "GET", path, None).await
    }

    pub(super) async fn post(&self, world: &World, path: &str, body: &Value) -> Answer {
        let bytes = serde_json::to_vec(body).unwrap();
        self.send(world, "POST", path, Some(("application/json", bytes))).await
    }

    /// Hands a batch in at the HTTPS door.
    pub(super) async fn hand_in(&self, world: &World, said: &[&Said]) -> Answer {
        let events: Vec<Value> = said.iter().map(|said| body(&said.event)).collect();
        self.hand_in_raw(world, &events).await
    }

    pub(super) fn events_request(&self, world: &World, said: &[&Said]) -> Request<Body> {
        let events: Vec<Value> = said.iter().map(|said| body(&said.event)).collect();
        let bytes = serde_json::to_vec(&events).unwrap();
        self.request(world.now(), "POST", "/v1/runner/events", Some((BATCH_MEDIA_TYPE, bytes)))
    }

    pub(super) async fn hand_in_raw(&self, world: &World, events: &[Value]) -> Answer {
        let bytes = serde_json::to_vec(events).unwrap();
        self.send(world, "POST", "/v1/runner/events", Some((BATCH_MEDIA_TYPE, bytes))).await
    }

    /// The status and code of the only event of a batch.
    pub(super) async fn outcome(&self, world: &World, event: &Value) -> (String, String) {
        let answer = self.hand_in_raw(world, std::slice::from_ref(event)).await.ok();
        outcome(&answer["results"][0])
    }
}

/// The status and code of one result.
pub(super) fn outcome(result: &Value) -> (String, String) {
    let text = |name: &str| result[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("code"))
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap()
}
