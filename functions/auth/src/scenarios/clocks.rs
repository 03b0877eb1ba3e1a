//! A clock that jumps: what was over stays over, what was used stays used, and whoever is there goes on.

use axum::http::StatusCode;
use serde_json::json;

use super::world::{PASSWORD, World};

const HOUR_S: i64 = 3_600;

/// Tokens of an hour that is yet to come count for nobody; the device refreshes, and goes on with what it gets.
#[tokio::test]
async fn a_device_goes_on_after_the_clock_went_back_an_hour() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.wait_s(-HOUR_S);
    assert_eq!(world.get("/v1/me", &ada.access).await.code(), "unauthenticated");
    let now = world.refreshed(&ada).await;
    assert_eq!(world.get("/v1/me", &now.access).await.status, StatusCode::OK);
    world.wait_s(HOUR_S);
    let later = world.refreshed(&now).await;
    assert_eq!(world.get("/v1/me", &later.access).await.status, StatusCode::OK);
    assert_eq!(world.refresh(&ada.refresh).await.code(), "refresh-invalid", "it was used");
}

/// A second factor that is said to be shown an hour from now is not fresh for an hour.
#[tokio::test]
async fn a_clock_that_goes_back_makes_no_second_factor_fresh() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.wait_s(-HOUR_S);
    let ada = world.refreshed(&ada).await;
    let issue = json!({"name": "nightly", "scopes": ["user_read"], "days": 30});
    let refused = world.post("/v1/me/tokens", Some(&ada.access), issue).await;
    assert_eq!(refused.code(), "step-up-required", "{}", refused.body);
}

/// Threat T09, with time on the attacker's side: a code that was used counts no more, and a backup code lets its owner in meanwhile.
#[tokio::test]
async fn a_code_that_was_used_counts_no_more_when_the_clock_went_back() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.wait_s(-HOUR_S);
    let earlier = world.sign_in("ada@example.com", PASSWORD, &ada.secret).await;
    assert_eq!(earlier.code(), "code-invalid", "its step is before the last one that was used");
    world.wait_s(HOUR_S);
    let again = world.sign_in("ada@example.com", PASSWORD, &ada.secret).await;
    assert_eq!(again.code(), "code-invalid");
    world.wait_s(-HOUR_S);
    let login = world.login("ada@example.com", PASSWORD).await;
    let path = format!("/v1/logins/{}/backup-code", login.text("login"));
    let backup = world.post(&path, None, json!({"code": ada.backup[0]})).await;
    assert_eq!(backup.status, StatusCode::CREATED, "{}", backup.body);
}

/// A lock lasts at least as long as it says, whichever way the clock goes; it ends when its time has come.
#[tokio::test]
async fn no_clock_that_goes_back_shortens_a_lock() {
    let world = World::with_tenant().await;
    world.enrolled("ada@example.com").await;
    for _ in 0..5 {
        world.login("ada@example.com", "wrong horse battery").await;
    }
    for step in [0, -HOUR_S, HOUR_S + 59] {
        world.wait_s(step);
        let locked = world.login("ada@example.com", PASSWORD).await;
        assert_eq!(locked.code(), "login-failed", "{step}");
    }
    world.wait_s(1);
    assert_eq!(world.login("ada@example.com", PASSWORD).await.status, StatusCode::CREATED);
}

/// A login, a link and a session that were over come back with no clock: what ended them was written down, or its time is absolute.
#[tokio::test]
async fn what_was_used_stays_used_whatever_the_clock_says() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.post("/v1/password-resets", None, json!({"email": "ada@example.com"})).await;
    let token = world.token_in_letter("ada@example.com", "pfl_rst_").await.unwrap();
    let body = json!({"token": token, "password": "seventeen quiet otters"});
    let reset = world.post("/v1/password-resets/redeem", None, body.clone()).await;
    assert_eq!(reset.status, StatusCode::OK, "{}", reset.body);
    for step in [-HOUR_S, 2 * HOUR_S, -30 * 24 * HOUR_S] {
        world.wait_s(step);
        let again = world.post("/v1/password-resets/redeem", None, body.clone()).await;
        assert_eq!(again.code(), "reset-invalid", "{step}");
        assert_eq!(world.refresh(&ada.refresh).await.code(), "refresh-invalid", "{step}");
    }
}
