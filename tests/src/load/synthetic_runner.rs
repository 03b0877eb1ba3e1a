//! A Runner with a key, a counter and the digest of its last statement; it executes nothing.

use ambient::{SystemClock, SystemRandomness};
use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, Method, header},
};
use chain::{cosignature::Witness, note::Note};
use domain::{
    EvidenceId, RunId, RunnerId, TenantId, Timestamp, VersionId,
    run::{Outcome, ReasonCode, Severity},
};
use ports::{Clock as _, Randomness};
use protocol::{
    Base64Url, Digest, Name,
    cloudevent::{BATCH_MEDIA_TYPE, CloudEvent, MEDIA_TYPE},
    dsse::Envelope,
    key::{Ed25519Key, Kid, PublicKey, Signer as _},
    message_signature::{RUNNER, Validity, sign},
    receipt::Receipt,
    routes::{EVENTS, RUNNER_HEADER, TENANT_HEADER},
    statement::{
        Check, Clock, Confidence, Custody, Event, EventNumber, EventType, EvidenceReference,
        KeyStorage, Predicate, ProcedureReference, RunReference, RunnerReference, Statement, Step,
        Trigger, source_of,
    },
    witness::witness_name,
};

use super::connection::Outgoing;
use crate::world::{DEPLOYMENT, PUBLIC_URL};

/// Where the Event Grid stand-in takes Runners' events.
const TOPIC: &str = "/eventgrid/runner-events/api/events";
/// The longest that a request's signature may count, in seconds: requests are signed long before they are sent.
const LIFETIME_S: i64 = 120;

/// An enrolled and approved Runner.
#[derive(Clone)]
pub struct SyntheticRunner {
    /// Its tenant.
    pub tenant: TenantId,
    /// Which.
    pub runner: RunnerId,
    /// What receipts for it are verified with.
    pub receipt_key: PublicKey,
    pub(super) key: Ed25519Key,
    /// What the customer calls it.
    pub(super) name: Name,
    pub(super) procedure: Digest,
    pub(super) signers: [Kid; 2],
    pub(super) sequence: u64,
    pub(super) prev: Digest,
}

/// The seed of the witness key of the Runner that signs with `key`.
pub(super) fn witness_seed(key: &Ed25519Key) -> [u8; 32] {
    Digest::of(format!("witness of {}", key.kid())).0
}

/// A signed statement and the event that carries it.
#[derive(Clone, Debug)]
pub struct Said {
    /// Whose.
    pub runner: RunnerId,
    /// Its number in the chain.
    pub sequence: u64,
    /// The run that it is about.
    pub run: RunId,
    /// What the run collected.
    pub evidence: EvidenceId,
    /// The SHA-256 of the signed bytes.
    pub digest: Digest,
    /// The signed bytes.
    pub payload: Vec<u8>,
    /// The CloudEvent as JSON.
    pub event: Bytes,
}

impl SyntheticRunner {
    /// A statement that follows the last one: the check `mode` passed, `owner` failed.
    pub fn say(&mut self) -> Said {
        self.say_at(SystemClock.now())
    }

    /// The same, of a run at `now`.
    pub fn say_at(&mut self, now: Timestamp) -> Said {
        let statement = Statement::new(self.predicate(now));
        let data = Envelope::sign_message(&statement, &[&self.key]).unwrap();
        let payload = data.unverified_payload().to_vec();
        let event = CloudEvent::new(&statement, data, now);
        let digest = Digest::of(&payload);
        (self.sequence, self.prev) = (self.sequence + 1, digest);
        Said {
            runner: self.runner,
            sequence: self.sequence,
            run: statement.predicate.run.id,
            evidence: statement.predicate.evidence[0].id,
            digest,
            payload,
            event: serde_json::to_vec(&event).unwrap().into(),
        }
    }

    /// Hands statements in at the HTTPS door, signed now: one as an event, several as a batch.
    pub fn hand_in(&self, said: &[Said]) -> Outgoing {
        let (media, body) = body(said);
        self.request(Method::POST, EVENTS, Some((media, body)))
    }

    /// Publishes statements to the Event Grid stand-in, which wants no signature but the statements' own.
    pub fn publish(said: &[Said]) -> Outgoing {
        let (media, body) = body(said);
        let headers =
            HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(media))]);
        Outgoing { method: Method::POST, path: TOPIC.to_owned(), headers, body }
    }

    /// A request that this Runner signs now.
    pub fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Outgoing {
        self.request_at(SystemClock.now(), method, path, body)
    }

    /// A request that this Runner signs at `created`.
    pub fn request_at(
        &self,
        created: Timestamp,
        method: Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Outgoing {
        let mut headers = HeaderMap::new();
        headers.insert(TENANT_HEADER, self.tenant.to_string().parse().unwrap());
        headers.insert(RUNNER_HEADER, self.runner.to_string().parse().unwrap());
        let body = body.map(|(media, body)| {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
            body
        });
        let body = body.unwrap_or_default();
        let nonce = Base64Url((&SystemRandomness as &dyn Randomness).bytes());
        let validity = Validity { created, lifetime_s: LIFETIME_S, nonce };
        let target = format!("{PUBLIC_URL}{path}");
        sign(&RUNNER, (method.as_str(), &target), &mut headers, &body, validity, &self.key)
            .unwrap();
        Outgoing { method, path: path.to_owned(), headers, body }
    }

    /// The digest of the procedure that it executes.
    pub fn procedure(&self) -> Digest {
        self.procedure
    }

    /// What this Runner signs, as an envelope.
    pub fn envelope(&self, message: &impl protocol::dsse::Payload) -> Envelope {
        Envelope::sign_message(message, &[&self.key]).unwrap()
    }

    /// This Runner as a witness.
    pub fn witness(&self) -> Witness {
        let name = witness_name(&DEPLOYMENT.parse().unwrap(), self.tenant, &self.name);
        Witness::from_seed(&name, &witness_seed(&self.key)).unwrap()
    }

    /// The line by which this Runner cosigns the head in the note `checkpoint`.
    pub fn cosign(&self, checkpoint: &str, now: Timestamp) -> String {
        let text = Note::parse(checkpoint.as_bytes()).unwrap().text;
        self.witness().cosign(text, u64::try_from(now.unix_s()).unwrap()).unwrap()
    }

    /// Whether `envelope` is the control plane's receipt for `said`.
    pub fn is_receipt(&self, envelope: &Envelope, said: &Said) -> bool {
        Receipt::verify(envelope, &self.receipt_key)
            .is_ok_and(|receipt| receipt.is_for(said.runner, said.sequence, &said.payload))
    }

    fn predicate(&self, now: Timestamp) -> Predicate {
        let sequence = self.sequence + 1;
        let randomness: &dyn Randomness = &SystemRandomness;
        let (run, evidence): (RunId, EvidenceId) = (randomness.id(now), randomness.id(now));
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
            runner: self.reference(),
            procedure: ProcedureReference {
                version: VersionId::of_digest(&self.procedure.0),
                digest: self.procedure,
                signers: self.signers.to_vec(),
            },
            run: RunReference {
                id: run,
                trigger: Trigger::Local,
                started: now,
                ended: now,
                monotonic_ms: 12,
                clock: Clock { offset_ms: 0, confidence: Confidence::Unknown },
            },
            steps: vec![step(evidence)],
            score: domain::run::score(&[]).into(),
            evidence: vec![EvidenceReference {
                id: evidence,
                step: name("passwd"),
                root: Digest::of(evidence.to_string()),
                leaves: 4,
                bytes: 100,
                custody: Custody::Runner,
                media_type: name("application/json"),
            }],
        };
        predicate.score = predicate.recomputed_score();
        predicate
    }

    fn reference(&self) -> RunnerReference {
        RunnerReference {
            id: self.runner,
            kid: self.key.kid(),
            version: name("0.1.0"),
            binary: Digest::of("binary"),
            trust_policy: Digest::of("policy"),
            key_storage: KeyStorage::File,
        }
    }
}

fn step(evidence: EvidenceId) -> Step {
    let check =
        |id: &str, outcome, severity, weight| Check { id: name(id), outcome, severity, weight };
    Step {
        id: name("passwd"),
        outcome: Outcome::Fail,
        reason: ReasonCode::CheckFailed,
        checks: vec![
            check("mode", Outcome::Pass, Severity::High, 3),
            check("owner", Outcome::Fail, Severity::Low, 1),
        ],
        evidence: vec![evidence],
        tool: None,
    }
}

fn body(said: &[Said]) -> (&'static str, Bytes) {
    if let [one] = said {
        return (MEDIA_TYPE, one.event.clone());
    }
    let events: Vec<&[u8]> = said.iter().map(|said| &said.event[..]).collect();
    (BATCH_MEDIA_TYPE, [b"[", &events.join(&b","[..])[..], b"]"].concat().into())
}

pub(super) fn name(text: &str) -> Name {
    text.parse().unwrap()
}
