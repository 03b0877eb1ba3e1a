use std::collections::BTreeMap;

use domain::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::{
    Digest,
    certificate::RunnerCertificate,
    dsse::Envelope,
    key::{Kid, PublicKey, Signer as _},
    samples::{
        ENROLMENT, NONCE, RUNNER, TENANT, at, authority_key, certificate, name, root_key,
        runner_key, stranger_key,
    },
    statement::KeyStorage,
    strict_json,
};

const TOKEN: &str = "pfl_enr_00000000000000000000000001.00000000000000000000000009.CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo.8cbkmIoPoz34333Ik2rk1YCKDJCeUTV0LJC14pv04oc";

fn token() -> EnrolmentToken {
    EnrolmentToken::new(TENANT, ENROLMENT, [10; 32], root_key().kid())
}

fn fields() -> EnrolFields {
    EnrolFields {
        token: token(),
        nonce: NONCE,
        name: name("build-1"),
        labels: BTreeMap::from([(name("site"), name("berlin"))]),
        os: name("linux"),
        arch: name("x86_64"),
        version: name("0.1.0"),
        binary_digest: Digest::of("binary"),
        trust_policy_digest: Digest::of("policy"),
        key_storage: KeyStorage::File,
        sign_jwk: runner_key().public().jwk(),
        certificate: Envelope::sign_message(&certificate(), &[&authority_key()]).unwrap(),
    }
}

fn request() -> EnrolRequest {
    EnrolRequest::sign(fields(), &runner_key()).unwrap()
}

fn verdict(request: &EnrolRequest, now: Timestamp) -> Result<RunnerCertificate, &'static str> {
    let authority: &PublicKey = &authority_key().public().clone();
    request.verify(authority, TENANT, now).map_err(|error| error.code())
}

/// Written by hand from the wire contract; the thumbprint computed with Python.
#[test]
fn a_token_has_its_four_parts() {
    assert_eq!(token().to_string(), TOKEN);
    assert_eq!(TOKEN.parse::<EnrolmentToken>().unwrap(), token());
    assert_eq!(format!(" {TOKEN}\n").parse::<EnrolmentToken>().unwrap(), token());
    assert_eq!(token().secret_sha256(), Digest::of([10; 32]));
}

#[test]
fn a_token_is_not_shown_by_debugging_or_by_errors() {
    assert_eq!(format!("{:?}", token()), format!("EnrolmentToken({TENANT}, {ENROLMENT})"));
    let refused = serde_json::from_value::<EnrolmentToken>(json!(format!("{TOKEN}x"))).unwrap_err();
    assert!(!refused.to_string().contains("CgoK"), "{refused}");
}

#[test]
fn what_is_no_token_is_refused() {
    for bad in [
        "",
        &TOKEN[1..],
        &TOKEN[..TOKEN.len() - 1],
        &format!("{TOKEN}.x"),
        &format!("{TOKEN}="),
        &TOKEN.replacen("_0", "_ten_0", 1),
        &TOKEN.replacen('.', "", 1),
        &TOKEN.replace("CgoKCg", "CgoK"),
    ] {
        assert!(bad.parse::<EnrolmentToken>().is_err(), "{bad}");
    }
}

#[test]
fn a_request_is_one_flat_object_and_comes_back_as_it_was() {
    let value = serde_json::to_value(request()).unwrap();
    let keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        keys,
        [
            "arch",
            "binary_digest",
            "certificate",
            "key_storage",
            "labels",
            "name",
            "nonce",
            "os",
            "proof",
            "sign_jwk",
            "token",
            "trust_policy_digest",
            "version"
        ]
    );
    let bytes = serde_json::to_vec(&value).unwrap();
    assert_eq!(strict_json::parse::<EnrolRequest>(&bytes, 10_000).unwrap(), request());
}

#[test]
fn a_request_with_an_unknown_field_or_without_proof_is_refused() {
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut value = serde_json::to_value(request()).unwrap();
        change(&mut value);
        strict_json::shape::<EnrolRequest>(value).unwrap_err().code()
    };
    assert_eq!(refused(&|value| value["admin"] = json!(true)), "unknown-field");
    assert_eq!(refused(&|value| value["proof"] = Value::Null), "validation");
    assert_eq!(
        refused(&|value| drop(value.as_object_mut().unwrap().remove("proof"))),
        "validation"
    );
    assert_eq!(refused(&|value| value["sign_jwk"]["d"] = json!("x")), "unknown-field");
}

#[test]
fn a_runner_with_a_certified_key_is_believed() {
    assert_eq!(verdict(&request(), at(1)), Ok(certificate()));
    assert_eq!(request().verify_proof().unwrap(), *runner_key().public());
}

#[test]
fn a_changed_request_has_no_proof() {
    let changes: [fn(&mut EnrolFields); 5] = [
        |fields| fields.nonce.0[0] ^= 1,
        |fields| fields.token = EnrolmentToken::new(TENANT, ENROLMENT, [11; 32], Kid([0; 32])),
        |fields| fields.name = name("build-2"),
        |fields| fields.labels.clear(),
        |fields| fields.key_storage = KeyStorage::Tpm,
    ];
    for change in changes {
        let mut altered = request();
        change(&mut altered.fields);
        assert_eq!(verdict(&altered, at(1)), Err("signature-invalid"));
    }
}

#[test]
fn a_key_of_someone_else_cannot_be_offered() {
    assert!(matches!(EnrolRequest::sign(fields(), &stranger_key()), Err(EnrolmentError::Proof)));
    let mut stolen = fields();
    stolen.sign_jwk = stranger_key().public().jwk();
    let stolen = EnrolRequest::sign(stolen, &stranger_key()).unwrap();
    assert_eq!(verdict(&stolen, at(1)), Err("certificate-mismatch"));
}

#[test]
fn a_name_other_than_the_certified_one_is_refused() {
    let renamed = EnrolFields { name: name("build-2"), ..fields() };
    let renamed = EnrolRequest::sign(renamed, &runner_key()).unwrap();
    assert_eq!(verdict(&renamed, at(1)), Err("certificate-mismatch"));
}

#[test]
fn an_expired_certificate_does_not_enrol() {
    assert_eq!(verdict(&request(), at(1_000)), Err("signature-expired"));
}

#[test]
fn a_runner_has_at_most_16_labels() {
    let labelled = |count: usize| {
        let labels = (0..count).map(|i| (name(&format!("l{i}")), name("x"))).collect();
        EnrolRequest::sign(EnrolFields { labels, ..fields() }, &runner_key()).unwrap()
    };
    assert!(verdict(&labelled(16), at(1)).is_ok());
    assert_eq!(verdict(&labelled(17), at(1)), Err("validation"));
}

/// SHA-256 of all words with newlines between them, computed with Python `hashlib` from the description at [`word`].
#[test]
fn there_are_2048_different_words_and_they_never_change() {
    let words: Vec<_> = (0..WORDS).map(word).collect();
    let expected = "ff4ff2acc8eed4dcf11775d260dad7ec9632e507ebe07fc81ccda1163063b24f";
    assert_eq!(Digest::of(words.join("\n")).to_string(), expected);
    assert_eq!(words.iter().collect::<std::collections::HashSet<_>>().len(), 2048);
    assert_eq!(
        (word(0).as_str(), word(1234).as_str(), word(2047).as_str()),
        ("baba", "rora", "zuzo")
    );
}

fn transcript() -> Transcript {
    Transcript {
        certificate_sha256: Digest::of("certificate"),
        ..request().transcript(RUNNER, root_key().kid())
    }
}

/// Computed with Python `hashlib` and `json`.
#[test]
fn the_words_are_those_that_another_implementation_computes() {
    assert_eq!(transcript().words().unwrap(), ["kosa", "vira", "duma", "muwo", "siyo", "fuso"]);
}

#[test]
fn whatever_is_changed_in_between_changes_the_words() {
    let changes: [fn(&mut Transcript); 8] = [
        |transcript| transcript.token_secret_sha256.0[31] ^= 1,
        |transcript| transcript.tenant = domain::TenantId::from_u128(99),
        |transcript| transcript.enrolment = domain::EnrolmentId::from_u128(99),
        |transcript| transcript.runner = domain::RunnerId::from_u128(99),
        |transcript| transcript.sign_kid = stranger_key().kid(),
        |transcript| transcript.certificate_sha256.0[31] ^= 1,
        |transcript| transcript.root_kid = stranger_key().kid(),
        |transcript| transcript.nonce.0[15] ^= 1,
    ];
    for change in changes {
        let mut altered = transcript();
        change(&mut altered);
        assert_ne!(altered.words().unwrap(), transcript().words().unwrap());
    }
}

#[test]
fn the_transcript_is_of_what_was_sent() {
    let request = request();
    let transcript = request.transcript(RUNNER, root_key().kid());
    assert_eq!(transcript.token_secret_sha256, token().secret_sha256());
    assert_eq!((transcript.tenant, transcript.enrolment), (TENANT, ENROLMENT));
    assert_eq!(transcript.sign_kid, runner_key().kid());
    let certificate = crate::canonical::to_vec(&certificate()).unwrap();
    assert_eq!(transcript.certificate_sha256, Digest::of(certificate));
}
