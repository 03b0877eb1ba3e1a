//! Backup codes: threats T13 and T16.

use axum::http::StatusCode;
use serde_json::json;

use super::world::{Answer, PASSWORD, World};

async fn with_code(world: &World, code: &str) -> Answer {
    let login = world.login("ada@example.com", PASSWORD).await;
    let path = format!("/v1/logins/{}/backup-code", login.text("login"));
    world.post(&path, None, json!({"code": code})).await
}

#[tokio::test]
async fn a_backup_code_signs_in_once_however_it_is_typed() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let code = &ada.backup[4];
    assert!(code.starts_with("05-") && code.len() == 22, "{code}");
    let typed = code.to_lowercase().replace('-', " ");
    let signed_in = with_code(&world, &typed).await;
    assert_eq!(signed_in.status, StatusCode::CREATED, "{}", signed_in.body);
    assert_eq!(signed_in.body["backup_codes_left"], 9);
    let me = world.get("/v1/me", signed_in.text("access_token")).await;
    assert_eq!(
        (&me.body["backup_codes_left"], &me.body["backup_codes_low"]),
        (&json!(9), &json!(false))
    );
    let again = with_code(&world, code).await;
    assert_eq!((again.status, again.code()), (StatusCode::UNAUTHORIZED, "code-invalid"));
    let recorded = world.recorded().await;
    assert!(recorded.contains(&"auth.backup_code.used ok user".to_owned()), "{recorded:?}");
    assert!(world.letters().await.concat().contains("A backup code was used to sign in"));
}

/// Threat T15: another app takes the old factor, freshly shown; a backup code at the login is that, for whoever lost the app.
#[tokio::test]
async fn another_app_takes_the_place_of_the_old_one() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.wait_s(301);
    let stale = world.post("/v1/me/totp/next", Some(&ada.access), json!({})).await;
    assert_eq!(stale.code(), "step-up-required", "a session alone replaces no factor");
    let lost = with_code(&world, &ada.backup[0]).await;
    let access = lost.text("access_token").to_owned();
    let early =
        world.post("/v1/me/totp/next/confirm", Some(&access), json!({"code": "000000"})).await;
    assert_eq!(early.code(), "mfa-not-offered");
    let offer = world.post("/v1/me/totp/next", Some(&access), json!({})).await;
    let new = offer.text("secret").to_owned();
    let old_code = json!({"code": world.code(&ada.secret)});
    let wrong = world.post("/v1/me/totp/next/confirm", Some(&access), old_code).await;
    assert_eq!(wrong.code(), "code-invalid");
    let code = json!({"code": world.code(&new)});
    let done = world.post("/v1/me/totp/next/confirm", Some(&access), code).await;
    assert_eq!((done.status, &done.body["second_factor"]), (StatusCode::OK, &json!("replaced")));
    for token in [&ada.access, &access] {
        assert_eq!(world.get("/v1/me", token).await.code(), "unauthenticated", "signed out");
    }
    world.wait_s(30);
    assert_eq!(
        world.sign_in("ada@example.com", PASSWORD, &ada.secret).await.code(),
        "code-invalid"
    );
    assert_eq!(world.sign_in("ada@example.com", PASSWORD, &new).await.status, StatusCode::CREATED);
    assert!(
        world.letters().await.concat().contains("The second factor of your account was replaced")
    );
}

#[tokio::test]
async fn whoever_has_three_codes_left_is_told() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    for (used, low) in [(6, false), (7, true)] {
        let from = if used == 6 { 0 } else { 6 };
        for code in &ada.backup[from..used] {
            assert_eq!(with_code(&world, code).await.status, StatusCode::CREATED);
        }
        let me = world.get("/v1/me", &ada.access).await;
        assert_eq!(
            (&me.body["backup_codes_left"], &me.body["backup_codes_low"]),
            (&json!(10 - used), &json!(low))
        );
    }
}

/// Threat T16: wrong ones count with wrong codes of the app, and end the login and lock the account alike.
#[tokio::test]
async fn guessing_backup_codes_locks_like_guessing_codes() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    for _ in 0..2 {
        let login = world.login("ada@example.com", PASSWORD).await;
        let path = format!("/v1/logins/{}/backup-code", login.text("login"));
        for code in
            ["01-AAAA-AAAA-AAAA-AAAA", "nonsense", "", &ada.backup[0].replace("01-", "02-"), "11"]
        {
            let wrong = world.post(&path, None, json!({"code": code})).await;
            assert_eq!(wrong.code(), "code-invalid", "{code}");
        }
        let over = world.post(&path, None, json!({"code": ada.backup[0]})).await;
        assert_eq!(over.code(), "login-over");
    }
    let locked = with_code(&world, &ada.backup[0]).await;
    assert_eq!((locked.status, locked.code()), (StatusCode::FORBIDDEN, "locked"));
}

#[tokio::test]
async fn of_eight_who_use_one_code_at_once_one_signs_in() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let (one, two) = (
        world.login("ada@example.com", PASSWORD).await,
        world.login("ada@example.com", PASSWORD).await,
    );
    let paths = [one, two].map(|login| format!("/v1/logins/{}/backup-code", login.text("login")));
    let body = json!({"code": ada.backup[9]});
    let show = |n: usize| world.post(&paths[n % 2], None, body.clone());
    let (a, b, c, d) = tokio::join!(show(0), show(1), show(2), show(3));
    let signed_in = [a, b, c, d].into_iter().filter(|answer| answer.status == StatusCode::CREATED);
    assert_eq!(signed_in.count(), 1);
}

#[tokio::test]
async fn new_backup_codes_void_the_old_ones_and_need_a_fresh_second_factor() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let made = world.post("/v1/me/backup-codes", Some(&ada.access), json!({})).await;
    assert_eq!(
        (made.status, &made.headers["cache-control"]),
        (StatusCode::CREATED, &"no-store".parse().unwrap())
    );
    let new = made.body["backup_codes"][0].as_str().unwrap();
    assert_eq!(with_code(&world, &ada.backup[0]).await.code(), "code-invalid");
    assert_eq!(with_code(&world, new).await.status, StatusCode::CREATED);
    world.wait_s(301);
    let stale = world.post("/v1/me/backup-codes", Some(&ada.access), json!({})).await;
    assert_eq!(stale.code(), "step-up-required");
}

/// Threat T13: whoever does not say that the codes are kept has no factor yet, and begins again.
#[tokio::test]
async fn codes_that_nobody_kept_open_nothing() {
    let world = World::with_tenant().await;
    let begun = world.redeem("ada@example.com").await;
    let token = begun.text("enrolment_token");
    let offer = world.post("/v1/me/totp", Some(token), json!({})).await;
    let code = json!({"code": world.code(offer.text("secret"))});
    let confirmed = world.post("/v1/me/totp/confirm", Some(token), code).await;
    let codes = confirmed.body["backup_codes"].as_array().unwrap();
    let refused = world.login("ada@example.com", PASSWORD).await;
    assert_eq!(refused.code(), "mfa-enrolment-unfinished");
    let link = world.token_in_letter("ada@example.com", "pfl_rcv_").await.unwrap();
    let body = json!({"token": link, "password": PASSWORD});
    let login = world.post("/v1/recoveries/redeem", None, body).await;
    let path = format!("/v1/logins/{}/backup-code", login.text("login"));
    let early = world.post(&path, None, json!({"code": codes[0]})).await;
    assert_eq!(early.code(), "mfa-enrolment-required");
    // The confirmation belongs to the login in which the code was shown, and went with its factor.
    let other = login.text("enrolment_token");
    let foreign = world.post("/v1/me/totp/acknowledge", Some(other), json!({})).await;
    assert_eq!(foreign.code(), "mfa-not-offered");
    let again = world.enrol(login).await;
    assert_eq!(world.get("/v1/me", &again.access).await.status, StatusCode::OK);
}
