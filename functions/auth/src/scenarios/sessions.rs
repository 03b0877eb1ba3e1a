//! Sessions and their tokens: threats T30–T36 of the design, from outside.

use std::{collections::HashSet, time::Duration};

use axum::http::StatusCode;
use domain::{Role, auth::Session};
use serde_json::json;
use store::{Guard, GuardState};

use super::world::{PASSWORD, World};

#[tokio::test]
async fn a_refresh_gives_the_next_tokens_of_the_same_session() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.wait_s(900 + 6);
    assert_eq!(
        world.get("/v1/me", &ada.access).await.code(),
        "unauthenticated",
        "15 minutes and leeway"
    );
    let next = world.refresh(&ada.refresh).await;
    assert_eq!((next.status, next.text("session")), (StatusCode::OK, ada.session.as_str()));
    assert_ne!(next.text("refresh_token"), ada.refresh);
    assert_eq!(world.get("/v1/me", next.text("access_token")).await.status, StatusCode::OK);
}

/// Threat T30: nobody is signed out because two tabs refresh at once.
#[tokio::test]
async fn sixteen_refreshes_at_once_give_one_successor() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let mut successors = HashSet::new();
    for _ in 0..4 {
        let refresh = || world.refresh(&ada.refresh);
        let (one, two, three, four) = tokio::join!(refresh(), refresh(), refresh(), refresh());
        for answer in [one, two, three, four] {
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
            successors.insert(answer.text("refresh_token").to_owned());
        }
    }
    assert_eq!(successors.len(), 1);
}

/// Threat T30, on a slow machine: the ten seconds of the other tab begin when the successor is made, not when it was asked for.
#[tokio::test]
async fn a_refresh_that_took_long_leaves_the_other_tab_its_ten_seconds() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.storage.be_slow(Session::GRACE + Duration::from_secs(1));
    let next = world.refresh(&ada.refresh).await;
    assert_eq!(next.status, StatusCode::OK, "{}", next.body);
    world.wait(Session::GRACE);
    let other = world.refresh(&ada.refresh).await;
    assert_eq!(other.status, StatusCode::OK, "{}", other.body);
    assert_eq!(other.text("refresh_token"), next.text("refresh_token"));
    world.wait_s(1);
    assert_eq!(world.refresh(&ada.refresh).await.code(), "refresh-invalid");
}

/// Threat T31: the thief and the owner both lose the session, at once.
#[tokio::test]
async fn a_refresh_token_that_comes_back_kills_the_session() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let next = world.refresh(&ada.refresh).await;
    world.wait(Session::GRACE);
    assert_eq!(world.refresh(&ada.refresh).await.status, StatusCode::OK, "within ten seconds");
    world.wait_s(1);
    assert_eq!(world.refresh(&ada.refresh).await.code(), "refresh-invalid");
    assert_eq!(world.refresh(next.text("refresh_token")).await.code(), "refresh-invalid");
    assert_eq!(world.get("/v1/me", next.text("access_token")).await.code(), "unauthenticated");
    let reused = |line: &&String| line.starts_with("auth.session.refreshed_reuse_detected ok");
    assert_eq!(world.recorded().await.iter().filter(reused).count(), 1, "recorded once");
}

#[tokio::test]
async fn a_session_ends_after_a_day_without_refresh_and_after_seven_days_with() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let (mut token, mut access_s) = (ada.refresh, json!(900));
    for _ in 0..7 {
        world.wait(Duration::from_hours(24));
        world.wait_s(-1);
        let next = world.refresh(&token).await;
        assert_eq!(next.status, StatusCode::OK);
        token = next.text("refresh_token").to_owned();
        access_s = next.body["expires_in"].clone();
    }
    assert_eq!(access_s, 7, "no access token outlives its session");
    world.wait_s(7);
    assert_eq!(world.refresh(&token).await.code(), "refresh-invalid");
}

#[tokio::test]
async fn an_idle_session_is_over() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.wait(Duration::from_hours(24));
    assert_eq!(world.refresh(&ada.refresh).await.code(), "refresh-invalid");
}

#[tokio::test]
async fn a_device_is_listed_and_signed_out() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let listed = world.get("/v1/sessions", &ada.access).await;
    let expected = json!([{
        "session": ada.session, "device": "test device", "created_at": world.now(),
        "refreshed_at": world.now(), "ends_at": world.now().plus(Session::LIFETIME), "network": null, "current": true,
    }]);
    assert_eq!(listed.body["sessions"], expected);
    let path = format!("/v1/sessions/{}", ada.session);
    let ended = world.delete(&path, &ada.access).await;
    assert_eq!((ended.status, &ended.body["state"]), (StatusCode::OK, &json!("revoked")));
    assert_eq!(world.get("/v1/me", &ada.access).await.code(), "unauthenticated");
    assert_eq!(world.refresh(&ada.refresh).await.code(), "refresh-invalid");
}

#[tokio::test]
async fn a_session_that_is_missing_is_not_found() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    for id in ["ses_00000000000000000000000001", "ses_", "usr_00000000000000000000000001"] {
        let missing = world.delete(&format!("/v1/sessions/{id}"), &ada.access).await;
        assert_eq!((missing.status, missing.code()), (StatusCode::NOT_FOUND, "not-found"), "{id}");
    }
}

#[tokio::test]
async fn the_session_of_another_user_is_as_good_as_missing() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let grace = world.enrolled_as("grace@example.com", Role::Viewer).await;
    let theirs = world.delete(&format!("/v1/sessions/{}", ada.session), &grace.access).await;
    let missing = world.delete("/v1/sessions/ses_00000000000000000000000001", &grace.access).await;
    assert_eq!(theirs.anonymous(), missing.anonymous());
    assert_eq!(world.get("/v1/me", &ada.access).await.status, StatusCode::OK);
    let listed = world.get("/v1/sessions", &grace.access).await;
    assert_eq!(listed.body["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(world.get("/v1/me", &grace.access).await.body["roles"], json!(["viewer"]));
}

#[tokio::test]
async fn an_address_has_one_account() {
    let world = World::with_tenant().await;
    world.enrolled("ada@example.com").await;
    let taken = world.redeemed_as("ADA@example.com", Role::Viewer).await;
    assert_eq!((taken.status, taken.code()), (StatusCode::CONFLICT, "email-taken"));
}

#[tokio::test]
async fn a_device_that_was_signed_out_is_listed_no_more() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.wait_s(30);
    let login = world.login("ada@example.com", PASSWORD).await;
    let path = format!("/v1/logins/{}/totp", login.text("login"));
    let second = world.post(&path, None, json!({"code": world.code(&ada.secret)})).await;
    let sessions = async || world.get("/v1/sessions", &ada.access).await.body["sessions"].clone();
    assert_eq!(sessions().await.as_array().unwrap().len(), 2);
    let path = format!("/v1/sessions/{}", second.text("session"));
    assert_eq!(
        world.delete(&path, &ada.access).await.status,
        StatusCode::OK,
        "from another device"
    );
    let listed = sessions().await;
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["current"]), (1, &json!(true)));
}

/// What an administrator's lockout and a new epoch will do, once there are endpoints for them.
#[tokio::test]
async fn a_disabled_user_and_an_earlier_epoch_are_out_everywhere() {
    for (state, epoch) in [(GuardState::Disabled, 0), (GuardState::Active, 1)] {
        let world = World::with_tenant().await;
        let ada = world.enrolled("ada@example.com").await;
        world.change_guard(|guard| Guard { state, epoch, ..guard }).await;
        assert_eq!(world.get("/v1/me", &ada.access).await.code(), "unauthenticated");
        assert_eq!(world.refresh(&ada.refresh).await.code(), "refresh-invalid");
        let login = world.login("ada@example.com", PASSWORD).await;
        let expected = if epoch == 0 { StatusCode::UNAUTHORIZED } else { StatusCode::CREATED };
        assert_eq!(login.status, expected, "{}", login.body);
    }
}
