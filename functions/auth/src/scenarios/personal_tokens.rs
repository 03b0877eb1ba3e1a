//! Personal access tokens.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::world::{Answer, SignedIn, World};

async fn issue(world: &World, who: &SignedIn, changes: Value) -> Answer {
    let mut wish = json!({"name": "nightly export", "scopes": ["user_read"], "days": 30});
    for (name, value) in changes.as_object().unwrap() {
        wish[name] = value.clone();
    }
    world.post("/v1/me/tokens", Some(&who.access), wish).await
}

#[tokio::test]
async fn a_program_does_what_its_token_is_for_and_nothing_else() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let issued = issue(&world, &ada, json!({})).await;
    assert_eq!(issued.status, StatusCode::CREATED, "{}", issued.body);
    let secret = issued.text("secret");
    assert!(secret.starts_with("pfl_pat_"), "{secret}");
    assert_eq!(world.get("/v1/users", secret).await.status, StatusCode::OK);
    for (method, path) in [
        ("GET", "/v1/me"),
        ("GET", "/v1/sessions"),
        ("GET", "/v1/me/tokens"),
        ("GET", "/v1/tenant"),
        ("POST", "/v1/me/tokens"),
        ("POST", "/v1/me/password"),
        ("POST", "/v1/step-up"),
        ("DELETE", "/v1/sessions"),
    ] {
        let bearer = format!("Bearer {secret}");
        let body = (method == "POST").then(|| json!({}));
        let refused = world.call((method, path), &[("authorization", &bearer)], body).await;
        assert_eq!(
            (refused.status, refused.code()),
            (StatusCode::FORBIDDEN, "token-scope"),
            "{method} {path}"
        );
    }
    assert!(world.recorded_in_access().await.contains(&"iam.token.issued ok user".to_owned()));
    assert!(world.letters().await.concat().contains("personal access token was issued"));
    let stored = world.stored_bytes();
    let digits = &secret[secret.len() - 72..secret.len() - 8];
    assert!(!stored.windows(64).any(|window| window == digits.as_bytes()), "not in the clear");
}

#[tokio::test]
async fn it_ends_when_it_is_revoked_over_or_its_user_is_signed_out_everywhere() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let tokens = [
        issue(&world, &ada, json!({"name": "one"})).await,
        issue(&world, &ada, json!({"name": "two", "days": 1})).await,
        issue(&world, &ada, json!({"name": "three"})).await,
    ];
    let works = async |n: usize| {
        let answer = world.get("/v1/users", tokens[n].text("secret")).await;
        answer.status == StatusCode::OK
    };
    assert!(works(0).await && works(1).await && works(2).await);
    let path = format!("/v1/me/tokens/{}", tokens[0].text("token"));
    for _ in 0..2 {
        let revoked = world.delete(&path, &ada.access).await;
        assert_eq!((revoked.status, &revoked.body["state"]), (StatusCode::OK, &json!("over")));
    }
    assert!(!works(0).await);
    let recorded = world.recorded_in_access().await;
    let revocations = recorded.iter().filter(|line| *line == "iam.token.revoked ok user").count();
    assert_eq!(revocations, 1, "{recorded:?}");
    world.wait_s(86_400 - 1);
    assert!(works(1).await);
    world.wait_s(1);
    assert!(!works(1).await && works(2).await);
    let ada = world.signed_in_again(&ada).await;
    let listed = world.get("/v1/me/tokens", &ada.access).await;
    let tokens_now = listed.body["tokens"].as_array().unwrap();
    let mut states: Vec<_> =
        tokens_now.iter().map(|token| (token["name"].as_str(), token["state"].as_str())).collect();
    states.sort_unstable();
    let expected = [("one", "over"), ("three", "active"), ("two", "over")];
    assert_eq!(states, expected.map(|(name, state)| (Some(name), Some(state))));
    assert!(!listed.body.to_string().contains("sha256"));
    assert_eq!(world.delete("/v1/sessions", &ada.access).await.status, StatusCode::OK);
    assert!(!works(2).await);
}

#[tokio::test]
async fn issuing_needs_a_fresh_second_factor_and_a_sensible_wish() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    for (wish, code) in [
        (json!({"name": ""}), "token-name-invalid"),
        (json!({"scopes": []}), "token-scope-invalid"),
        (json!({"scopes": ["own_account"]}), "token-scope-invalid"),
        (json!({"scopes": ["audit_export"]}), "token-scope-invalid"),
        (json!({"scopes": ["nothing_of_ours"]}), "validation"),
        (json!({"days": 0}), "token-lifetime-invalid"),
        (json!({"days": 366}), "token-lifetime-invalid"),
    ] {
        let refused = issue(&world, &ada, wish.clone()).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, code), "{wish}");
    }
    let grace = world.enrolled_as("grace@example.com", domain::Role::Viewer).await;
    let beyond = issue(&world, &grace, json!({})).await;
    assert_eq!((beyond.status, beyond.code()), (StatusCode::FORBIDDEN, "token-scope-beyond"));
    world.wait_s(301);
    assert_eq!(issue(&world, &ada, json!({})).await.code(), "step-up-required");
}

#[tokio::test]
async fn what_is_no_token_of_the_tenant_is_unauthenticated() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let issued = issue(&world, &ada, json!({})).await;
    let secret = issued.text("secret");
    let unknown = domain::auth::PersonalTokenText::new(
        world.tenant,
        domain::PersonalTokenId::from_u128(77),
        [7; 32],
    );
    let unknown = secrecy::ExposeSecret::expose_secret(&unknown.expose()).to_owned();
    for text in [unknown.as_str(), &secret[..secret.len() - 1], "pfl_pat_"] {
        assert_eq!(world.get("/v1/users", text).await.code(), "unauthenticated", "{text}");
    }
    let path = format!("/v1/me/tokens/{}", issued.text("token"));
    let grace = world.enrolled_as("grace@example.com", domain::Role::Viewer).await;
    assert_eq!(world.delete(&path, &grace.access).await.code(), "not-found");
}

/// Threat T33: a token that comes back with a restored database is as dead as every session.
#[tokio::test]
async fn a_restored_database_brings_no_token_back() {
    let mut world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let issued = issue(&world, &ada, json!({})).await;
    let secret = issued.text("secret");
    world.restart().await;
    assert_eq!(world.get("/v1/users", secret).await.status, StatusCode::OK);
    world.restart_after_restore(1).await;
    assert_eq!(world.get("/v1/users", secret).await.code(), "unauthenticated");
    assert_eq!(world.get("/v1/me", &ada.access).await.code(), "unauthenticated");
    assert_eq!(world.refresh(&ada.refresh).await.code(), "refresh-invalid");
    let again = world.signed_in_again(&ada).await;
    let listed = world.get("/v1/me/tokens", &again.access).await;
    assert_eq!(listed.body["tokens"][0]["state"], "over");
}

/// Threat T35: what a user may not any more, a program of theirs may not either, with the next request.
#[tokio::test]
async fn a_token_outlives_neither_its_user_nor_their_role() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    for (n, what) in ["disable", "lock"].into_iter().enumerate() {
        let email = format!("admin{n}@example.com");
        let grace = world.enrolled_as(&email, domain::Role::Admin).await;
        let issued = issue(&world, &grace, json!({})).await;
        let secret = issued.text("secret").to_owned();
        assert_eq!(world.get("/v1/users", &secret).await.status, StatusCode::OK);
        let user = world.get("/v1/me", &grace.access).await.text("user").to_owned();
        let path = format!("/v1/users/{user}/{what}");
        let moved = world.post(&path, Some(&ada.access), json!({})).await;
        assert_eq!(moved.status, StatusCode::OK, "{}", moved.body);
        assert_eq!(world.get("/v1/users", &secret).await.code(), "unauthenticated", "{what}");
        let back = if what == "disable" { "enable" } else { "unlock" };
        world.post(&format!("/v1/users/{user}/{back}"), Some(&ada.access), json!({})).await;
        assert_eq!(world.get("/v1/users", &secret).await.code(), "unauthenticated", "{back}");
    }
    let grace = world.enrolled_as("grace@example.com", domain::Role::Admin).await;
    let issued = issue(&world, &grace, json!({})).await;
    let secret = issued.text("secret").to_owned();
    let user = world.get("/v1/me", &grace.access).await.text("user").to_owned();
    let path = format!("/v1/users/{user}/roles/admin");
    let revoked = world.delete(&path, &ada.access).await;
    assert_eq!(revoked.status, StatusCode::OK, "{}", revoked.body);
    assert_eq!(world.get("/v1/users", &secret).await.code(), "unauthenticated");
    let recorded = world.recorded_in_access().await;
    for line in ["iam.user.disabled ok user", "iam.membership.revoked ok user"] {
        assert!(recorded.contains(&line.to_owned()), "{line}: {recorded:?}");
    }
}
