//! How often strangers may try: threats T01, T02, T04 and T08, and the class of CVE-2024-1722.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::json;

use super::world::{Answer, PASSWORD, World};

async fn login_from(world: &World, address: &str, email: &str) -> Answer {
    let from = [("x-forwarded-for", address)];
    let body = json!({"email": email, "password": "wrong horse battery"});
    world.call(("POST", "/v1/logins"), &from, Some(body)).await
}

/// Threat T01: of many stuffed passwords from one network, twenty a minute are looked at; the rest costs no hash.
#[tokio::test]
async fn a_network_tries_twenty_logins_a_minute() {
    let world = World::with_tenant().await;
    let mut refused = Vec::new();
    for n in 0..30 {
        // A caller adds addresses of its own in front; only what the proxy appended counts.
        let address = format!("198.51.100.{n}, 203.0.113.7");
        let answer = login_from(&world, &address, &format!("nobody{n}@example.com")).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            refused.push(answer);
        } else {
            assert_eq!(answer.code(), "login-failed");
        }
    }
    assert_eq!(refused.len(), 10);
    let headers = &refused[0].headers;
    assert_eq!(
        (refused[0].code(), &headers["retry-after"]),
        ("rate-limited", &"3".parse().unwrap())
    );
    assert_eq!(headers["ratelimit-policy"], "\"login-address\";q=20;w=60");
    assert_eq!(headers["ratelimit"], "\"login-address\";r=0;t=3");
    assert_eq!(login_from(&world, "203.0.113.8", "ada@example.com").await.code(), "login-failed");
    world.wait_s(3);
    assert_eq!(login_from(&world, "203.0.113.7", "ada@example.com").await.code(), "login-failed");
}

/// The class of CVE-2024-1722: many at once are counted one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_at_once_no_more_pass_than_may() {
    let world = Arc::new(World::with_tenant().await);
    for _ in 0..15 {
        let body = json!({"email": "not an address"});
        let from = [("x-forwarded-for", "203.0.113.7")];
        world.call(("POST", "/v1/password-resets"), &from, Some(body)).await;
    }
    let mut running = tokio::task::JoinSet::new();
    for n in 0..64 {
        let world = Arc::clone(&world);
        running.spawn(async move {
            let from = [("x-forwarded-for", "203.0.113.9")];
            let body = json!({"email": format!("nobody{n}@example.com")});
            let path = ("POST", "/v1/password-resets");
            let answer = world.call(path, &from, Some(body)).await;
            answer.status == StatusCode::ACCEPTED
        });
    }
    let passed = running.join_all().await.into_iter().filter(|passed| *passed).count();
    assert!((1..=20).contains(&passed), "{passed} of 64, where 20 may");
}

/// Threat T02: an attacker fails from everywhere; the device that signed in before still signs in.
#[tokio::test]
async fn failures_elsewhere_do_not_lock_a_known_device_out() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    for n in 0..100 {
        world.wait_s(3_600);
        let address = format!("203.0.113.{n}");
        assert_eq!(login_from(&world, &address, "ada@example.com").await.code(), "login-failed");
    }
    assert_eq!(world.login("ada@example.com", PASSWORD).await.code(), "login-failed", "locked");
    let mine = json!({"email": "ada@example.com", "password": PASSWORD, "device": ada.device});
    let login = world.post("/v1/logins", None, mine.clone()).await;
    assert_eq!(login.status, StatusCode::CREATED, "{}", login.body);
    // Nobody else's device helps, and nothing that is none.
    let grace = world.enrolled_as("grace@example.com", domain::Role::Viewer).await;
    for device in [grace.device.as_str(), "pfl_dev_", "x"] {
        let mut body = mine.clone();
        body["device"] = json!(device);
        assert_eq!(world.post("/v1/logins", None, body).await.code(), "login-failed");
    }
    let letters = world.letters().await.concat();
    assert_eq!(
        letters.matches("Subject: Your account is locked for a while").count(),
        2,
        "20 and 100"
    );
    assert!(letters.contains("There were 100 wrong passwords in a row"));
}

/// The lock of a hundred failures is lifted by the owner of the address.
#[tokio::test]
async fn a_reset_by_mail_lifts_the_last_lock() {
    let world = World::with_tenant().await;
    world.enrolled("ada@example.com").await;
    for n in 0..100 {
        world.wait_s(3_600);
        login_from(&world, &format!("203.0.113.{n}"), "ada@example.com").await;
    }
    world.wait_s(30 * 86_400);
    assert_eq!(world.login("ada@example.com", PASSWORD).await.code(), "login-failed");
    world.post("/v1/password-resets", None, json!({"email": "ada@example.com"})).await;
    let token = world.token_in_letter("ada@example.com", "pfl_rst_").await.unwrap();
    let body = json!({"token": token, "password": "seventeen quiet otters"});
    assert_eq!(world.post("/v1/password-resets/redeem", None, body).await.status, StatusCode::OK);
    let login = world.login("ada@example.com", "seventeen quiet otters").await;
    assert_eq!(login.status, StatusCode::CREATED, "{}", login.body);
}

/// An instance looks at fifty a second, whoever they are from, before it reads or hashes anything.
#[tokio::test]
async fn an_instance_shields_itself() {
    let world = World::with_tenant().await;
    let mut statuses = Vec::new();
    for _ in 0..60 {
        statuses.push(
            world.post("/v1/password-resets", None, json!({"email": "a@b.example"})).await.status,
        );
    }
    let refused =
        statuses.iter().filter(|status| **status == StatusCode::TOO_MANY_REQUESTS).count();
    assert_eq!(refused, 10, "{statuses:?}");
}

/// A known device is not announced; a new one is, with what it says of itself.
#[tokio::test]
async fn a_new_device_is_announced_by_mail_and_a_known_one_is_not() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let announced =
        async || world.letters().await.concat().matches("Subject: A new device signed in").count();
    assert_eq!(announced().await, 1);
    world.wait_s(30);
    let login = world.login("ada@example.com", PASSWORD).await;
    let path = format!("/v1/logins/{}/totp", login.text("login"));
    let body = json!({"code": world.code(&ada.secret), "device": ada.device});
    assert_eq!(world.post(&path, None, body).await.status, StatusCode::CREATED);
    assert_eq!(announced().await, 1, "it is known");
    world.wait_s(30);
    let login = world.login("ada@example.com", PASSWORD).await;
    let path = format!("/v1/logins/{}/totp", login.text("login"));
    let headers = [("user-agent", "Mozilla <b>\"5.0\"</b>"), ("x-forwarded-for", "203.0.113.7")];
    let body = json!({"code": world.code(&ada.secret)});
    let other = world.call(("POST", &path), &headers, Some(body)).await;
    assert_eq!(other.status, StatusCode::CREATED);
    assert_eq!(announced().await, 2);
    let letters = world.letters().await;
    let letter = letters.iter().rev().find(|letter| letter.contains("A new device")).unwrap();
    assert!(letter.contains("Network: 203.0.113.0/24."), "{letter}");
    assert!(letter.contains("Mozilla &lt;b&gt;"), "escaped in the page: {letter}");
    let listed = world.get("/v1/sessions", other.text("access_token")).await;
    assert_eq!(listed.body["sessions"][0]["network"], "203.0.113.0/24");
}

/// Three to one address in an hour, whoever invites, and however: auth.md 7.10.
#[tokio::test]
async fn nobody_is_flooded_with_invitations() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let invite = async |email: &str| {
        let body = json!({"email": email, "role": "viewer"});
        world.post("/v1/invitations", Some(&ada.access), body).await
    };
    let issued = invite("eve@example.com").await;
    assert_eq!(issued.status, StatusCode::CREATED);
    let again = format!("/v1/invitations/{}/resend", issued.text("invitation"));
    let resend = async || world.post(&again, Some(&ada.access), json!({})).await;
    assert_eq!((resend().await.status, resend().await.status), (StatusCode::OK, StatusCode::OK));
    let refused = resend().await;
    assert_eq!((refused.status, refused.code()), (StatusCode::TOO_MANY_REQUESTS, "rate-limited"));
    assert_eq!(invite("Eve@example.com").await.code(), "rate-limited");
    assert_eq!(invite("bob@example.com").await.status, StatusCode::CREATED, "another address");
    world.wait_s(20 * 60);
    let ada = world.signed_in_again(&ada).await;
    let later = world.post(&again, Some(&ada.access), json!({})).await;
    assert_eq!(later.status, StatusCode::OK, "{}", later.body);
}

/// Twenty of one tenant in an hour, to whomever: auth.md 7.10.
#[tokio::test]
async fn a_tenant_sends_twenty_invitations_in_an_hour() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let invite = async |number: usize| {
        let body = json!({"email": format!("guest{number}@example.com"), "role": "viewer"});
        world.post("/v1/invitations", Some(&ada.access), body).await
    };
    let first = invite(1).await;
    for number in 2..=20 {
        assert_eq!(invite(number).await.status, StatusCode::CREATED, "{number}");
    }
    let refused = invite(21).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::TOO_MANY_REQUESTS, "rate-limited"));
    let again = format!("/v1/invitations/{}/resend", first.text("invitation"));
    let refused = world.post(&again, Some(&ada.access), json!({})).await;
    assert_eq!(refused.code(), "rate-limited", "one that is sent again counts as well");
    world.wait_s(180);
    assert_eq!(invite(21).await.status, StatusCode::CREATED, "a twentieth of the hour later");
    assert_eq!(invite(22).await.code(), "rate-limited");
}
