//! Forgotten passwords: threats T03, T04, T19 and T20.

use axum::http::StatusCode;
use serde_json::json;

use super::world::{PASSWORD, World};

const OTHER: &str = "seventeen quiet otters";

async fn ask(world: &World, email: &str) -> super::world::Answer {
    world.post("/v1/password-resets", None, json!({"email": email})).await
}

async fn redeem(world: &World, token: &str) -> super::world::Answer {
    world.post("/v1/password-resets/redeem", None, json!({"token": token, "password": OTHER})).await
}

/// Threats T03 and T04: the same answer for every address, and the same work: one message in a queue.
#[tokio::test]
async fn nobody_learns_from_a_reset_whether_an_address_has_an_account() {
    let world = World::with_tenant().await;
    world.enrolled("ada@example.com").await;
    world.letters().await;
    let mut answers = Vec::new();
    for email in ["ada@example.com", "eve@example.com", "not an address"] {
        let answer = ask(&world, email).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        answers.push((
            answer.body.clone(),
            answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>(),
        ));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let queued = world.send_letters().await;
    assert_eq!(queued, 2, "one for each address, whether it has an account or not");
    let letters = world.letters().await.concat();
    assert!(letters.contains("Subject: Choose another password"));
    assert!(!letters.contains("eve@example.com"));
}

/// Threat T20: the link sets a password and nothing else.
#[tokio::test]
async fn a_reset_does_not_get_around_the_second_factor() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    ask(&world, "Ada@Example.com").await;
    let token = world.token_in_letter("ada@example.com", "pfl_rst_").await.unwrap();
    let done = redeem(&world, &token).await;
    assert_eq!((done.status, &done.body), (StatusCode::OK, &json!({"password": "changed"})));
    assert_eq!(world.get("/v1/me", &ada.access).await.code(), "unauthenticated", "signed out");
    assert_eq!(world.login("ada@example.com", PASSWORD).await.code(), "login-failed");
    let login = world.login("ada@example.com", OTHER).await;
    assert_eq!(login.body["needs"], "totp");
    let path = format!("/v1/logins/{}/totp", login.text("login"));
    let guessed = world.post(&path, None, json!({"code": "000000"})).await;
    assert_eq!(guessed.code(), "code-invalid");
    let letters = world.letters().await.concat();
    assert!(letters.contains("was reset by mail"), "the old address is told");
    let recorded = world.recorded().await;
    for line in ["auth.password.reset_requested ok system", "auth.password.reset_completed ok user"]
    {
        assert!(recorded.contains(&line.to_owned()), "{recorded:?}");
    }
}

/// Threat T20, the other way round: whoever has the old password and a stolen backup code is too late.
#[tokio::test]
async fn a_login_that_began_before_the_reset_is_over() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let begun = world.login("ada@example.com", PASSWORD).await;
    ask(&world, "ada@example.com").await;
    let token = world.token_in_letter("ada@example.com", "pfl_rst_").await.unwrap();
    world.storage.hold("auth.password.reset_completed");
    let meanwhile = async {
        world.storage.until_held().await;
        let login = world.login("ada@example.com", PASSWORD).await;
        world.storage.go_on();
        login
    };
    let (reset, between) = tokio::join!(redeem(&world, &token), meanwhile);
    assert_eq!(reset.status, StatusCode::OK, "{}", reset.body);
    for (login, code) in [(begun, &ada.backup[0]), (between, &ada.backup[1])] {
        let path = format!("/v1/logins/{}", login.text("login"));
        let late = world.post(&format!("{path}/backup-code"), None, json!({"code": code})).await;
        assert_eq!((late.status, late.code()), (StatusCode::UNAUTHORIZED, "login-over"));
        let lost = world.post(&format!("{path}/recovery"), None, json!({})).await;
        assert_eq!(lost.code(), "login-over", "nor does it ask for another factor");
    }
}

#[tokio::test]
async fn a_link_counts_once_for_a_quarter_of_an_hour() {
    let world = World::with_tenant().await;
    world.enrolled("ada@example.com").await;
    ask(&world, "ada@example.com").await;
    let token = world.token_in_letter("ada@example.com", "pfl_rst_").await.unwrap();
    // Another first character of the secret: whatever it was, it is another one.
    let (rest, secret) = token.rsplit_once('.').unwrap();
    let first = if secret.starts_with('x') { 'y' } else { 'x' };
    let forged = format!("{rest}.{first}{}", &secret[1..]);
    let refusals = [
        redeem(&world, "pfl_rst_").await.anonymous(),
        redeem(&world, "pfl_rst_00000000000000000000000001.00000000000000000000000002.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await.anonymous(),
        redeem(&world, &forged).await.anonymous(),
    ];
    assert_eq!(refusals[0].1["code"], "reset-invalid");
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:?}");
    let weak = json!({"token": token, "password": "short"});
    let weak = world.post("/v1/password-resets/redeem", None, weak).await;
    assert_eq!(weak.code(), "password-too-short");
    assert_eq!(
        redeem(&world, &token).await.status,
        StatusCode::OK,
        "a weak one does not use it up"
    );
    assert_eq!(redeem(&world, &token).await.code(), "reset-invalid");
    world.wait_s(1);
    ask(&world, "ada@example.com").await;
    let late = world.token_in_letter("ada@example.com", "pfl_rst_").await.unwrap();
    assert_ne!(late, token);
    world.wait_s(900);
    assert_eq!(redeem(&world, &late).await.code(), "reset-invalid");
}

#[tokio::test]
async fn of_two_who_use_a_link_at_once_one_does() {
    let world = World::with_tenant().await;
    world.enrolled("ada@example.com").await;
    ask(&world, "ada@example.com").await;
    let token = world.token_in_letter("ada@example.com", "pfl_rst_").await.unwrap();
    let (one, two) = tokio::join!(redeem(&world, &token), redeem(&world, &token));
    let mut statuses = [one.status, two.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::UNAUTHORIZED]);
}

/// Threat T19: whatever a request says of its host, the letter has the configured one, and the token is in the fragment.
#[tokio::test]
async fn a_forged_host_does_not_get_into_the_letter() {
    let world = World::with_tenant().await;
    world.enrolled("ada@example.com").await;
    let headers =
        ["host", "x-forwarded-host", "x-original-host", "forwarded", "x-forwarded-server"];
    let evil: Vec<_> = headers.into_iter().map(|name| (name, "evil.test")).collect();
    let body = json!({"email": "ada@example.com"});
    let answer = world.call(("POST", "/v1/password-resets"), &evil, Some(body)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.headers["referrer-policy"], "no-referrer");
    let letters = world.letters().await.concat();
    assert!(letters.contains("http://127.0.0.1/reset#token=pfl_rst_"), "{letters}");
    assert!(!letters.contains("evil.test"));
}

/// Three letters an hour for an address, twenty requests an hour from a network; the fourth is answered like the first.
#[tokio::test]
async fn nobody_floods_a_mailbox() {
    let world = World::with_tenant().await;
    world.enrolled("ada@example.com").await;
    let before = world.letters().await.len();
    for _ in 0..5 {
        assert_eq!(ask(&world, "ada@example.com").await.status, StatusCode::ACCEPTED);
    }
    assert_eq!(world.letters().await.len() - before, 3);
    world.wait_s(20 * 60);
    ask(&world, "ada@example.com").await;
    assert_eq!(world.letters().await.len() - before, 4, "a third of an hour gives one back");
    let mut statuses = Vec::new();
    for n in 0..21 {
        let from = [("x-forwarded-for", "203.0.113.7")];
        let body = json!({"email": format!("nobody{n}@example.com")});
        let call = world.call(("POST", "/v1/password-resets"), &from, Some(body)).await;
        statuses.push(call.status);
    }
    assert!(statuses[..20].iter().all(|status| *status == StatusCode::ACCEPTED), "{statuses:?}");
    assert_eq!(statuses[20], StatusCode::TOO_MANY_REQUESTS);
}

/// A queue gives a message out again that was not dealt with: the letter goes out again, with the same link.
#[tokio::test]
async fn a_message_that_is_delivered_twice_makes_one_reset() {
    let world = World::with_tenant().await;
    world.enrolled("ada@example.com").await;
    world.letters().await;
    ask(&world, "ada@example.com").await;
    let tokens = world.deliver_twice("pfl_rst_").await;
    assert_eq!((tokens.len(), &tokens[0]), (2, &tokens[1]));
    let recorded = world.recorded().await;
    let requested = recorded.iter().filter(|line| line.contains("reset_requested")).count();
    assert_eq!(requested, 1, "{recorded:?}");
}

/// What waits in the queue is sealed: no address and no token in any file of the store.
#[tokio::test]
async fn waiting_letters_have_no_address_in_the_clear() {
    let world = World::with_tenant().await;
    ask(&world, "nobody-at-all@example.com").await;
    let stored = world.stored_bytes();
    let needle = b"nobody-at-all";
    assert!(!stored.windows(needle.len()).any(|window| window == needle));
}
