//! What must not work: threats T02–T13 of the design, from outside.

use std::collections::HashSet;

use axum::http::StatusCode;
use serde_json::json;

use super::world::{PASSWORD, World};

/// Threat T03: the same bytes and the same headers for an unknown address, a wrong password, and a locked account with the right one.
#[tokio::test]
async fn nobody_learns_whether_an_address_has_an_account() {
    let world = World::with_tenant().await;
    world.enrolled("ada@example.com").await;
    let unknown = world.login("eve@example.com", PASSWORD).await.anonymous();
    let malformed = world.login("not an address", PASSWORD).await.anonymous();
    let wrong = world.login("ada@example.com", "wrong horse battery").await.anonymous();
    for _ in 0..4 {
        world.login("ada@example.com", "wrong horse battery").await;
    }
    let locked = world.login("ada@example.com", PASSWORD).await.anonymous();
    assert_eq!(
        (unknown.0, unknown.1["code"].as_str()),
        (StatusCode::UNAUTHORIZED, Some("login-failed"))
    );
    for other in [malformed, wrong, locked] {
        assert_eq!(unknown, other);
    }
    world.wait_s(60);
    assert_eq!(world.login("ada@example.com", PASSWORD).await.status, StatusCode::CREATED);
}

/// Threat T04: the same reads, the same hash, a write and the same messages, for a wrong password and for an address that nobody has; the first
/// try of a second, the next one, and the one after that, when the sealer is being woken already.
#[tokio::test]
async fn an_address_without_an_account_costs_what_one_with_an_account_costs() {
    let world = World::with_tenant().await;
    world.enrolled("ada@example.com").await;
    let guess = async |email| world.login(email, "wrong horse battery").await;
    guess("ada@example.com").await;
    guess("eve@example.com").await;
    for email in ["ada@example.com", "eve@example.com", "not an address"] {
        world.wait_s(1);
        let (_, _) = (world.storage.counted(), world.queue.counted());
        let mut costs = Vec::new();
        for _ in 0..3 {
            assert_eq!(guess(email).await.code(), "login-failed");
            costs.push((world.storage.counted(), world.queue.counted()));
        }
        let (reads, commits) = if email.contains('@') { (3, 1) } else { (2, 1) };
        let wanted = [1, 1, 0].map(|sent| ((reads, commits), sent));
        assert_eq!(costs, wanted, "reads, commits and messages for {email}");
    }
    let full = world.hasher.fill();
    for email in ["ada@example.com", "eve@example.com", "not an address"] {
        assert_eq!(guess(email).await.code(), "busy", "{email} is hashed");
    }
    drop(full);
    assert_eq!(guess("eve@example.com").await.code(), "login-failed");
}

/// The class of CVE-2024-1722: many guesses at once are decided one after the other, so the lock falls among them.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_guesses_at_once_only_as_many_count_as_the_lockout_allows() {
    let world = std::sync::Arc::new(World::with_tenant().await);
    world.enrolled("ada@example.com").await;
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let world = std::sync::Arc::clone(&world);
        guesses.spawn(
            async move { world.login("ada@example.com", "wrong horse battery").await.status },
        );
    }
    let statuses: HashSet<_> = guesses.join_all().await.into_iter().collect();
    assert!(!statuses.contains(&StatusCode::CREATED), "{statuses:?}");
    assert_eq!(world.login("ada@example.com", PASSWORD).await.code(), "login-failed", "locked");
}

/// Threat T09.
#[tokio::test]
async fn a_code_counts_once_in_whatever_login() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    // The code that confirmed the enrolment is still within its window, and was used.
    let enrolment_code = json!({"code": world.code(&ada.secret)});
    let first = world.login("ada@example.com", PASSWORD).await;
    let path = format!("/v1/logins/{}/totp", first.text("login"));
    assert_eq!(world.post(&path, None, enrolment_code).await.code(), "code-invalid");
    world.wait_s(30);
    let code = json!({"code": world.code(&ada.secret)});
    assert_eq!(world.post(&path, None, code.clone()).await.status, StatusCode::CREATED);
    let second = world.login("ada@example.com", PASSWORD).await;
    let path = format!("/v1/logins/{}/totp", second.text("login"));
    assert_eq!(world.post(&path, None, code.clone()).await.code(), "code-invalid");
    assert_eq!(world.post("/v1/step-up", Some(&ada.access), code).await.code(), "code-invalid");
}

/// Threat T10.
#[tokio::test]
async fn of_eight_who_show_one_code_at_once_one_signs_in() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.wait_s(30);
    let (one, two) = (
        world.login("ada@example.com", PASSWORD).await,
        world.login("ada@example.com", PASSWORD).await,
    );
    let paths = [one, two].map(|login| format!("/v1/logins/{}/totp", login.text("login")));
    let code = json!({"code": world.code(&ada.secret)});
    let show = |n: usize| world.post(&paths[n % 2], None, code.clone());
    let answers =
        tokio::join!(show(0), show(1), show(2), show(3), show(4), show(5), show(6), show(7));
    let statuses: [StatusCode; 8] = [
        answers.0.status,
        answers.1.status,
        answers.2.status,
        answers.3.status,
        answers.4.status,
        answers.5.status,
        answers.6.status,
        answers.7.status,
    ];
    assert_eq!(
        statuses.iter().filter(|status| **status == StatusCode::CREATED).count(),
        1,
        "{statuses:?}"
    );
}

/// Threat T11, within one login and across logins.
#[tokio::test]
async fn five_wrong_codes_end_a_login_and_ten_lock_the_account() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.wait_s(30);
    for _ in 0..2 {
        let login = world.login("ada@example.com", PASSWORD).await;
        let path = format!("/v1/logins/{}/totp", login.text("login"));
        for _ in 0..5 {
            assert_eq!(
                world.post(&path, None, json!({"code": "000000"})).await.code(),
                "code-invalid"
            );
        }
        let over = world.post(&path, None, json!({"code": world.code(&ada.secret)})).await;
        assert_eq!(over.code(), "login-over");
    }
    world.wait_s(7 * 24 * 3_600);
    let login = world.login("ada@example.com", PASSWORD).await;
    let path = format!("/v1/logins/{}/totp", login.text("login"));
    let locked = world.post(&path, None, json!({"code": world.code(&ada.secret)})).await;
    assert_eq!((locked.status, locked.code()), (StatusCode::FORBIDDEN, "locked"));
}

/// Threat T11: whoever guesses codes knows the password, so the user is told, once, wherever the tenth one was shown.
#[tokio::test]
async fn the_user_is_told_when_ten_wrong_codes_lock_the_second_factor() {
    let told = async |world: &World| {
        let letters = world.letters().await;
        letters.iter().filter(|letter| letter.contains("Your second factor is locked")).count()
    };
    let wrong = json!({"code": "000000"});
    for is_login in [true, false] {
        let world = World::with_tenant().await;
        let ada = world.enrolled("ada@example.com").await;
        let offer = world.post("/v1/me/totp/next", Some(&ada.access), json!({})).await;
        assert_eq!(offer.status, StatusCode::CREATED);
        for _ in 0..9 {
            world.post("/v1/step-up", Some(&ada.access), wrong.clone()).await;
        }
        assert_eq!(told(&world).await, 0);
        let begun = world.login("ada@example.com", PASSWORD).await;
        let login = format!("/v1/logins/{}/totp", begun.text("login"));
        let (path, token) = if is_login {
            (login.as_str(), None)
        } else {
            ("/v1/me/totp/next/confirm", Some(ada.access.as_str()))
        };
        assert_eq!(world.post(path, token, wrong.clone()).await.code(), "code-invalid");
        assert_eq!(told(&world).await, 1);
        let locked = world.post("/v1/step-up", Some(&ada.access), wrong.clone()).await;
        assert_eq!((locked.code(), told(&world).await), ("locked", 1));
    }
}

/// Threat T11, of whoever has the session.
#[tokio::test]
async fn the_user_is_told_when_the_tenth_wrong_code_is_shown_in_a_session() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    for _ in 0..10 {
        world.post("/v1/step-up", Some(&ada.access), json!({"code": "000000"})).await;
    }
    let letters = world.letters().await.concat();
    assert_eq!(letters.matches("Subject: Your second factor is locked").count(), 1);
}

/// Threat T13: no step can be taken with the proof of another.
#[tokio::test]
async fn no_token_opens_a_door_that_it_is_not_for() {
    let world = World::with_tenant().await;
    let begun = world.redeem("ada@example.com").await;
    let (enrolment, login) = (begun.text("enrolment_token"), begun.text("login"));
    let path = format!("/v1/logins/{login}/totp");
    assert_eq!(
        world.post(&path, None, json!({"code": "000000"})).await.code(),
        "mfa-enrolment-required"
    );
    let early = world.post("/v1/me/totp/confirm", Some(enrolment), json!({"code": "000000"})).await;
    assert_eq!(early.code(), "mfa-not-offered");
    for token in [enrolment, login, ""] {
        for path in ["/v1/me", "/v1/sessions"] {
            assert_eq!(world.get(path, token).await.code(), "unauthenticated", "{path}");
        }
    }
    let offer = world.post("/v1/me/totp", Some(enrolment), json!({})).await;
    let code = json!({"code": world.code(offer.text("secret"))});
    let unconfirmed = world.post("/v1/me/totp/acknowledge", Some(enrolment), json!({})).await;
    assert_eq!(unconfirmed.code(), "mfa-not-offered");
    world.post("/v1/me/totp/confirm", Some(enrolment), code.clone()).await;
    let tokens = world.post("/v1/me/totp/acknowledge", Some(enrolment), json!({})).await;
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    // Complete: the enrolment token is used up, and no session token enrols another factor.
    assert_eq!(world.post("/v1/me/totp", Some(enrolment), json!({})).await.code(), "login-over");
    assert_eq!(world.post("/v1/me/totp/confirm", Some(enrolment), code).await.code(), "login-over");
    assert_eq!(world.post("/v1/me/totp", Some(access), json!({})).await.code(), "unauthenticated");
    assert_eq!(world.get("/v1/me", refresh).await.code(), "unauthenticated");
    assert_eq!(world.refresh(access).await.code(), "refresh-invalid");
}

#[tokio::test]
async fn a_login_that_is_unknown_malformed_or_late_is_over() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let login = world.login("ada@example.com", PASSWORD).await;
    let ticket = login.text("login");
    let (forged, _) = ticket.rsplit_once('.').unwrap();
    let forged = format!("{forged}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    world.wait_s(600);
    for name in [ticket, "x", "%ff", &forged] {
        let code = json!({"code": world.code(&ada.secret)});
        let over = world.post(&format!("/v1/logins/{name}/totp"), None, code).await;
        assert_eq!((over.status, over.code()), (StatusCode::UNAUTHORIZED, "login-over"), "{name}");
    }
}
