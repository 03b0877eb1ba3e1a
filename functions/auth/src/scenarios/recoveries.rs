//! A lost second factor, and the administrator who helps: threats T17 and T18.

use axum::http::StatusCode;
use domain::Role;
use serde_json::json;

use super::world::{Answer, PASSWORD, SignedIn, World};

const DAY_S: i64 = 86_400;

/// Ada owns, Grace administers and is there for two days; Grace just signed in. Ada asked for a recovery of hers.
async fn asked() -> (World, SignedIn, SignedIn, String) {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let grace = world.enrolled_as("grace@example.com", Role::Admin).await;
    world.wait_s(2 * DAY_S);
    let grace = world.signed_in_as("grace@example.com", &grace.secret).await;
    let login = world.login("ada@example.com", PASSWORD).await;
    let path = format!("/v1/logins/{}/recovery", login.text("login"));
    let asked = world.post(&path, None, json!({})).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.body);
    let recovery = asked.text("recovery").to_owned();
    (world, ada, grace, recovery)
}

async fn decide(world: &World, who: &SignedIn, recovery: &str, what: &str) -> Answer {
    let path = format!("/v1/recoveries/{recovery}/{what}");
    world.post(&path, Some(&who.access), json!({})).await
}

async fn redeem(world: &World, token: &str, password: &str) -> Answer {
    let body = json!({"token": token, "password": password});
    world.post("/v1/recoveries/redeem", None, body).await
}

#[tokio::test]
async fn another_administrator_a_link_and_the_password_lead_to_a_new_factor() {
    let (world, ada, grace, recovery) = asked().await;
    let listed = world.get("/v1/recoveries", &grace.access).await;
    assert_eq!(listed.body["recoveries"][0]["recovery"], json!(recovery));
    let approved = decide(&world, &grace, &recovery, "approve").await;
    assert_eq!(approved.status, StatusCode::OK, "{}", approved.body);
    let token = world.token_in_letter("ada@example.com", "pfl_rcv_").await.unwrap();
    let wrong = redeem(&world, &token, "wrong horse battery").await;
    assert_eq!((wrong.status, wrong.code()), (StatusCode::UNAUTHORIZED, "recovery-invalid"));
    let begun = redeem(&world, &token, PASSWORD).await;
    assert_eq!((begun.status, &begun.body["needs"]), (StatusCode::CREATED, &json!("enrol")));
    assert_eq!(world.refresh(&ada.refresh).await.code(), "refresh-invalid", "every device is out");
    let again = world.enrol(begun).await;
    assert_eq!(world.get("/v1/me", &again.access).await.body["email"], "ada@example.com");
    assert_ne!(again.secret, ada.secret);
    world.wait_s(30);
    let old = world.sign_in("ada@example.com", PASSWORD, &ada.secret).await;
    assert_eq!(old.code(), "code-invalid", "the old app counts no more");
    assert_eq!(redeem(&world, &token, PASSWORD).await.code(), "recovery-invalid", "once");
    let recorded = world.recorded().await;
    for line in [
        "auth.mfa.reset_requested ok user",
        "auth.mfa.reset_approved ok user",
        "auth.mfa.reset_completed ok user",
    ] {
        assert!(recorded.contains(&line.to_owned()), "{line}: {recorded:?}");
    }
}

/// Threat T17: alone, or with somebody who came just now, nobody gets around the factor.
#[tokio::test]
async fn neither_oneself_nor_a_newcomer_nor_a_viewer_approves() {
    let (world, ada, grace, recovery) = asked().await;
    world.wait_s(30);
    let ada = world.signed_in_as("ada@example.com", &ada.secret).await;
    let own = decide(&world, &ada, &recovery, "approve").await;
    assert_eq!((own.status, own.code()), (StatusCode::FORBIDDEN, "recovery-own"));
    let newcomer = world.enrolled_as("eve@example.com", Role::Admin).await;
    let new = decide(&world, &newcomer, &recovery, "approve").await;
    assert_eq!((new.status, new.code()), (StatusCode::FORBIDDEN, "recovery-approver-too-new"));
    let viewer = world.enrolled_as("vera@example.com", Role::Viewer).await;
    assert_eq!(decide(&world, &viewer, &recovery, "approve").await.code(), "forbidden");
    world.wait_s(301);
    let grace = world.refreshed(&grace).await;
    let stale = decide(&world, &grace, &recovery, "approve").await;
    assert_eq!(stale.code(), "step-up-required");
    assert!(world.token_in_letter("ada@example.com", "pfl_rcv_").await.is_none());
}

/// Threat T17: whoever asked for somebody else does not approve it either.
#[tokio::test]
async fn whoever_asked_for_another_user_does_not_approve_it() {
    let (world, ada, grace, _) = asked().await;
    let me = world.get("/v1/me", &ada.access).await;
    let viewer = world.enrolled_as("vera@example.com", Role::Viewer).await;
    let vera = world.get("/v1/me", &viewer.access).await.text("user").to_owned();
    let path = format!("/v1/users/{vera}/recovery");
    let requested = world.post(&path, Some(&grace.access), json!({})).await;
    assert_eq!(requested.status, StatusCode::CREATED, "{} {}", requested.body, me.body);
    let recovery = requested.text("recovery").to_owned();
    let own = decide(&world, &grace, &recovery, "approve").await;
    assert_eq!(own.code(), "recovery-own");
    world.wait_s(30);
    let ada = world.signed_in_as("ada@example.com", &ada.secret).await;
    assert_eq!(decide(&world, &ada, &recovery, "approve").await.status, StatusCode::OK);
    let missing = world
        .post("/v1/users/usr_00000000000000000000000099/recovery", Some(&ada.access), json!({}))
        .await;
    assert_eq!(missing.code(), "not-found");
}

#[tokio::test]
async fn a_recovery_is_decided_once_and_a_denied_one_leads_nowhere() {
    let (world, _, grace, recovery) = asked().await;
    assert_eq!(decide(&world, &grace, &recovery, "deny").await.status, StatusCode::OK);
    for what in ["approve", "deny"] {
        let late = decide(&world, &grace, &recovery, what).await;
        assert_eq!((late.status, late.code()), (StatusCode::CONFLICT, "recovery-not-open"));
    }
    assert!(world.token_in_letter("ada@example.com", "pfl_rcv_").await.is_none());
    let recorded = world.recorded().await;
    assert!(recorded.contains(&"auth.mfa.reset_approved denied user".to_owned()), "{recorded:?}");
}

/// Whatever breaks off an approval, it is asked for again: the letter comes first, and what it holds counts once the approval is written.
#[tokio::test]
async fn an_approval_that_broke_off_is_given_again() {
    let (world, _, grace, recovery) = asked().await;
    world.queue.set(true);
    assert_eq!(decide(&world, &grace, &recovery, "approve").await.status.as_u16(), 503);
    world.queue.set(false);
    assert_eq!(world.token_in_letter("ada@example.com", "pfl_rcv_").await, None);
    world.sealer.die_after(0);
    assert_eq!(decide(&world, &grace, &recovery, "approve").await.status.as_u16(), 503);
    world.sealer.live();
    let void = world.token_in_letter("ada@example.com", "pfl_rcv_").await.unwrap();
    assert_eq!(redeem(&world, &void, PASSWORD).await.code(), "recovery-invalid");
    world.wait_s(1);
    let approved = decide(&world, &grace, &recovery, "approve").await;
    assert_eq!(approved.status, StatusCode::OK, "{}", approved.body);
    let token = world.token_in_letter("ada@example.com", "pfl_rcv_").await.unwrap();
    assert_eq!(redeem(&world, &token, PASSWORD).await.status, StatusCode::CREATED);
}

/// Threat T11: the lock of codes is until a reset, and this is the reset.
#[tokio::test]
async fn a_recovery_lifts_the_lock_of_codes() {
    let (world, ada, grace, recovery) = asked().await;
    world.wait_s(30);
    for _ in 0..2 {
        let login = world.login("ada@example.com", PASSWORD).await;
        let path = format!("/v1/logins/{}/totp", login.text("login"));
        for _ in 0..5 {
            world.post(&path, None, json!({"code": "000000"})).await;
        }
    }
    let locked = world.sign_in("ada@example.com", PASSWORD, &ada.secret).await;
    assert_eq!(locked.code(), "locked");
    decide(&world, &grace, &recovery, "approve").await;
    let token = world.token_in_letter("ada@example.com", "pfl_rcv_").await.unwrap();
    let begun = redeem(&world, &token, PASSWORD).await;
    let again = world.enrol(begun).await;
    assert_eq!(world.get("/v1/me", &again.access).await.status, StatusCode::OK);
}

#[tokio::test]
async fn asking_twice_in_one_login_is_asking_once() {
    let (world, _, grace, _) = asked().await;
    let login = world.login("ada@example.com", PASSWORD).await;
    let path = format!("/v1/logins/{}/recovery", login.text("login"));
    let (one, two) =
        (world.post(&path, None, json!({})).await, world.post(&path, None, json!({})).await);
    assert_eq!((one.status, &one.body), (StatusCode::ACCEPTED, &two.body));
    let listed = world.get("/v1/recoveries", &grace.access).await;
    assert_eq!(listed.body["recoveries"].as_array().unwrap().len(), 2, "one for each login");
    let over = world.post("/v1/logins/x/recovery", None, json!({})).await;
    assert_eq!(over.code(), "login-over");
}
