//! Sign-in from outside: every step through the app's own endpoints, on the local backend.

mod attacks;
mod backup_codes;
mod break_glass;
mod browsers;
mod clocks;
mod fields;
mod invitations;
mod keys;
mod limits;
mod passwords;
mod personal_tokens;
mod platform;
mod recoveries;
mod redirects;
mod replays;
mod resets;
mod roles;
mod rotation;
mod sessions;
mod tenants;
mod unfinished;
mod users;
mod visits;
mod world;

use axum::http::StatusCode;
use serde_json::json;
use world::{PASSWORD, World};

#[tokio::test]
async fn an_owner_comes_in_by_invitation_and_must_enrol_a_second_factor_first() {
    let world = World::with_tenant().await;
    let begun = world.redeem("ada@example.com").await;
    assert_eq!(begun.status, StatusCode::CREATED);
    assert_eq!(begun.body["needs"], "enrol");
    let token = begun.text("enrolment_token");
    assert_eq!(world.get("/v1/me", token).await.code(), "unauthenticated", "no session yet");

    let offer = world.post("/v1/me/totp", Some(token), json!({})).await;
    let uri = offer.text("otpauth_uri");
    assert!(uri.starts_with("otpauth://totp/Proofline:ada%40example.com?secret="), "{uri}");
    let code = world.code(offer.text("secret"));
    let confirmed = world.post("/v1/me/totp/confirm", Some(token), json!({"code": code})).await;
    assert_eq!(confirmed.body["backup_codes"].as_array().unwrap().len(), 10);
    assert_eq!(confirmed.headers["cache-control"], "no-store");
    assert!(confirmed.body.get("access_token").is_none(), "not before they are kept");
    let tokens = world.post("/v1/me/totp/acknowledge", Some(token), json!({})).await;
    assert_eq!(
        (tokens.status, &tokens.body["token_type"]),
        (StatusCode::CREATED, &json!("Bearer"))
    );
    assert_eq!(tokens.body["expires_in"], 900);

    let me = world.get("/v1/me", tokens.text("access_token")).await;
    assert_eq!(me.body["email"], "ada@example.com");
    assert_eq!((&me.body["roles"], &me.body["plan"]), (&json!(["owner"]), &json!("enterprise")));
    assert_eq!(me.body["session"], tokens.body["session"]);
}

#[tokio::test]
async fn the_next_login_takes_password_and_code() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("Ada@Example.com").await;
    world.wait_s(30);
    let login = world
        .post("/v1/logins", None, json!({"email": "ada@example.com", "password": PASSWORD}))
        .await;
    assert_eq!((login.status, &login.body["needs"]), (StatusCode::CREATED, &json!("totp")));
    assert!(login.body.get("enrolment_token").is_none());
    let path = format!("/v1/logins/{}/totp", login.text("login"));
    let tokens = world.post(&path, None, json!({"code": world.code(&ada.secret)})).await;
    assert_eq!(tokens.status, StatusCode::CREATED);
    assert_eq!(world.get("/v1/me", tokens.text("access_token")).await.status, StatusCode::OK);
    let again = world.post(&path, None, json!({"code": world.code(&ada.secret)})).await;
    assert_eq!(again.code(), "login-over", "a login is complete once");
}

/// RFC 9470: the new token says when the second factor was shown.
#[tokio::test]
async fn a_step_up_makes_the_second_factor_fresh() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.wait_s(600);
    let before = world.get("/v1/me", &ada.access).await;
    let stale = world.post("/v1/step-up", Some(&ada.access), json!({"code": "000000"})).await;
    assert_eq!((stale.status, stale.code()), (StatusCode::UNAUTHORIZED, "code-invalid"));
    let code = world.code(&ada.secret);
    let fresh = world.post("/v1/step-up", Some(&ada.access), json!({"code": code})).await;
    assert_eq!(fresh.status, StatusCode::OK);
    let after = world.get("/v1/me", fresh.text("access_token")).await;
    assert_eq!(after.body["session"], before.body["session"]);
    assert_eq!(after.body["authenticated_at"], world.now().to_string());
    assert_ne!(after.body["authenticated_at"], before.body["authenticated_at"]);
}

#[tokio::test]
async fn the_public_keys_verify_access_tokens() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let jwks = world.get("/.well-known/jwks.json", "").await;
    assert_eq!(jwks.headers["cache-control"], "max-age=300");
    let key = &jwks.body["keys"][0];
    assert_eq!(
        (&key["alg"], &key["use"], &key["crv"]),
        (&json!("ES256"), &json!("sig"), &json!("P-256"))
    );
    let header = ada.access.split('.').next().unwrap();
    let header: serde_json::Value = serde_json::from_slice(&world::base64url(header)).unwrap();
    assert_eq!(header, json!({"alg": "ES256", "typ": "at+jwt", "kid": key["kid"]}));
}

/// Neither address nor secret nor token is found in what is stored.
#[tokio::test]
async fn what_is_secret_is_not_stored_in_the_clear() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let stored = world.stored_bytes();
    let refresh_mac = ada.refresh.rsplit('.').next().unwrap();
    let raw_secret = world::base32(&ada.secret);
    let finds = |needle: &[u8]| stored.windows(needle.len()).any(|window| window == needle);
    for needle in [
        "ada@example.com",
        PASSWORD,
        &ada.secret,
        refresh_mac,
        &ada.access,
        &world::invitation_secret(),
    ] {
        assert!(!finds(needle.as_bytes()), "{needle}");
    }
    assert!(!finds(&raw_secret));
    assert!(finds(b"Ada Lovelace"), "the search finds what is there");
}

#[tokio::test]
async fn every_step_is_recorded_with_who_did_it() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.login("ada@example.com", "wrong horse battery").await;
    world.wait_s(30);
    let login = world.login("ada@example.com", PASSWORD).await;
    let path = format!("/v1/logins/{}/totp", login.text("login"));
    world.post(&path, None, json!({"code": "000000"})).await;
    world.post(&path, None, json!({"code": world.code(&ada.secret)})).await;
    world.wait_s(30);
    world.post("/v1/step-up", Some(&ada.access), json!({"code": "000000"})).await;
    world.post("/v1/step-up", Some(&ada.access), json!({"code": world.code(&ada.secret)})).await;
    let next = world.refresh(&ada.refresh).await;
    world.delete(&format!("/v1/sessions/{}", ada.session), next.text("access_token")).await;
    assert_eq!(
        world.recorded().await,
        [
            "tenant.created ok system",
            "iam.user.invited ok system",
            "iam.user.created ok user",
            "auth.backup_codes.generated ok user",
            "auth.mfa.enrolled ok user",
            "auth.session.created ok user",
            "auth.login.failed denied anonymous",
            "auth.mfa.challenge_failed denied anonymous",
            "auth.login.succeeded ok user",
            "auth.session.created ok user",
            "auth.stepup.failed denied user",
            "auth.stepup.succeeded ok user",
            "auth.session.revoked ok user",
        ]
    );
}
