use domain::{Fault as _, RunnerId, TenantId, UserId};

use super::*;
use crate::{
    command::{DrilldownBody, RefusalCode, Requester},
    drilldown::{self, DisclosureRequest},
    dsse::{Envelope, EnvelopeError, PayloadType},
    key::{Ed25519Key, Signer},
    samples::{
        ADA, DRILLDOWN, NONCE, RUNNER, approver_key, at, author_key, disclosure_request, name,
        policy, root_key, stranger_key, viewer_key,
    },
};

fn procedure(signers: &[&dyn Signer]) -> Envelope {
    Envelope::sign(PayloadType::Procedure, b"{}".to_vec(), signers).unwrap()
}

fn body(request: &DisclosureRequest, key: &Ed25519Key) -> DrilldownBody {
    DrilldownBody {
        drilldown: DRILLDOWN,
        request: drilldown::build(request, key, at(0)).unwrap().0,
        requester: Requester {
            user: ADA,
            roles: vec![name("auditor")],
            acr: name("aal2"),
            auth_time: at(-30),
        },
    }
}

fn refusal(request: &DisclosureRequest) -> RefusalCode {
    policy().admit(&body(request, &viewer_key()), RUNNER, at(1)).unwrap_err()
}

fn mistake(change: impl Fn(&mut TrustPolicy)) -> TrustPolicyError {
    let mut policy = policy();
    change(&mut policy);
    policy.check().unwrap_err()
}

#[test]
fn two_signers_of_whom_one_approves_are_needed() {
    let (author, approver) = (author_key(), approver_key());
    let second_author = Ed25519Key::from_seed(&[20; 32]);
    let verdict = |signers: &[&dyn Signer]| policy().verify_procedure(&procedure(signers));
    assert_eq!(verdict(&[&author, &approver]).unwrap().payload, b"{}");
    assert!(verdict(&[&author, &second_author, &approver]).is_ok());
    for too_few in
        [&[&author as &dyn Signer][..], &[&approver, &approver], &[&approver, &stranger_key()]]
    {
        assert_eq!(verdict(too_few), Err(EnvelopeError::Threshold { needed: 2, found: 1 }));
    }
    assert!(matches!(verdict(&[&author, &second_author]), Err(EnvelopeError::Threshold { .. })));
    assert_eq!(verdict(&[&stranger_key(), &root_key()]), Err(EnvelopeError::Unsigned));
}

/// Even if the file was changed after it was checked.
#[test]
fn a_threshold_below_2_does_not_lower_what_is_needed() {
    let lax = TrustPolicy { threshold: 0, ..policy() };
    assert!(lax.verify_procedure(&procedure(&[&approver_key()])).is_err());
    let strict = TrustPolicy { threshold: 3, ..policy() };
    assert_eq!(
        strict.verify_procedure(&procedure(&[&author_key(), &approver_key()])),
        Err(EnvelopeError::Threshold { needed: 3, found: 2 })
    );
}

#[test]
fn a_signer_whose_key_is_not_the_one_that_is_named_does_not_count() {
    let mut confused = policy();
    confused.procedure_signers[0].jwk = stranger_key().public().jwk();
    let signed = procedure(&[&author_key(), &approver_key()]);
    assert!(confused.verify_procedure(&signed).is_err());
}

#[test]
fn a_listed_viewer_is_admitted_for_an_allowed_purpose() {
    let admitted = policy().admit(&body(&disclosure_request(), &viewer_key()), RUNNER, at(1));
    let admitted = admitted.unwrap();
    assert_eq!(admitted.request, disclosure_request());
    assert_eq!((admitted.kid, admitted.nonce), (viewer_key().kid(), NONCE));
}

#[test]
fn whoever_is_not_listed_is_refused_whatever_the_control_plane_says() {
    let foreign = body(&disclosure_request(), &stranger_key());
    assert_eq!(policy().admit(&foreign, RUNNER, at(1)), Err(RefusalCode::ViewerUnlisted));
    let no_viewers = TrustPolicy { viewers: Vec::new(), ..policy() };
    let listed = body(&disclosure_request(), &viewer_key());
    assert_eq!(no_viewers.admit(&listed, RUNNER, at(1)), Err(RefusalCode::ViewerUnlisted));
    let signer = body(&disclosure_request(), &author_key());
    assert_eq!(policy().admit(&signer, RUNNER, at(1)), Err(RefusalCode::ViewerUnlisted));
}

#[test]
fn a_request_for_another_runner_tenant_or_person_is_refused() {
    let runner = DisclosureRequest { runner: RunnerId::from_u128(99), ..disclosure_request() };
    assert_eq!(refusal(&runner), RefusalCode::WrongRunner);
    let tenant = DisclosureRequest { tenant: TenantId::from_u128(99), ..disclosure_request() };
    assert_eq!(refusal(&tenant), RefusalCode::WrongRunner);
    let person = DisclosureRequest { requester: UserId::from_u128(99), ..disclosure_request() };
    assert_eq!(refusal(&person), RefusalCode::WrongRequester);
}

#[test]
fn a_purpose_is_allowed_to_the_viewer_and_in_general() {
    for purpose in ["curiosity", "incident"] {
        let request = DisclosureRequest { purpose: name(purpose), ..disclosure_request() };
        assert_eq!(refusal(&request), RefusalCode::PurposeNotAllowed, "{purpose}");
    }
    let mut narrowed = policy();
    narrowed.viewers[0].purposes = vec![name("incident")];
    let request = body(&disclosure_request(), &viewer_key());
    assert_eq!(narrowed.admit(&request, RUNNER, at(1)), Err(RefusalCode::PurposeNotAllowed));
}

#[test]
fn an_expired_request_is_refused() {
    let request = body(&disclosure_request(), &viewer_key());
    assert_eq!(policy().admit(&request, RUNNER, at(300)), Err(RefusalCode::CommandExpired));
}

#[test]
fn a_policy_that_cannot_be_meant_is_refused() {
    assert_eq!(policy().check(), Ok(()));
    let stranger = stranger_key().kid();
    assert_eq!(mistake(|it| it.viewers[0].kid = stranger), TrustPolicyError::Key(stranger));
    assert_eq!(
        mistake(|it| it.procedure_signers[0].kid = stranger),
        TrustPolicyError::Key(stranger)
    );
    let es256 = root_key().public().jwk();
    assert_eq!(mistake(|it| it.authority = es256), TrustPolicyError::Key(es256.kid()));
    let author = author_key().kid();
    let twice = |it: &mut TrustPolicy| it.procedure_signers[2] = it.procedure_signers[0].clone();
    assert_eq!(mistake(twice), TrustPolicyError::Twice(author));
    for threshold in [0, 1, 4] {
        assert_eq!(
            mistake(|it| it.threshold = threshold),
            TrustPolicyError::Threshold { threshold, signers: 3 }
        );
    }
    let path = |it: &mut TrustPolicy| it.commands.allow[0].path = "sshd".to_owned();
    assert_eq!(mistake(path), TrustPolicyError::Path("sshd".to_owned()));
    assert_eq!(mistake(path).code(), "trust-policy-invalid");
}

#[test]
fn every_change_changes_the_digest_and_spelling_does_not() {
    let digest = policy().digest().unwrap();
    let stricter = TrustPolicy { threshold: 3, ..policy() };
    assert_ne!(stricter.digest().unwrap(), digest);
    let mut quota = policy();
    quota.drilldown.max_per_day = 6;
    assert_ne!(quota.digest().unwrap(), digest);
    let respelt = serde_json::to_string_pretty(&policy()).unwrap();
    let again: TrustPolicy = serde_json::from_str(&respelt).unwrap();
    assert_eq!(again.digest().unwrap(), digest);
}

#[test]
fn what_is_left_out_allows_nothing_and_unknown_keys_are_refused() {
    let mut value = serde_json::to_value(policy()).unwrap();
    let object = value.as_object_mut().unwrap();
    for key in ["viewers", "connectors", "commands", "egress", "drilldown", "disclose"] {
        object.remove(key);
    }
    let bare: TrustPolicy = serde_json::from_value(value.clone()).unwrap();
    assert!(
        bare.viewers.is_empty() && bare.commands.allow.is_empty() && bare.egress.allow.is_empty()
    );
    assert_eq!((bare.drilldown.max_per_day, bare.disclose.len()), (0, 0));
    value["drill_down"] = serde_json::json!({});
    assert!(serde_json::from_value::<TrustPolicy>(value).is_err());
}
