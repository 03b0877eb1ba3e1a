//! Forged tokens: threats T36 and T37. What is accepted is said once; everything else here is a variation of it.

use domain::{SessionId, TenantId, UserId};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

use super::*;

const NOW_S: i64 = 1_795_219_200;

fn key(seed: u8) -> Es256Key {
    Es256Key::from_seed(&[seed; 32]).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": "proofline.test", "aud": "proofline.test", "sub": UserId::from_u128(7),
        "tid": TenantId::from_u128(1), "sid": SessionId::from_u128(9), "epo": 3, "acr": ACR_MFA,
        "amr": ["pwd", "otp", "mfa"], "auth_time": NOW_S, "iat": NOW_S, "nbf": NOW_S, "exp": NOW_S + 900,
        "jti": "AAAAAAAAAAAAAAAAAAAAAA",
    })
}

fn header() -> Value {
    json!({"alg": "ES256", "typ": "at+jwt", "kid": key(1).kid().to_string()})
}

/// A token with these very texts, signed with the key that verifiers trust.
fn signed(header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = key(1).sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn with(base: Value, name: &str, value: Value) -> String {
    let mut changed = base;
    changed[name] = value;
    changed.to_string()
}

fn without(base: Value, name: &str) -> String {
    let mut changed = base;
    changed.as_object_mut().unwrap().remove(name);
    changed.to_string()
}

fn verify(token: &str) -> Result<AccessClaims, TokenError> {
    let jwk = key(1).public().jwk();
    TokenVerifier::new("proofline.test", [&jwk]).verify(token, Timestamp::from_unix_s(NOW_S))
}

#[test]
fn a_token_that_we_signed_counts() {
    let token = signed(&header().to_string(), &claims().to_string());
    assert_eq!(verify(&token).unwrap().sub, UserId::from_u128(7));
    let typed: AccessClaims = serde_json::from_value(claims()).unwrap();
    assert_eq!(verify(&sign_access_token(&key(1), &typed).unwrap()), Ok(typed));
}

/// Whoever signs with our key could say this; we never do, and nobody is believed who does.
#[test]
fn every_other_header_is_refused_although_the_signature_holds() {
    let claims = claims().to_string();
    let good = header().to_string();
    let headers = [
        with(header(), "alg", json!("none")),
        with(header(), "alg", json!("HS256")),
        with(header(), "alg", json!("ES384")),
        with(header(), "alg", json!("RS256")),
        with(header(), "alg", json!("es256")),
        with(header(), "alg", json!(["ES256"])),
        with(header(), "typ", json!("JWT")),
        with(header(), "typ", json!("jwt")),
        with(header(), "typ", json!("AT+JWT")),
        with(header(), "typ", json!("application/at+jwt")),
        with(header(), "typ", json!("logout+jwt")),
        with(header(), "typ", Value::Null),
        without(header(), "typ"),
        without(header(), "alg"),
        without(header(), "kid"),
        with(header(), "kid", json!("../../../../etc/passwd")),
        with(header(), "kid", json!(key(2).kid().to_string())),
        with(header(), "kid", json!("")),
        with(header(), "kid", json!(1)),
        with(header(), "crit", json!(["exp"])),
        with(header(), "jwk", serde_json::to_value(key(2).public().jwk()).unwrap()),
        with(header(), "jku", json!("https://evil.test/jwks.json")),
        with(header(), "x5u", json!("https://evil.test/chain.pem")),
        with(header(), "x5c", json!(["MIIB"])),
        with(header(), "b64", json!(false)),
        with(header(), "zip", json!("DEF")),
        with(header(), "cty", json!("JWT")),
        good.replace("\"alg\"", "\"alg\":\"none\",\"alg\""),
        "[]".to_owned(),
        "{".to_owned(),
    ];
    for header in headers {
        assert!(verify(&signed(&header, &claims)).is_err(), "{header}");
    }
}

/// The class of CVE-2026-25537: a claim of another type is no claim.
#[test]
fn every_other_claim_is_refused_although_the_signature_holds() {
    let header = header().to_string();
    let good = claims().to_string();
    let bodies = [
        with(claims(), "iss", json!("proofline.example")),
        with(claims(), "iss", json!(["proofline.test"])),
        with(claims(), "iss", json!(1)),
        with(claims(), "iss", Value::Null),
        with(claims(), "aud", json!("staging.test")),
        with(claims(), "aud", json!(["proofline.test"])),
        with(claims(), "aud", json!(1)),
        with(claims(), "sub", json!("usr_")),
        with(claims(), "tid", json!("usr_00000000000000000000000001")),
        with(claims(), "sid", json!("*")),
        with(claims(), "exp", json!((NOW_S + 900).to_string())),
        with(claims(), "exp", json!(1e300)),
        with(claims(), "exp", json!(-1)),
        with(claims(), "exp", Value::Null),
        with(claims(), "exp", json!(NOW_S - 5)),
        with(claims(), "nbf", json!("0")),
        with(claims(), "nbf", json!(NOW_S + 6)),
        with(claims(), "iat", json!(NOW_S + 6)),
        with(claims(), "epo", json!(-1)),
        with(claims(), "epo", json!("3")),
        with(claims(), "amr", json!("mfa")),
        with(claims(), "scope", json!("admin")),
        with(claims(), "roles", json!(["owner"])),
        with(claims(), "act", json!({"sub": "me"})),
        without(claims(), "iss"),
        without(claims(), "aud"),
        without(claims(), "sub"),
        without(claims(), "tid"),
        without(claims(), "exp"),
        without(claims(), "nbf"),
        without(claims(), "epo"),
        without(claims(), "jti"),
        good.replace("\"sub\"", "\"sub\":\"usr_00000000000000000000000008\",\"sub\""),
        "null".to_owned(),
        String::new(),
    ];
    for body in bodies {
        assert!(verify(&signed(&header, &body)).is_err(), "{body}");
    }
}

#[test]
fn another_signature_and_another_form_are_refused() {
    let good = signed(&header().to_string(), &claims().to_string());
    let (rest, signature) = good.rsplit_once('.').unwrap();
    let other = URL_SAFE_NO_PAD.encode(key(2).sign(rest.as_bytes()).unwrap());
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[63] ^= 1;
    let flipped = URL_SAFE_NO_PAD.encode(&bytes);
    let longer = URL_SAFE_NO_PAD.encode([bytes.as_slice(), &[0]].concat());
    let zero = URL_SAFE_NO_PAD.encode([0; 64]);
    for signature in ["", "=", &other, &flipped, &longer, &zero, &format!("{signature}=")] {
        assert!(verify(&format!("{rest}.{signature}")).is_err(), "{signature}");
    }
    for token in [
        String::new(),
        "..".into(),
        rest.into(),
        format!("{good}.{signature}"),
        format!(" {good}"),
        format!("{good}\n"),
        good.replace('.', ""),
        format!("{good}{}", "A".repeat(4096)),
    ] {
        assert!(verify(&token).is_err(), "{token}");
    }
}

/// The public key as the secret of an HMAC: the oldest trick.
#[test]
fn our_public_key_is_nobodys_secret() {
    let jwk = serde_json::to_value(key(1).public().jwk()).unwrap();
    let point = [jwk["x"].as_str().unwrap(), jwk["y"].as_str().unwrap()].concat();
    for secret in [jwk.to_string(), point] {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some("at+jwt".into());
        header.kid = Some(key(1).kid().to_string());
        let secret = EncodingKey::from_secret(secret.as_bytes());
        let forged = jsonwebtoken::encode(&header, &claims(), &secret).unwrap();
        assert_eq!(verify(&forged), Err(TokenError::Form));
    }
}

#[test]
fn clocks_may_differ_by_five_seconds_and_no_more() {
    let header = header().to_string();
    let at =
        |name: &str, time| verify(&signed(&header, &with(claims(), name, json!(time)))).is_ok();
    assert!(at("exp", NOW_S - 4) && !at("exp", NOW_S - 5));
    assert!(at("nbf", NOW_S + 5) && !at("nbf", NOW_S + 6));
    assert!(at("iat", NOW_S + 5) && !at("iat", NOW_S + 6));
}
