use domain::Fault as _;
use serde_json::json;

use super::*;
use crate::{
    Base64, Base64Url, Digest, Nonce,
    command::RefusalCode,
    commitment::Disclosure,
    key::{Ed25519Key, Kid, PublicKey, Signer as _},
    message_signature::{self, RUNNER as RUNNER_PROFILE, Validity},
    samples::{
        DRILLDOWN, EVIDENCE, NONCE, RUNNER, answer_key, at, commitment, disclosure_request,
        runner_key, stranger_key, viewer_key,
    },
};

fn signed(request: &DisclosureRequest, key: &Ed25519Key) -> SignedRequest {
    build(request, key, at(0)).unwrap().0
}

fn viewers(kid: &Kid) -> Option<PublicKey> {
    (*kid == viewer_key().kid()).then(|| viewer_key().public().clone())
}

fn verdict(signed: &SignedRequest, seconds: i64) -> Result<ViewerRequest, RefusalCode> {
    read(signed, viewers, at(seconds))
}

fn refusal(change: impl Fn(&mut SignedRequest)) -> RefusalCode {
    let mut signed = signed(&disclosure_request(), &viewer_key());
    change(&mut signed);
    verdict(&signed, 1).unwrap_err()
}

fn disclosure() -> Disclosure {
    commitment().disclose(&disclosure_request().paths).unwrap()
}

fn sealed() -> Vec<u8> {
    let request = Digest::of("base");
    seal_answer(&answer_key().public(), &[12; 32], &request, DRILLDOWN, &disclosure()).unwrap()
}

/// Written by hand from the wire contract.
#[test]
fn a_request_goes_to_an_authority_that_does_not_exist() {
    let target = "https://rnr-00000000000000000000000002.runner.invalid/evidence/evd_00000000000000000000000003/disclosures";
    assert_eq!(target_uri(RUNNER, EVIDENCE), target);
    let signed = signed(&disclosure_request(), &viewer_key());
    assert_eq!((signed.method.as_str(), signed.target_uri.as_str()), ("POST", target));
    let names: Vec<_> = signed.headers.keys().map(String::as_str).collect();
    assert_eq!(names, ["content-digest", "content-type", "signature", "signature-input"]);
    let body = json!({
        "v": 1,
        "drilldown_nonce": "AAECAwQFBgcICQoLDA0ODw",
        "runner": "rnr_00000000000000000000000002",
        "tenant": "ten_00000000000000000000000001",
        "evidence": "evd_00000000000000000000000003",
        "paths": ["/permit_root", "/ratio"],
        "purpose": "audit",
        "requester": "usr_00000000000000000000000006",
        "hpke_public": "bJ1BFkqp3doQMHT1DIqjZLFsiCL3e5G78gqWV10YdyQ",
        "not_after": "2027-01-15T08:05:00.000000Z",
    });
    assert_eq!(signed.body.0, crate::canonical::to_vec(&body).unwrap());
}

#[test]
fn a_listed_viewers_request_is_read() {
    let (signed, sha256) = build(&disclosure_request(), &viewer_key(), at(0)).unwrap();
    let read = verdict(&signed, 1).unwrap();
    assert_eq!(read.request, disclosure_request());
    assert_eq!((read.kid, read.nonce), (viewer_key().kid(), NONCE));
    assert_eq!(read.request_sha256, sha256);
    assert_eq!(read.remember_until, at(300 + 120));
    assert_eq!(check_shape(&signed), Ok(disclosure_request()));
}

#[test]
fn a_viewer_who_is_not_listed_is_refused() {
    let stranger = signed(&disclosure_request(), &stranger_key());
    assert_eq!(verdict(&stranger, 1), Err(RefusalCode::ViewerUnlisted));
}

#[test]
fn an_unsigned_request_is_refused() {
    let unsigned = |it: &mut SignedRequest| drop(it.headers.remove("signature"));
    assert_eq!(refusal(unsigned), RefusalCode::Unsigned);
}

#[test]
fn a_carrier_can_change_nothing() {
    let other = |it: &mut SignedRequest| {
        let request = DisclosureRequest { paths: vec![String::new()], ..disclosure_request() };
        it.body = Base64(crate::canonical::to_vec(&request).unwrap());
    };
    assert_eq!(refusal(other), RefusalCode::SignatureInvalid);
    let with_digest = |it: &mut SignedRequest| {
        other(it);
        let digest = message_signature::content_digest(&it.body.0);
        it.headers.insert("content-digest".to_owned(), digest);
    };
    assert_eq!(refusal(with_digest), RefusalCode::SignatureInvalid);
    let elsewhere = |it: &mut SignedRequest| it.target_uri = it.target_uri.replace("003/", "004/");
    assert_eq!(refusal(elsewhere), RefusalCode::SignatureInvalid);
    assert_eq!(refusal(|it| it.method = "PUT".to_owned()), RefusalCode::SignatureInvalid);
    let own_key = |it: &mut SignedRequest| {
        let request = DisclosureRequest { hpke_public: Base64Url([9; 32]), ..disclosure_request() };
        it.body = Base64(crate::canonical::to_vec(&request).unwrap());
    };
    assert_eq!(refusal(own_key), RefusalCode::SignatureInvalid);
}

/// A name in two cases is one header that comes twice.
#[test]
fn a_header_that_comes_twice_is_refused() {
    let twice = |it: &mut SignedRequest| {
        let digest = it.headers["content-digest"].clone();
        it.headers.insert("Content-Digest".to_owned(), digest);
    };
    assert_eq!(refusal(twice), RefusalCode::SignatureInvalid);
    let broken = |it: &mut SignedRequest| {
        it.headers.insert("a b".to_owned(), String::new());
    };
    assert_eq!(refusal(broken), RefusalCode::Malformed);
}

#[test]
fn a_request_counts_until_its_end() {
    let signed = signed(&disclosure_request(), &viewer_key());
    assert!(verdict(&signed, -120).is_ok());
    assert!(verdict(&signed, 299).is_ok());
    for seconds in [-121, 300, 421] {
        assert_eq!(verdict(&signed, seconds), Err(RefusalCode::CommandExpired), "{seconds}");
    }
    for (not_after, fits) in [(0, false), (1, true), (300, true), (301, false)] {
        let request = DisclosureRequest { not_after: at(not_after), ..disclosure_request() };
        assert_eq!(build(&request, &viewer_key(), at(0)).is_ok(), fits, "{not_after}");
    }
}

/// Item 4 of the Runner's pitfalls: a signature for one use is none for another.
#[test]
fn a_signature_of_another_use_is_refused() {
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.insert("proofline-runner", RUNNER.to_string().parse().unwrap());
    headers.insert("proofline-tenant", crate::samples::TENANT.to_string().parse().unwrap());
    let body = crate::canonical::to_vec(&disclosure_request()).unwrap();
    let target = target_uri(RUNNER, EVIDENCE);
    let validity = Validity { created: at(0), lifetime_s: 60, nonce: NONCE };
    let key = runner_key();
    message_signature::sign(
        &RUNNER_PROFILE,
        ("POST", &target),
        &mut headers,
        &body,
        validity,
        &key,
    )
    .unwrap();
    let headers = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let carried = SignedRequest {
        method: "POST".to_owned(),
        target_uri: target,
        headers,
        body: Base64(body),
    };
    let listed = |_: &Kid| Some(runner_key().public().clone());
    assert_eq!(read(&carried, listed, at(1)), Err(RefusalCode::SignatureInvalid));
}

#[test]
fn a_signed_request_that_is_malformed_is_refused() {
    let refused = |request: &DisclosureRequest| verdict(&signed(request, &viewer_key()), 1).err();
    let with_paths = |paths: Vec<String>| DisclosureRequest { paths, ..disclosure_request() };
    assert_eq!(refused(&with_paths(vec!["/a".to_owned(); 100])), None);
    for bad in [
        Vec::new(),
        vec!["/a".to_owned(); 101],
        vec!["a".to_owned()],
        vec![format!("/{}", "a".repeat(1_024))],
    ] {
        assert_eq!(refused(&with_paths(bad)), Some(RefusalCode::Malformed));
    }
}

/// Signs any body as a viewer would.
fn sign_body(body: Vec<u8>, nonce: Nonce) -> SignedRequest {
    let target_uri = target_uri(RUNNER, EVIDENCE);
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    let validity = Validity { created: at(0), lifetime_s: 60, nonce };
    let target = ("POST", target_uri.as_str());
    let profile = &message_signature::DRILLDOWN;
    message_signature::sign(profile, target, &mut headers, &body, validity, &viewer_key()).unwrap();
    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    let headers = headers.iter().map(text).collect();
    SignedRequest { method: "POST".to_owned(), target_uri, headers, body: Base64(body) }
}

#[test]
fn a_signed_request_with_an_unknown_field_is_refused() {
    let mut value = serde_json::to_value(disclosure_request()).unwrap();
    let body = |value: &serde_json::Value| crate::canonical::to_vec(value).unwrap();
    assert!(verdict(&sign_body(body(&value), NONCE), 1).is_ok());
    assert_eq!(
        verdict(&sign_body(body(&value), Base64Url([1; 16])), 1),
        Err(RefusalCode::Malformed)
    );
    value["all"] = json!(true);
    assert_eq!(verdict(&sign_body(body(&value), NONCE), 1), Err(RefusalCode::UnknownField));
    let elsewhere =
        DisclosureRequest { evidence: domain::EvidenceId::from_u128(99), ..disclosure_request() };
    let elsewhere = serde_json::to_value(elsewhere).unwrap();
    assert_eq!(verdict(&sign_body(body(&elsewhere), NONCE), 1), Err(RefusalCode::Malformed));
}

/// pyhpke 0.6.5 (Python) computed the sealed bytes from the description at [`seal_answer`].
#[test]
fn an_answer_has_the_bytes_that_another_implementation_computes() {
    let sealed = sealed();
    assert_eq!(answer_key().public().to_string(), "bJ1BFkqp3doQMHT1DIqjZLFsiCL3e5G78gqWV10YdyQ");
    assert_eq!(sealed.len(), 745);
    assert_eq!(
        Digest::of(&sealed).to_string(),
        "0ed1e33a57a98c8defd1ba55181786b9dc943400c450b8e8769d73847642f10c"
    );
    let opened = answer_key().open(&Digest::of("base"), DRILLDOWN, &sealed).unwrap();
    assert_eq!(opened, disclosure());
    assert!(check_disclosure(&opened, &disclosure_request(), &commitment().root()).is_ok());
}

#[test]
fn only_the_viewer_opens_the_answer_and_only_for_this_request() {
    let (sealed, request) = (sealed(), Digest::of("base"));
    let refused =
        |result: Result<Disclosure, AnswerError>| matches!(result, Err(AnswerError::Sealed));
    assert!(refused(AnswerKey::from_ikm(&[13; 32]).open(&request, DRILLDOWN, &sealed)));
    assert!(refused(answer_key().open(&Digest::of("other"), DRILLDOWN, &sealed)));
    let other = domain::DrilldownId::from_u128(99);
    assert!(refused(answer_key().open(&request, other, &sealed)));
    for place in [0, 31, 32, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[place] ^= 1;
        assert!(refused(answer_key().open(&request, DRILLDOWN, &changed)), "byte {place}");
    }
    for length in [0, 31, 32, 47, sealed.len() - 1] {
        assert!(refused(answer_key().open(&request, DRILLDOWN, &sealed[..length])), "{length}");
    }
}

#[test]
fn an_answer_to_another_question_is_not_believed() {
    let root = commitment().root();
    let code = |request: &DisclosureRequest| {
        check_disclosure(&disclosure(), request, &root).unwrap_err().code()
    };
    for request in [
        DisclosureRequest { evidence: domain::EvidenceId::from_u128(99), ..disclosure_request() },
        DisclosureRequest { runner: domain::RunnerId::from_u128(99), ..disclosure_request() },
        DisclosureRequest { tenant: domain::TenantId::from_u128(99), ..disclosure_request() },
        DisclosureRequest { paths: vec!["/permit_root".to_owned()], ..disclosure_request() },
        DisclosureRequest { paths: vec!["/port".to_owned()], ..disclosure_request() },
    ] {
        assert_eq!(code(&request), "answer-mismatch");
    }
    let other_root = check_disclosure(&disclosure(), &disclosure_request(), &Digest::ZERO);
    assert_eq!(other_root.unwrap_err().code(), "commitment-mismatch");
}

#[test]
fn an_unusable_key_and_an_endless_answer_are_refused() {
    let seal = |public: Base64Url<32>, disclosure: &Disclosure| {
        seal_answer(&public, &[12; 32], &Digest::ZERO, DRILLDOWN, disclosure)
    };
    // The all-zero point gives an all-zero secret (RFC 7748 §6.1).
    assert!(matches!(seal(Base64Url([0; 32]), &disclosure()), Err(AnswerError::Key)));
    let mut endless = disclosure();
    endless.leaves[0].value = json!("x".repeat(crate::commitment::DISCLOSURE_MAX));
    assert!(matches!(seal(answer_key().public(), &endless), Err(AnswerError::TooLarge)));
}
