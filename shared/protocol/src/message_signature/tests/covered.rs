//! What a signature covers, and that no part of it can be changed.

use super::*;

#[test]
fn the_order_of_components_and_parameters_is_the_signers() {
    let mut message = Message::signed(BODY);
    message.resign(r#"("@method" "@target-uri""#, r#"("@target-uri" "@method""#);
    assert!(message.verify_at(1).is_ok());
    let tag = r#";tag="proofline-runner-v1""#;
    message.replace("signature-input", tag, "");
    message.resign(");created", &format!("){tag};created"));
    assert!(message.verify_at(1).is_ok());
}

#[test]
fn every_covered_part_is_protected() {
    let mut method = Message::signed(BODY);
    method.method = "PUT";
    let mut target = Message::signed(BODY);
    target.target = target.target.replace("a=b", "a=c");
    let mut authority = Message::signed(BODY);
    authority.target = authority.target.replace("proofline.example", "other.example");
    let mut media = Message::signed(BODY);
    media.replace("content-type", "batch+", "");
    let mut tenant = Message::signed(BODY);
    tenant.replace("proofline-tenant", "01", "02");
    let mut runner = Message::signed(BODY);
    runner.replace("proofline-runner", "02", "03");
    let mut expires = Message::signed(BODY);
    expires.replace("signature-input", "1800000060", "1800000061");
    for changed in [method, target, authority, media, tenant, runner, expires] {
        assert_eq!(refusal(&changed), MessageSignatureError::Signature);
    }
}

#[test]
fn another_body_is_found() {
    let mut swapped = Message::signed(BODY);
    swapped.body = br#"{"hello":"mallory"}"#.to_vec();
    assert_eq!(refusal(&swapped), MessageSignatureError::ContentDigest);
    swapped.headers.insert("content-digest", content_digest(&swapped.body).parse().unwrap());
    assert_eq!(refusal(&swapped), MessageSignatureError::Signature);
    let mut removed = Message::signed(BODY);
    removed.body.clear();
    assert!(matches!(refusal(&removed), MessageSignatureError::Coverage(_)));
    let mut added = Message::signed(b"");
    added.body = BODY.to_vec();
    assert!(matches!(refusal(&added), MessageSignatureError::Coverage(_)));
}

#[test]
fn exactly_the_profiles_components_are_covered() {
    for (from, to) in [
        (r#" "content-digest""#, ""),
        (r#""@method" "#, ""),
        (r#" "proofline-tenant""#, ""),
        (r#" "proofline-tenant""#, r#" "proofline-tenant" "@path""#),
        (r#" "proofline-tenant""#, r#" "proofline-tenant" "proofline-tenant""#),
        (r#""@method""#, r#""@target-uri""#),
    ] {
        let mut message = Message::signed(BODY);
        message.resign(from, to);
        assert!(matches!(refusal(&message), MessageSignatureError::Coverage(_)), "{to}");
    }
    let mut parameter = Message::signed(BODY);
    parameter.replace("signature-input", r#""@method""#, r#""@method";req"#);
    assert_eq!(refusal(&parameter), MessageSignatureError::Form("signature-input"));
}
