use domain::Fault as _;

use super::*;
use crate::{
    Base64, Base64Url, Digest,
    key::{Ed25519Key, Jwk, KeyError, PublicKey, Signer},
    receipt::Receipt,
    samples::{RUNNER, approver_key, at, author_key, receipt_key, runner_key, stranger_key},
    strict_json::JsonError,
};

fn keys(of: &[&dyn Signer]) -> Vec<PublicKey> {
    of.iter().map(|key| key.public().clone()).collect()
}

fn procedure(signers: &[&dyn Signer]) -> Envelope {
    Envelope::sign(PayloadType::Procedure, b"{}".to_vec(), signers).unwrap()
}

fn procedure_verdict(envelope: &Envelope, threshold: usize) -> Result<Verified, EnvelopeError> {
    let known = keys(&[&author_key(), &approver_key()]);
    verify(envelope, PayloadType::Procedure, &known, threshold)
}

/// The example of the DSSE specification (protocol.md, "Test Vectors"): encoding, key and signature.
#[test]
fn the_encoding_and_signature_are_those_of_the_specification() {
    let encoded = pae("http://example.com/HelloWorld", b"hello world");
    assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    // The specification gives the coordinates in decimal.
    let coordinate = |text: &str| hex::decode(text).unwrap().try_into().unwrap();
    let key = PublicKey::from_jwk(&Jwk::P256 {
        x: coordinate("67cd390f77aa359cb08c2235f652270493a9ed832b0abcc01f70954c0390d238"),
        y: coordinate("0c782bd54e269125a44f4433aff1432ce94e12bca73aa67ac80cea12608ddf74"),
    });
    let signature: Base64 =
        "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="
            .parse()
            .unwrap();
    assert_eq!(key.unwrap().verify(&encoded, &signature.0), Ok(()));
}

/// Signed with Python cryptography 50.0.2 (ES256) over an envelope made with its `json` and `base64`.
#[test]
fn an_envelope_of_another_implementation_is_read() {
    let json = r#"{"payload": "eyJpZCI6IjAwMDAwMDAwMDAwMDAwMDAwMDQyIiwicGF5bG9hZF9zaGEyNTYiOiIyMzlmNTllZDU1ZTczN2M3NzE0N2NmNTVhZDBjMWIwMzBiNmQ3ZWU3NDhhNzQyNjk1MmY5Yjg1MmQ1YTkzNWU1IiwicHJvbWlzZSI6eyJpbnRlbnQiOiIyODJiY2JjM2YwYTM0YThhNGFjNmYwMGMyNzZmY2Y2NmNmMzc1N2EzMzMyZTgzZDkyMjA4ZTUwNzlhZjQ2OTIyIiwic2VhbF9ieSI6IjIwMjctMDEtMTVUMDg6MDE6MDAuMDAwMDAwWiJ9LCJyZWNlaXZlZF9hdCI6IjIwMjctMDEtMTVUMDg6MDA6MDAuMDAwMDAwWiIsInJ1bm5lciI6InJucl8wMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMiIsInNlcXVlbmNlIjo0Miwic291cmNlIjoidXJuOnByb29mbGluZTpydW5uZXI6cm5yXzAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAyIiwidGVuYW50IjoidGVuXzAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAxIiwidiI6MX0=", "payloadType": "application/vnd.proofline.receipt+json", "signatures": [{"keyid": "9KXN0mb4Z55mXkvPw4-cTG1CCo-WPu-hLEKG8le1CuU", "sig": "IjGPU53GXFy4HJ6AKGSaTZFEkB6hu7NBJC5Et16FUrHEUKoW63uemNGrlT6BaE5bN9IRJlv+R8I0+LQJL2ciFQ=="}]}"#;
    let envelope = Envelope::from_json(json.as_bytes()).unwrap();
    let receipt = Receipt::verify(&envelope, receipt_key().public()).unwrap();
    assert_eq!((receipt.sequence, receipt.received_at), (42, at(0)));
    assert!(receipt.is_for(RUNNER, 42, b"payload"));
    assert!(!receipt.is_for(RUNNER, 43, b"payload"));
    assert!(!receipt.is_for(RUNNER, 42, b"payload2"));
    assert_eq!(crate::canonical::to_vec(&receipt).unwrap(), envelope.unverified_payload());
}

#[test]
fn what_was_signed_comes_out() {
    let verified = procedure_verdict(&procedure(&[&author_key(), &approver_key()]), 2).unwrap();
    assert_eq!(verified.payload, b"{}");
    let mut signers = vec![author_key().kid(), approver_key().kid()];
    signers.sort();
    assert_eq!(verified.signers, signers);
}

#[test]
fn one_key_counts_once() {
    let twice = procedure(&[&author_key(), &author_key()]);
    assert_eq!(procedure_verdict(&twice, 2), Err(EnvelopeError::Threshold { needed: 2, found: 1 }));
    assert!(procedure_verdict(&twice, 1).is_ok());
}

#[test]
fn a_stranger_counts_for_nothing() {
    let stranger = procedure(&[&stranger_key()]);
    assert_eq!(procedure_verdict(&stranger, 1), Err(EnvelopeError::Unsigned));
    assert_eq!(procedure_verdict(&stranger, 0), Err(EnvelopeError::Unsigned));
    let with_stranger = procedure(&[&author_key(), &stranger_key()]);
    assert!(procedure_verdict(&with_stranger, 1).is_ok());
    assert!(procedure_verdict(&with_stranger, 2).is_err());
}

#[test]
fn a_changed_payload_and_a_changed_type_are_found() {
    let mut changed = procedure(&[&author_key()]);
    changed.payload.0.push(b' ');
    assert_eq!(procedure_verdict(&changed, 1), Err(EnvelopeError::Signature(author_key().kid())));
    let mut relabelled = procedure(&[&author_key()]);
    relabelled.payload_type = PayloadType::Statement;
    let known = keys(&[&author_key()]);
    assert_eq!(
        verify(&relabelled, PayloadType::Statement, &known, 1),
        Err(EnvelopeError::Signature(author_key().kid()))
    );
    assert_eq!(
        procedure_verdict(&relabelled, 1),
        Err(EnvelopeError::Type {
            expected: PayloadType::Procedure,
            found: PayloadType::Statement
        })
    );
}

#[test]
fn one_wrong_signature_of_a_known_key_spoils_the_envelope() {
    let mut forged = procedure(&[&author_key(), &approver_key()]);
    forged.signatures[1].sig.0[0] ^= 1;
    assert_eq!(procedure_verdict(&forged, 1), Err(EnvelopeError::Signature(approver_key().kid())));
    let mut swapped = procedure(&[&stranger_key()]);
    swapped.signatures[0].keyid = author_key().kid();
    assert_eq!(procedure_verdict(&swapped, 1), Err(EnvelopeError::Signature(author_key().kid())));
}

#[test]
fn an_envelope_has_1_to_8_signatures() {
    let strangers: Vec<_> = (30..38).map(|seed| Ed25519Key::from_seed(&[seed; 32])).collect();
    let signers = |count: usize| -> Vec<&dyn Signer> {
        strangers.iter().take(count).map(|key| key as &dyn Signer).collect()
    };
    let author = author_key();
    let eight = [signers(7), vec![&author as &dyn Signer]].concat();
    assert!(procedure_verdict(&procedure(&eight), 1).is_ok());
    let nine = [signers(8), vec![&author as &dyn Signer]].concat();
    assert_eq!(procedure_verdict(&procedure(&nine), 1), Err(EnvelopeError::Count(9)));
    assert_eq!(procedure_verdict(&procedure(&[]), 1), Err(EnvelopeError::Count(0)));
}

#[test]
fn a_payload_has_at_most_256_kib() {
    let known = keys(&[&author_key()]);
    let verdict = |length: usize| {
        let envelope =
            Envelope::sign(PayloadType::Statement, vec![b' '; length], &[&author_key()]).unwrap();
        verify(&envelope, PayloadType::Statement, &known, 1)
    };
    assert!(verdict(262_144).is_ok());
    assert_eq!(verdict(262_145).unwrap_err().code(), "payload-too-large");
}

#[test]
fn unknown_members_and_types_are_refused() {
    let text = serde_json::to_string(&procedure(&[&author_key()])).unwrap();
    assert!(Envelope::from_json(text.as_bytes()).is_ok());
    let extra = text.replacen('{', r#"{"extra":1,"#, 1);
    assert_eq!(Envelope::from_json(extra.as_bytes()).unwrap_err().code(), "unknown-field");
    for bad in [
        text.replace("procedure+json", "other+json"),
        text.replace("payloadType", "payloadtype"),
        text.replacen("\"e30=\"", "\"e30\"", 1),
        text.replace(r#""keyid":"#, r#""alg":"none","keyid":"#),
    ] {
        assert_ne!(bad, text);
        assert!(Envelope::from_json(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn a_signed_message_is_read_strictly() {
    let key = runner_key();
    let sign =
        |payload: &[u8]| Envelope::sign(PayloadType::Receipt, payload.to_vec(), &[&key]).unwrap();
    let open = |payload: &[u8]| open::<Receipt>(&sign(payload), key.public());
    assert!(matches!(open(b"{}"), Err(EnvelopeError::Payload(JsonError::Shape(_)))));
    assert!(matches!(
        open(b"{\"v\":1,\"v\":1}"),
        Err(EnvelopeError::Payload(JsonError::Syntax(_)))
    ));
    assert!(matches!(open(b"{\"x\":1}"), Err(EnvelopeError::Payload(JsonError::UnknownField(_)))));
    assert_eq!(Digest::of(b"{}"), Digest::of(sign(b"{}").unverified_payload()));
}

/// An implementation whose key does not work.
struct Broken(Ed25519Key);

impl Signer for Broken {
    fn public(&self) -> &PublicKey {
        self.0.public()
    }

    fn sign(&self, _: &[u8]) -> Result<[u8; 64], KeyError> {
        Err(KeyError::Signing)
    }
}

#[test]
fn nothing_half_signed_comes_out() {
    let broken = Broken(Ed25519Key::from_seed(&Base64Url([1; 32]).0));
    assert_eq!(
        Envelope::sign(PayloadType::Receipt, Vec::new(), &[&author_key(), &broken]),
        Err(KeyError::Signing)
    );
}
