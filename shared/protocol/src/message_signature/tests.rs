use domain::Fault as _;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{components::signature_base, *};
use crate::{
    Base64, Digest,
    key::{Ed25519Key, Jwk, PublicKey, Signer as _},
    samples::{NONCE, RUNNER as RUNNER_ID, TENANT, at, root_key, runner_key, stranger_key},
};

const BODY: &[u8] = br#"{"hello":"world"}"#;
const TARGET: &str = "https://proofline.example/api/runs/v1/runner/events?a=b";

/// Everything that reaches the verifier.
struct Message {
    method: &'static str,
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Message {
    fn unsigned(body: &[u8]) -> Self {
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: String| {
            headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        };
        put("proofline-runner", RUNNER_ID.to_string());
        put("proofline-tenant", TENANT.to_string());
        if !body.is_empty() {
            put("content-type", "application/cloudevents-batch+json".to_owned());
        }
        Self { method: "POST", target: TARGET.to_owned(), headers, body: body.to_vec() }
    }

    fn signed(body: &[u8]) -> Self {
        let mut message = Self::unsigned(body);
        message.sign(&RUNNER, 60).unwrap();
        message
    }

    fn sign(
        &mut self,
        profile: &Profile,
        lifetime_s: i64,
    ) -> Result<Digest, MessageSignatureError> {
        let validity = Validity { created: at(0), lifetime_s, nonce: NONCE };
        let target = (self.method, self.target.as_str());
        sign(profile, target, &mut self.headers, &self.body, validity, &runner_key())
    }

    fn verify_at(&self, seconds: i64) -> Result<Accepted, MessageSignatureError> {
        self.verify_with(seconds, |kid| {
            (*kid == runner_key().kid()).then(|| runner_key().public().clone())
        })
    }

    fn verify_with(
        &self,
        seconds: i64,
        keys: impl FnOnce(&Kid) -> Option<PublicKey>,
    ) -> Result<Accepted, MessageSignatureError> {
        let Self { method, target, headers, body } = self;
        let request = Request { method, target_uri: target, headers, body };
        verify(&RUNNER, &request, keys, at(seconds))
    }

    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Replaces part of a header and checks that it was there.
    fn replace(&mut self, name: &'static str, from: &str, to: &str) {
        let changed = self.header(name).replace(from, to);
        assert_ne!(changed, self.header(name));
        self.headers.insert(name, changed.parse().unwrap());
    }

    /// Changes what the signature says of itself, and signs that again: what a dishonest holder of the key could send.
    fn resign(&mut self, from: &str, to: &str) {
        self.replace("signature-input", from, to);
        let input = self.header("signature-input").strip_prefix("sig1=").unwrap().to_owned();
        let (list, _) = input.split_once(')').unwrap();
        let names: Vec<_> =
            list.trim_start_matches('(').split(' ').map(|name| name.trim_matches('"')).collect();
        let request = Request {
            method: self.method,
            target_uri: &self.target,
            headers: &self.headers,
            body: &self.body,
        };
        let base =
            signature_base(&request, names.into_iter().filter(|name| !name.is_empty()), &input)
                .unwrap();
        let signature = format!("sig1=:{}:", Base64(runner_key().sign_bytes(&base).to_vec()));
        self.headers.insert("signature", signature.parse().unwrap());
    }
}

fn refusal(message: &Message) -> MessageSignatureError {
    message.verify_at(1).unwrap_err()
}

/// RFC 9421 appendix B.2.6, with the key of appendix B.1.4.
#[test]
fn the_signature_base_is_that_of_rfc_9421() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("content-type", "application/json"),
        ("content-length", "18"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let target_uri = "https://example.com/foo?param=Value&Pet=dog";
    let body = br#"{"hello": "world"}"#;
    let request = Request { method: "POST", target_uri, headers: &headers, body };
    let components = ["date", "@method", "@path", "@authority", "content-type", "content-length"];
    let parameters = r#"("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#;
    let base = signature_base(&request, components, parameters).unwrap();
    let x =
        hex::decode("26b40b8f93fff3d897112f7ebc582b232dbd72517d082fe83cfb30ddce43d1bb").unwrap();
    let key = PublicKey::from_jwk(&Jwk::Ed25519(x.try_into().unwrap())).unwrap();
    let signature: Base64 =
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
            .parse()
            .unwrap();
    assert_eq!(key.verify(&base, &signature.0), Ok(()));
    let private =
        hex::decode("9f8362f87a484a954e6e740c5b4c0e84229139a20aa8ab56ff66586f6a7d29c5").unwrap();
    let private = Ed25519Key::from_seed(&private.try_into().unwrap());
    assert_eq!(private.sign_bytes(&base).as_slice(), signature.0);
}

/// Computed with Python `hashlib` and cryptography 50.0.2 from the text of RFC 9421 and RFC 9530.
#[test]
fn a_runners_request_has_the_headers_that_another_implementation_computes() {
    let mut message = Message::unsigned(BODY);
    let named = message.sign(&RUNNER, 60).unwrap();
    assert_eq!(
        message.header("content-digest"),
        "sha-256=:k6I5cakU5erL8KjSUVTNownDwccvu5kU1Hxg88toFYg=:"
    );
    assert_eq!(
        message.header("signature-input"),
        concat!(
            r#"sig1=("@method" "@target-uri" "content-type" "content-digest" "proofline-runner" "proofline-tenant")"#,
            r#";created=1800000000;expires=1800000060;nonce="AAECAwQFBgcICQoLDA0ODw""#,
            r#";keyid="UDDReOZl1ipXAfp9wYsm13sDBMK5og--QWdBjzuf6o4";alg="ed25519";tag="proofline-runner-v1""#
        )
    );
    assert_eq!(
        message.header("signature"),
        "sig1=:YP7F5cW4+H37bw4HghL7JfuZ38jB+k5z2uoaRZlJHTaesfj/c3ZfIqv8F2eSjZd/5QObTBw6JvnEKUyoNf7xDA==:"
    );
    assert_eq!(
        named.to_string(),
        "b706d1edd4206f96ab056c1a27b1f105c71afb17fde1aecd6bce62020d0018e3"
    );
}

#[test]
fn a_signed_request_is_accepted_and_says_what_to_remember() {
    let message = Message::signed(BODY);
    let accepted = message.verify_at(1).unwrap();
    assert_eq!((accepted.kid, accepted.nonce), (runner_key().kid(), NONCE));
    assert_eq!((accepted.created, accepted.remember_until), (at(0), at(60 + 120)));
    assert_eq!(accepted.base_sha256, Digest::of(&accepted.base));
    assert_eq!(claimed_kid(&RUNNER, &message.headers), Ok(runner_key().kid()));
    assert!(Message::signed(b"").verify_at(1).is_ok());
}

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

#[test]
fn a_request_has_exactly_one_signature() {
    let mut second = Message::signed(BODY);
    let input = format!("{}, sig2={}", second.header("signature-input"), "()");
    second.headers.insert("signature-input", input.parse().unwrap());
    assert_eq!(refusal(&second), MessageSignatureError::Form("signature-input"));
    let mut other_label = Message::signed(BODY);
    other_label.replace("signature-input", "sig1=", "sig2=");
    assert_eq!(refusal(&other_label), MessageSignatureError::Form("signature-input"));
    let mut stray = Message::signed(BODY);
    let signature = format!("{}, sig2=:AAAA:", stray.header("signature"));
    stray.headers.insert("signature", signature.parse().unwrap());
    assert_eq!(refusal(&stray), MessageSignatureError::Form("signature"));
}

#[test]
fn what_two_parsers_could_read_differently_is_refused() {
    let mut label_twice = Message::signed(BODY);
    let input = label_twice.header("signature-input").to_owned();
    label_twice.headers.insert("signature-input", format!("sig1=(), {input}").parse().unwrap());
    assert_eq!(refusal(&label_twice), MessageSignatureError::Form("signature-input"));
    for (from, to) in [
        (";created=", ";created=1;created="),
        (";created=", "; created="),
        ("sig1=(", "sig1=( "),
        (r#"alg="ed25519""#, r#"alg="\ed25519""#),
    ] {
        let mut message = Message::signed(BODY);
        message.replace("signature-input", from, to);
        assert_eq!(refusal(&message), MessageSignatureError::Form("signature-input"), "{to}");
    }
}

#[test]
fn a_header_line_that_comes_twice_is_refused() {
    for name in
        ["content-digest", "content-type", "proofline-runner", "signature", "signature-input"]
    {
        let mut message = Message::signed(BODY);
        let again = message.headers[name].clone();
        message.headers.append(name, again);
        assert_eq!(refusal(&message), MessageSignatureError::Header(name.to_owned()));
    }
}

#[test]
fn a_missing_header_is_refused() {
    for name in ["signature", "signature-input"] {
        let mut message = Message::signed(BODY);
        message.headers.remove(name);
        assert_eq!(refusal(&message), MessageSignatureError::Unsigned(name));
        assert_eq!(refusal(&message).code(), "unsigned");
    }
    let mut message = Message::signed(BODY);
    message.headers.remove("content-type");
    assert_eq!(refusal(&message), MessageSignatureError::Header("content-type".to_owned()));
}

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

#[test]
fn a_target_that_is_no_absolute_uri_is_refused() {
    for target in ["/api/runs/v1/runner/events", "", "not a uri"] {
        let mut message = Message::unsigned(BODY);
        message.target = target.to_owned();
        assert_eq!(message.sign(&RUNNER, 60), Err(MessageSignatureError::Target), "{target}");
    }
}
