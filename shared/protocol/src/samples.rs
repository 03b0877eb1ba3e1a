//! Persons, keys and messages that the tests tell about.

use domain::{
    CommandId, DrilldownId, EnrolmentId, EvidenceId, RunId, RunnerId, TenantId, Timestamp, UserId,
    VersionId,
    run::{Outcome, ReasonCode, Severity},
};
use serde_json::{Value, json};

use crate::{
    Base64Url, Digest, Name, Nonce, V1,
    certificate::RunnerCertificate,
    commitment::{Commitment, Header},
    drilldown::{AnswerKey, DisclosureRequest},
    key::{Ed25519Key, Es256Key, Signer as _},
    statement::{
        Check, Clock, Confidence, Custody, Event, EventNumber, EventType, EvidenceReference,
        KeyStorage, Predicate, ProcedureReference, RunReference, RunnerReference, Statement, Step,
        Tool, Trigger, source_of,
    },
    trust_policy::{
        AllowedCommand, Commands, Connectors, DrilldownRules, Egress, ProcedureSigner, SignerRole,
        TrustPolicy, Viewer,
    },
};

pub(crate) const TENANT: TenantId = TenantId::from_u128(1);
pub(crate) const RUNNER: RunnerId = RunnerId::from_u128(2);
pub(crate) const EVIDENCE: EvidenceId = EvidenceId::from_u128(3);
pub(crate) const RUN: RunId = RunId::from_u128(4);
pub(crate) const VERSION: VersionId = VersionId::from_u128(5);
pub(crate) const ADA: UserId = UserId::from_u128(6);
pub(crate) const DRILLDOWN: DrilldownId = DrilldownId::from_u128(7);
pub(crate) const COMMAND: CommandId = CommandId::from_u128(8);
pub(crate) const ENROLMENT: EnrolmentId = EnrolmentId::from_u128(9);
pub(crate) const NONCE: Nonce = Base64Url([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);

/// 2027-01-15T08:00:00Z, and some seconds.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_s(1_800_000_000 + seconds)
}

pub(crate) fn runner_key() -> Ed25519Key {
    Ed25519Key::from_seed(&[1; 32])
}

pub(crate) fn authority_key() -> Ed25519Key {
    Ed25519Key::from_seed(&[2; 32])
}

pub(crate) fn author_key() -> Ed25519Key {
    Ed25519Key::from_seed(&[3; 32])
}

pub(crate) fn approver_key() -> Ed25519Key {
    Ed25519Key::from_seed(&[4; 32])
}

pub(crate) fn viewer_key() -> Ed25519Key {
    Ed25519Key::from_seed(&[5; 32])
}

pub(crate) fn stranger_key() -> Ed25519Key {
    Ed25519Key::from_seed(&[9; 32])
}

pub(crate) fn command_key() -> Es256Key {
    Es256Key::from_seed(&[6; 32]).unwrap()
}

pub(crate) fn root_key() -> Es256Key {
    Es256Key::from_seed(&[7; 32]).unwrap()
}

pub(crate) fn receipt_key() -> Es256Key {
    Es256Key::from_seed(&[8; 32]).unwrap()
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(crate) fn certificate() -> RunnerCertificate {
    RunnerCertificate {
        v: V1,
        tenant: TENANT,
        name: name("build-1"),
        sign_kid: runner_key().kid(),
        sign_jwk: runner_key().public().jwk(),
        seal_jwk: None,
        witness_jwk: None,
        not_before: at(0),
        not_after: at(1_000),
    }
}

pub(crate) fn evidence() -> Value {
    json!({
        "permit_root": "no",
        "ports": [22, 2222],
        "a/b": { "m~n": null },
        "empty": {},
        "none": [],
        "ratio": 0.5,
        "big": u64::MAX,
        "port": true,
    })
}

pub(crate) fn header() -> Header {
    Header {
        evidence: EVIDENCE,
        run: RUN,
        step: name("sshd"),
        tenant: TENANT,
        runner: RUNNER,
        media_type: name("application/json"),
        leaves: 0,
    }
}

pub(crate) fn commitment() -> Commitment {
    let evk = std::array::from_fn(|i| u8::try_from(i).unwrap());
    Commitment::new(header(), &evk, &evidence()).unwrap()
}

pub(crate) fn statement() -> Statement {
    Statement::new(predicate())
}

pub(crate) fn predicate() -> Predicate {
    let steps = vec![step()];
    let mut predicate = Predicate {
        tenant: TENANT,
        deployment: name("proofline.example"),
        event: event(),
        runner: RunnerReference {
            id: RUNNER,
            kid: runner_key().kid(),
            version: name("0.1.0"),
            binary: Digest::of("binary"),
            trust_policy: Digest::of("policy"),
            key_storage: KeyStorage::File,
        },
        procedure: ProcedureReference {
            version: VERSION,
            digest: Digest::of("procedure"),
            signers: vec![author_key().kid(), approver_key().kid()],
        },
        run: RunReference {
            id: RUN,
            trigger: Trigger::Schedule,
            started: at(0),
            ended: at(2),
            monotonic_ms: 2_000,
            clock: Clock { offset_ms: -12, confidence: Confidence::Good },
        },
        steps,
        score: domain::run::score(&[]).into(),
        evidence: vec![EvidenceReference {
            id: EVIDENCE,
            step: name("sshd"),
            root: commitment().root(),
            leaves: 9,
            bytes: 100,
            custody: Custody::Runner,
            media_type: name("application/json"),
        }],
    };
    predicate.score = predicate.recomputed_score();
    predicate
}

fn event() -> Event {
    Event {
        id: EventNumber(42),
        source: source_of(RUNNER),
        event_type: EventType::RunCompleted,
        subject: RUN,
        time: at(2),
        sequence: 42,
        prev: Digest::of("before"),
    }
}

fn step() -> Step {
    Step {
        id: name("sshd"),
        outcome: Outcome::Fail,
        reason: ReasonCode::CheckFailed,
        checks: vec![
            check("root-login", Outcome::Pass, 3),
            check("password-login", Outcome::Fail, 1),
        ],
        evidence: vec![EVIDENCE],
        tool: Some(Tool {
            name: name("sshd"),
            version: name("9.2"),
            sha256: Digest::of("/usr/sbin/sshd"),
        }),
    }
}

fn check(id: &str, outcome: Outcome, weight: u8) -> Check {
    Check { id: name(id), outcome, severity: Severity::High, weight }
}

pub(crate) fn policy() -> TrustPolicy {
    let signer =
        |key: Ed25519Key, role| ProcedureSigner { kid: key.kid(), jwk: key.public().jwk(), role };
    TrustPolicy {
        tenant: TENANT,
        deployment: name("proofline.example"),
        control_plane_root: root_key().kid(),
        authority: authority_key().public().jwk(),
        threshold: 2,
        disclose: Vec::new(),
        procedure_signers: vec![
            signer(author_key(), SignerRole::Author),
            signer(approver_key(), SignerRole::Approver),
            signer(Ed25519Key::from_seed(&[20; 32]), SignerRole::Author),
        ],
        viewers: vec![Viewer {
            kid: viewer_key().kid(),
            jwk: viewer_key().public().jwk(),
            name: "Ada Auditor".to_owned(),
            purposes: vec![name("audit"), name("incident")],
        }],
        connectors: Connectors::default(),
        commands: Commands {
            allow: vec![AllowedCommand {
                path: "/usr/sbin/sshd".to_owned(),
                sha256: None,
                argv_patterns: Some(vec!["-T".to_owned()]),
            }],
        },
        egress: Egress::default(),
        drilldown: DrilldownRules { max_per_day: 5, purposes: vec![name("audit")] },
    }
}

/// The key to which Ada has her answer sealed.
pub(crate) fn answer_key() -> AnswerKey {
    AnswerKey::from_ikm(&[11; 32])
}

pub(crate) fn disclosure_request() -> DisclosureRequest {
    DisclosureRequest {
        v: V1,
        drilldown_nonce: NONCE,
        runner: RUNNER,
        tenant: TENANT,
        evidence: EVIDENCE,
        paths: vec!["/permit_root".to_owned(), "/ratio".to_owned()],
        purpose: name("audit"),
        requester: ADA,
        hpke_public: answer_key().public(),
        not_after: at(300),
    }
}
