//! What a signature says of itself: its time, its lifetime, its key.

use super::*;

#[test]
fn every_parameter_is_needed_and_no_other_is_known() {
    for (name, from, to) in [
        ("created", ";created=1800000000", ""),
        ("created", "created=1800000000", r#"created="1800000000""#),
        ("expires", ";expires=1800000060", ""),
        ("nonce", r#";nonce="AAECAwQFBgcICQoLDA0ODw""#, ""),
        ("nonce", "AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0O"),
        ("keyid", r#";keyid="UDDReOZl1ipXAfp9wYsm13sDBMK5og--QWdBjzuf6o4""#, ""),
        ("alg", r#";alg="ed25519""#, ""),
        ("alg", "ed25519", "hmac-sha256"),
        ("alg", "ed25519", "none"),
        ("tag", r#";tag="proofline-runner-v1""#, ""),
        ("tag", "proofline-runner-v1", "proofline-drilldown-v1"),
        ("extra", ";created", ";extra;created"),
    ] {
        let mut message = Message::signed(BODY);
        message.resign(from, to);
        assert_eq!(refusal(&message), MessageSignatureError::Parameter(name.to_owned()), "{to}");
    }
}

#[test]
fn a_signature_counts_for_its_time_and_the_skew() {
    let message = Message::signed(BODY);
    assert!(message.verify_at(-120).is_ok());
    assert!(message.verify_at(60 + 119).is_ok());
    for seconds in [-121, 60 + 120] {
        let refused = message.verify_at(seconds).unwrap_err();
        assert_eq!(refused.code(), "clock-skew", "{seconds}");
        assert_eq!(
            refused,
            MessageSignatureError::ClockSkew { created: at(0), expires: at(60), now: at(seconds) }
        );
    }
}

#[test]
fn a_lifetime_is_1_to_120_seconds() {
    for (lifetime_s, fits) in [(0, false), (1, true), (120, true), (121, false), (-5, false)] {
        assert_eq!(Message::unsigned(BODY).sign(&RUNNER, lifetime_s).is_ok(), fits);
        let mut message = Message::signed(BODY);
        message.resign("expires=1800000060", &format!("expires={}", 1_800_000_000 + lifetime_s));
        assert_eq!(message.verify_at(0).is_ok(), fits, "{lifetime_s}");
    }
}

#[test]
fn the_key_is_the_one_that_is_known_under_that_name() {
    let message = Message::signed(BODY);
    let unknown = MessageSignatureError::UnknownKey(runner_key().kid());
    assert_eq!(message.verify_with(1, |_| None), Err(unknown.clone()));
    let stranger = |_: &Kid| Some(stranger_key().public().clone());
    assert_eq!(message.verify_with(1, stranger), Err(unknown.clone()));
    let mut renamed = Message::signed(BODY);
    renamed.replace(
        "signature-input",
        &runner_key().kid().to_string(),
        &stranger_key().kid().to_string(),
    );
    assert_eq!(renamed.verify_with(1, stranger), Err(MessageSignatureError::Signature));
    let mut es256 = Message::signed(BODY);
    es256.replace(
        "signature-input",
        &runner_key().kid().to_string(),
        &root_key().kid().to_string(),
    );
    let refused = es256.verify_with(1, |_| Some(root_key().public().clone()));
    assert_eq!(refused, Err(MessageSignatureError::UnknownKey(root_key().kid())));
}
