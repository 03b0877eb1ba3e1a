//! Intents beside another implementation, and what is not believed.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ed25519_dalek::{Signer as _, SigningKey};

use super::*;
use crate::sample;

/// RFC 8037 appendix A.1 to A.3: the secret and public key, and the thumbprint.
#[test]
fn the_key_id_is_the_thumbprint_of_rfc_8037() {
    let secret = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let key = SigningKey::from_bytes(&secret.try_into().unwrap()).verifying_key();
    let x = URL_SAFE_NO_PAD.encode(key.as_bytes());
    assert_eq!(x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    assert_eq!(thumbprint(&key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn an_intent_is_written_in_the_order_of_its_keys() {
    let text = sample::intent(7).to_text().unwrap();
    assert_eq!(text, sample::INTENT_7);
    assert_eq!(serde_json_canonicalizer::pipe(&text).unwrap(), text);
    assert_eq!(Intent::parse(&text).unwrap(), sample::intent(7));
}

/// Computed with Python: `hashlib.sha256(text).hexdigest()`, and `cryptography`'s Ed25519 over
/// `b"proofline-intent-v1\0" + text` with the seed 32 × 0x07.
#[test]
fn digest_and_signature_are_those_of_another_implementation() {
    let signed = SignedIntent::sign(sample::INTENT_7.to_owned(), &sample::app_key());
    assert_eq!(signed.digest().to_string(), sample::INTENT_7_SHA256);
    assert_eq!(signed.sig, sample::INTENT_7_SIGNATURE);
    assert_eq!(signed.kid, sample::APP_KID);
}

#[test]
fn a_signed_intent_is_believed_only_as_it_was_signed() {
    let key = sample::app_key().verifying_key();
    let signed = SignedIntent::sign(sample::INTENT_7.to_owned(), &sample::app_key());
    assert_eq!(signed.clone().verify(&key).unwrap().text(), sample::INTENT_7);

    let edited = signed.intent.replace("ADMIN", "OWNER");
    let edited = SignedIntent { intent: edited, ..signed.clone() };
    assert!(matches!(edited.verify(&key), Err(IntentError::Signature)));
    let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
    assert!(matches!(signed.clone().verify(&other), Err(IntentError::Key { .. })));
    let renamed = SignedIntent { kid: thumbprint(&other), ..signed };
    assert!(matches!(renamed.verify(&other), Err(IntentError::Signature)));
}

/// The bare text signed without its context must not count.
#[test]
fn a_signature_made_for_another_purpose_is_refused() {
    let sig = STANDARD.encode(sample::app_key().sign(sample::INTENT_7.as_bytes()).to_bytes());
    let key = sample::app_key().verifying_key();
    let kid = thumbprint(&key);
    let signed = SignedIntent { intent: sample::INTENT_7.to_owned(), kid, sig };
    assert!(matches!(signed.verify(&key), Err(IntentError::Signature)));
}

#[test]
fn malformed_members_are_refused_by_name() {
    type Edit = (&'static str, fn(&mut Intent));
    let edits: [Edit; 9] = [
        ("action", |intent| intent.action = "a\"b".to_owned()),
        ("at", |intent| intent.at = "2026-11-21T00:00:00Z".to_owned()),
        ("id", |intent| intent.id = String::new()),
        ("salt", |intent| intent.salt = "B".repeat(32)),
        ("src", |intent| intent.src.number = 0),
        ("src", |intent| intent.src.number = 1),
        ("src", |intent| intent.src.prev = None),
        ("t", |intent| intent.tenant = String::new()),
        ("v", |intent| intent.version = 2),
    ];
    for (member, edit) in edits {
        let mut intent = sample::intent(7);
        edit(&mut intent);
        let refused = intent.to_text().unwrap_err();
        assert!(matches!(refused, IntentError::Member(found) if found == member), "{member}");
    }
}

#[test]
fn what_the_profile_forbids_is_refused_at_writing() {
    for (key, value) in
        [("float", Value::from(0.5)), ("minus", Value::from(-1)), ("Key", Value::Null)]
    {
        let mut intent = sample::intent(7);
        intent.data.insert(key.to_owned(), value);
        assert!(matches!(intent.to_text(), Err(IntentError::Profile(_))), "{key}");
    }
}
