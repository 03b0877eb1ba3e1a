//! Accounts whose second factor was never set up: threat T14.

use axum::http::StatusCode;
use domain::Role;
use serde_json::json;

use super::world::{Answer, PASSWORD, World};

async fn with_link(world: &World, token: &str) -> Answer {
    let body = json!({"token": token, "password": PASSWORD});
    world.post("/v1/recoveries/redeem", None, body).await
}

/// Threat T14: whoever stole the password of an account without a factor sets up none. The letter's link does, with the password, once.
#[tokio::test]
async fn a_password_alone_sets_up_no_second_factor() {
    let world = World::with_tenant().await;
    world.redeem("ada@example.com").await;
    let refused = world.login("ada@example.com", PASSWORD).await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::FORBIDDEN, "mfa-enrolment-unfinished")
    );
    assert!(!refused.body.to_string().contains("eyJ"), "no token: {}", refused.body);
    assert_eq!(world.redeem("ada@example.com").await.code(), "invitation-invalid", "used");
    assert_eq!(with_link(&world, "pfl_rcv_a.b.c").await.code(), "recovery-invalid");
    let intents = world.intents().await;
    let requested = intents.iter().find(|intent| intent["action"] == "auth.mfa.reset_requested");
    assert_eq!(requested.unwrap()["data"]["why"], "enrolment_unfinished");

    let token = world.token_in_letter("ada@example.com", "pfl_rcv_").await.unwrap();
    let wrong = json!({"token": token, "password": "wrong horse battery"});
    let wrong = world.post("/v1/recoveries/redeem", None, wrong).await;
    assert_eq!(wrong.code(), "recovery-invalid", "the link alone does not either");
    let ada = world.enrol(with_link(&world, &token).await).await;
    assert_eq!(world.get("/v1/me", &ada.access).await.status, StatusCode::OK);
    assert_eq!(with_link(&world, &token).await.code(), "recovery-invalid", "once");
}

/// Threats T14 and T20: mailbox and password together do not take away a factor that counts by now.
#[tokio::test]
async fn an_old_link_takes_no_factor_away() {
    let world = World::with_tenant().await;
    world.redeem("ada@example.com").await;
    world.login("ada@example.com", PASSWORD).await;
    let first = world.token_in_letter("ada@example.com", "pfl_rcv_").await.unwrap();
    world.wait_s(1);
    world.login("ada@example.com", PASSWORD).await;
    let second = world.token_in_letter("ada@example.com", "pfl_rcv_").await.unwrap();
    assert_ne!(first, second);
    let ada = world.enrol(with_link(&world, &second).await).await;
    assert_eq!(with_link(&world, &first).await.code(), "recovery-invalid");
    world.wait_s(30);
    let still = world.sign_in("ada@example.com", PASSWORD, &ada.secret).await;
    assert_eq!(still.status, StatusCode::CREATED, "{}", still.body);
}

/// A recovery that was used and not finished leaves the account without a factor: the same holds then.
#[tokio::test]
async fn a_recovery_that_nobody_finished_leaves_no_door_open() {
    let world = World::with_tenant().await;
    world.enrolled("ada@example.com").await;
    let grace = world.enrolled_as("grace@example.com", Role::Admin).await;
    world.wait_s(2 * 86_400);
    let grace = world.signed_in_as("grace@example.com", &grace.secret).await;
    let login = world.login("ada@example.com", PASSWORD).await;
    let path = format!("/v1/logins/{}/recovery", login.text("login"));
    let recovery = world.post(&path, None, json!({})).await.text("recovery").to_owned();
    let approve = format!("/v1/recoveries/{recovery}/approve");
    world.post(&approve, Some(&grace.access), json!({})).await;
    let token = world.token_in_letter("ada@example.com", "pfl_rcv_").await.unwrap();
    assert_eq!(with_link(&world, &token).await.status, StatusCode::CREATED);
    let attacker = world.login("ada@example.com", PASSWORD).await;
    assert_eq!(attacker.code(), "mfa-enrolment-unfinished");
}

/// Whoever has the password fills no mailbox with it, and is not told that the letter was not sent.
#[tokio::test]
async fn an_address_gets_three_of_these_letters_an_hour() {
    let world = World::with_tenant().await;
    world.redeem("ada@example.com").await;
    for _ in 0..5 {
        let refused = world.login("ada@example.com", PASSWORD).await;
        assert_eq!(refused.code(), "mfa-enrolment-unfinished");
    }
    let letters = world.letters().await.concat();
    assert_eq!(letters.matches("Subject: Finish setting up your account").count(), 3);
}
