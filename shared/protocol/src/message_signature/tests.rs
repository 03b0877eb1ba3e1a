//! Requests that are signed and verified, beside another implementation.

mod covered;
mod parameters;
mod parsing;

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
