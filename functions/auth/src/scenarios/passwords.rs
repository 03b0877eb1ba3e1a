//! Another password, and passwords that leaked elsewhere: threat T01.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use axum::http::StatusCode;
use domain::auth::{Password, Range};
use ports::{BreachError, Breaches};
use serde_json::json;

use super::world::{PASSWORD, World};

const OTHER: &str = "seventeen quiet otters";

/// What knows which passwords leaked, as long as it is not away.
#[derive(Default)]
struct Known {
    leaked: Mutex<Vec<String>>,
    asked: Mutex<Vec<String>>,
    is_away: AtomicBool,
}

impl Known {
    fn leak(&self, password: &str) {
        self.leaked.lock().unwrap().push(password.to_owned());
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Breaches for Known {
    async fn range(&self, prefix: &str) -> Result<String, BreachError> {
        self.asked.lock().unwrap().push(prefix.to_owned());
        if self.is_away.load(Ordering::SeqCst) {
            return Err(BreachError("away".into()));
        }
        let leaked = self.leaked.lock().unwrap().clone();
        // The suffix is not public: the whole digest is made again with the same function that the service documents.
        let line = |password: &String| {
            let mut sha1 = std::process::Command::new("sha1sum");
            sha1.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
            let mut child = sha1.spawn().unwrap();
            std::io::Write::write_all(child.stdin.as_mut().unwrap(), password.as_bytes()).unwrap();
            let digest = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
            format!("{}:7\r\n", digest[5..40].to_uppercase())
        };
        Ok("0018A45C4D1DEF81644B54AB7F969B88D65:0\r\n".to_owned()
            + &leaked.iter().map(line).collect::<String>())
    }
}

fn change(current: &str, new: &str) -> serde_json::Value {
    json!({"current_password": current, "new_password": new})
}

#[tokio::test]
async fn another_password_signs_every_device_out_and_is_told_by_mail() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let other = world.signed_in_again(&ada).await;
    let path = "/v1/me/password";
    let changed = world.post(path, Some(&other.access), change(PASSWORD, OTHER)).await;
    assert_eq!((changed.status, &changed.body["password"]), (StatusCode::OK, &json!("changed")));
    for signed_in in [&ada, &other] {
        assert_eq!(world.get("/v1/me", &signed_in.access).await.code(), "unauthenticated");
        assert_eq!(world.refresh(&signed_in.refresh).await.code(), "refresh-invalid");
    }
    assert_eq!(world.login("ada@example.com", PASSWORD).await.code(), "login-failed");
    assert_eq!(world.login("ada@example.com", OTHER).await.status, StatusCode::CREATED);
    let letters = world.letters().await;
    let letter =
        letters.iter().find(|letter| letter.contains("password of your account was changed"));
    assert!(letter.unwrap().contains("To: ada@example.com"));
    let recorded = world.recorded().await;
    assert!(recorded.contains(&"auth.password.changed ok user".to_owned()), "{recorded:?}");
    let access = world.recorded_in_access().await;
    assert!(access.contains(&"auth.sessions.revoked_all ok user".to_owned()), "{access:?}");
}

/// With the old password and a stolen backup code: what began before the change is over, and what ended during it is dead.
#[tokio::test]
async fn a_login_that_began_with_the_old_password_is_over_with_it() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let begun = world.login("ada@example.com", PASSWORD).await;
    world.storage.hold("auth.password.changed");
    let changing = world.post("/v1/me/password", Some(&ada.access), change(PASSWORD, OTHER));
    let meanwhile = async {
        world.storage.until_held().await;
        let path = format!("/v1/logins/{}/backup-code", begun.text("login"));
        let early = world.post(&path, None, json!({"code": ada.backup[0]})).await;
        assert_eq!(early.code(), "login-over");
        let [login, left] = [
            world.login("ada@example.com", PASSWORD).await,
            world.login("ada@example.com", PASSWORD).await,
        ];
        let path = format!("/v1/logins/{}/backup-code", login.text("login"));
        let stolen = world.post(&path, None, json!({"code": ada.backup[0]})).await;
        world.storage.go_on();
        (stolen, left)
    };
    let (changed, (stolen, left)) = tokio::join!(changing, meanwhile);
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    assert_eq!(stolen.status, StatusCode::CREATED, "the old password counted still");
    assert_eq!(world.get("/v1/me", stolen.text("access_token")).await.code(), "unauthenticated");
    assert_eq!(world.refresh(stolen.text("refresh_token")).await.code(), "refresh-invalid");
    let path = format!("/v1/logins/{}/backup-code", left.text("login"));
    let late = world.post(&path, None, json!({"code": ada.backup[1]})).await;
    assert_eq!((late.status, late.code()), (StatusCode::UNAUTHORIZED, "login-over"));
}

/// Threat T44: a session alone changes no password, nor does a second factor without the password.
#[tokio::test]
async fn it_takes_a_fresh_second_factor_and_the_current_password() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let path = "/v1/me/password";
    let wrong = world.post(path, Some(&ada.access), change("wrong horse battery", OTHER)).await;
    assert_eq!((wrong.status, wrong.code()), (StatusCode::UNAUTHORIZED, "login-failed"));
    world.wait_s(301);
    let stale = world.post(path, Some(&ada.access), change(PASSWORD, OTHER)).await;
    assert_eq!((stale.status, stale.code()), (StatusCode::UNAUTHORIZED, "step-up-required"));
    assert_eq!(
        world.get("/v1/me", &ada.access).await.status,
        StatusCode::OK,
        "nobody is signed out"
    );
    let recorded = world.recorded().await;
    assert!(recorded.contains(&"auth.stepup.failed denied user".to_owned()), "{recorded:?}");
}

/// The class of CVE-2024-1722, with a session: every wrong guess counts, and the right one among them comes no further than the lock.
#[tokio::test]
async fn of_many_guesses_at_once_every_one_counts() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let wrong = change("wrong horse battery", OTHER);
    let guess = || world.post("/v1/me/password", Some(&ada.access), wrong.clone());
    let (one, two, three, four, five) = tokio::join!(guess(), guess(), guess(), guess(), guess());
    for answer in [one, two, three, four, five] {
        assert_eq!((answer.status, answer.code()), (StatusCode::UNAUTHORIZED, "login-failed"));
    }
    let recorded = world.recorded().await;
    let of = |line: &str| recorded.iter().filter(|known| *known == line).count();
    let counted = (of("auth.stepup.failed denied user"), of("auth.account.locked denied user"));
    assert_eq!(counted, (4, 1), "{recorded:?}");
    let right = world.post("/v1/me/password", Some(&ada.access), change(PASSWORD, OTHER)).await;
    assert_eq!(right.code(), "login-failed", "locked");
}

/// Threat T02: an attacker fails at the account's logins until they are locked for good; who is signed in changes the password all the same.
#[tokio::test]
async fn failures_elsewhere_do_not_keep_a_signed_in_user_from_another_password() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    for _ in 0..100 {
        world.wait_s(3_600);
        world.login("ada@example.com", "wrong horse battery").await;
    }
    assert_eq!(world.login("ada@example.com", PASSWORD).await.code(), "login-failed", "locked");
    // The device that is known signs in, and its session is the user's like any other.
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "device": ada.device});
    let login = world.post("/v1/logins", None, body).await;
    let path = format!("/v1/logins/{}/totp", login.text("login"));
    let session = world.post(&path, None, json!({"code": world.code(&ada.secret)})).await;
    let (token, body) = (session.text("access_token"), change(PASSWORD, OTHER));
    let changed = world.post("/v1/me/password", Some(token), body).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
}

/// Whoever guesses in a session is signed in, so the user is told what that means; and nobody's logins are locked by it.
#[tokio::test]
async fn the_user_is_told_of_twenty_wrong_passwords_in_sessions() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    for failure in 1..=20 {
        world.wait_s(900);
        let session = world.signed_in_again(&ada).await;
        let wrong = change("wrong horse battery", OTHER);
        let answer = world.post("/v1/me/password", Some(&session.access), wrong).await;
        assert_eq!(answer.code(), "login-failed");
        let letters = world.letters().await.concat();
        let told = letters.matches("Subject: Somebody who is signed in as you").count();
        assert_eq!(told, usize::from(failure == 20), "{failure}");
    }
    let letters = world.letters().await.concat();
    assert!(!letters.contains("Subject: Your account is locked"), "no login failed");
    let session = world.signed_in_again(&ada).await;
    let right = change(PASSWORD, OTHER);
    let locked = world.post("/v1/me/password", Some(&session.access), right).await;
    assert_eq!(locked.code(), "login-failed", "locked");
}

#[tokio::test]
async fn the_new_password_keeps_the_policy_and_a_leaked_one_is_recorded() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    for (new, code) in [
        ("short", "password-too-short"),
        ("lovelace weather", "password-guessable"),
        ("q1w2e3r4t5y6", "password-breached"),
    ] {
        let refused = world.post("/v1/me/password", Some(&ada.access), change(PASSWORD, new)).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, code));
    }
    let recorded = world.recorded().await;
    let breached =
        recorded.iter().filter(|line| *line == "auth.password.rejected_breached denied user");
    assert_eq!(breached.count(), 1, "{recorded:?}");
    assert_eq!(world.get("/v1/me", &ada.access).await.status, StatusCode::OK);
}

/// Threat T01: five digits leave the house, never the password, and what they bring back decides.
#[tokio::test]
async fn a_password_that_leaked_is_not_chosen_even_if_the_list_does_not_have_it() {
    let known = Arc::new(Known::default());
    let breaches: Arc<dyn Breaches> = Arc::<Known>::clone(&known);
    let world = World::asking(Some(breaches)).await;
    world.bootstrap(&world.bootstrap_message()).await;
    let ada = world.enrolled("ada@example.com").await;
    known.leak(OTHER);
    let path = "/v1/me/password";
    let refused = world.post(path, Some(&ada.access), change(PASSWORD, OTHER)).await;
    assert_eq!(refused.code(), "password-breached");
    let asked = known.asked();
    assert_eq!(asked.last().unwrap(), Range::of(&Password::typed(OTHER).unwrap()).prefix());
    assert!(asked.iter().all(|prefix| prefix.len() == 5), "{asked:?}");
}

/// Threat T01: the first password is chosen like every other one.
#[tokio::test]
async fn nobody_comes_in_with_a_password_that_leaked() {
    let known = Arc::new(Known::default());
    let breaches: Arc<dyn Breaches> = Arc::<Known>::clone(&known);
    let world = World::asking(Some(breaches)).await;
    world.bootstrap(&world.bootstrap_message()).await;
    known.leak(OTHER);
    for password in ["q1w2e3r4t5y6", OTHER] {
        let refused = world.redeem_with(json!({"password": password})).await;
        assert_eq!(
            (refused.status, refused.code()),
            (StatusCode::BAD_REQUEST, "password-breached")
        );
    }
    let recorded = world.recorded().await;
    let rejections =
        recorded.iter().filter(|line| *line == "auth.password.rejected_breached denied anonymous");
    assert_eq!(rejections.count(), 2, "{recorded:?}");
    let asked = known.asked().len();
    let ada = world.enrolled("ada@example.com").await;
    world.wait_s(30);
    world.sign_in("ada@example.com", PASSWORD, &ada.secret).await;
    assert_eq!(known.asked().len(), asked + 1, "the answer counts for thirty days");
}

/// Threat T01: found at a login, the way to another password is mailed, and only whoever showed both factors is told.
#[tokio::test]
async fn a_password_that_leaks_later_opens_nothing_until_it_is_changed_by_mail() {
    let known = Arc::new(Known::default());
    let breaches: Arc<dyn Breaches> = Arc::<Known>::clone(&known);
    let world = World::asking(Some(breaches)).await;
    world.bootstrap(&world.bootstrap_message()).await;
    let ada = world.enrolled("ada@example.com").await;
    known.leak(PASSWORD);
    world.wait_s(30 * 86_400);
    let login = world.login("ada@example.com", PASSWORD).await;
    assert_eq!(login.status, StatusCode::CREATED, "whoever has the password alone learns nothing");
    let path = format!("/v1/logins/{}/totp", login.text("login"));
    let refused = world.post(&path, None, json!({"code": world.code(&ada.secret)})).await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::FORBIDDEN, "password-change-required")
    );
    let token = world.token_in_letter("ada@example.com", "pfl_rst_").await.unwrap();
    let body = json!({"token": token, "password": OTHER});
    let reset = world.post("/v1/password-resets/redeem", None, body).await;
    assert_eq!(reset.status, StatusCode::OK, "{}", reset.body);
    world.wait_s(30);
    assert_eq!(
        world.sign_in("ada@example.com", OTHER, &ada.secret).await.status,
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn without_an_answer_a_password_is_accepted_and_asked_about_at_the_next_login() {
    let known = Arc::new(Known::default());
    known.is_away.store(true, Ordering::SeqCst);
    let breaches: Arc<dyn Breaches> = Arc::<Known>::clone(&known);
    let world = World::asking(Some(breaches)).await;
    world.bootstrap(&world.bootstrap_message()).await;
    let ada = world.enrolled("ada@example.com").await;
    let before = known.asked().len();
    known.is_away.store(false, Ordering::SeqCst);
    world.wait_s(30);
    world.sign_in("ada@example.com", PASSWORD, &ada.secret).await;
    assert_eq!(known.asked().len(), before + 1);
    world.wait_s(30);
    world.sign_in("ada@example.com", PASSWORD, &ada.secret).await;
    assert_eq!(known.asked().len(), before + 1, "an answer counts for thirty days");
}
