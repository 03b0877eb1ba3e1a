//! Requests that are sent again with their `Idempotency-Key`: done once, answered as before, whatever happened in between.

use axum::http::StatusCode;
use domain::Role;
use ports::{Container, PartitionKey};
use serde_json::{Value, json};

use super::world::{Answer, SignedIn, World};

const KEY: &str = "0190163d-8694-739b-aea5-966c26f8ad90";
const OTHER_KEY: &str = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

async fn owned() -> (World, SignedIn) {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    (world, ada)
}

async fn ask(world: &World, who: &SignedIn, path: &str, key: &str, body: Value) -> Answer {
    let bearer = format!("Bearer {}", who.access);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
    world.call(("POST", path), &headers, Some(body)).await
}

/// The answers that are kept, as they are stored.
async fn kept(world: &World) -> Vec<ports::Stored> {
    let key = PartitionKey::new(world.tenant, "h");
    let query = ports::Query {
        kind: "answer".to_owned(),
        k1: None,
        k2: None,
        descending: false,
        after: None,
        limit: 10,
    };
    world.documents().query(Container::Auth, &key, &query).await.unwrap().documents
}

fn role(name: &str) -> Value {
    json!({"name": name, "permissions": ["run_read"]})
}

async fn roles(world: &World, who: &SignedIn) -> usize {
    world.get("/v1/roles", &who.access).await.body["roles"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_same_request_is_done_once_and_answered_the_same_across_a_restart() {
    let (mut world, ada) = owned().await;
    let made = ask(&world, &ada, "/v1/roles", KEY, role("Front desk")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert!(made.headers.get("idempotent-replayed").is_none());
    for _ in 0..2 {
        let again = ask(&world, &ada, "/v1/roles", KEY, role("Front desk")).await;
        assert_eq!((again.status, &again.body), (made.status, &made.body));
        assert_eq!(again.headers["proofline-promise"], made.headers["proofline-promise"]);
        assert_eq!(again.headers["idempotent-replayed"], "true");
        world.restart().await;
    }
    assert_eq!(roles(&world, &ada).await, 1);
    let other = ask(&world, &ada, "/v1/roles", OTHER_KEY, role("Front desk")).await;
    assert_ne!(other.body["role"], made.body["role"]);
}

#[tokio::test]
async fn another_request_with_the_same_key_is_refused() {
    let (mut world, ada) = owned().await;
    ask(&world, &ada, "/v1/roles", KEY, role("Front desk")).await;
    world.restart().await;
    let invite = json!({"email": "eve@example.com", "role": "viewer"});
    for (path, body) in [("/v1/roles", role("Back desk")), ("/v1/invitations", invite)] {
        let refused = ask(&world, &ada, path, KEY, body).await;
        let refused = (refused.status, refused.code().to_owned());
        assert_eq!(refused, (StatusCode::UNPROCESSABLE_ENTITY, "idempotency-mismatch".to_owned()));
    }
    assert_eq!(roles(&world, &ada).await, 1);
}

#[tokio::test]
async fn a_key_is_its_users_own_and_forgotten_after_a_day() {
    let (world, ada) = owned().await;
    let bob = world.enrolled_as("bob@example.com", Role::Owner).await;
    let made = ask(&world, &ada, "/v1/roles", KEY, role("a")).await;
    let by_bob = ask(&world, &bob, "/v1/roles", KEY, role("b")).await;
    assert_eq!(by_bob.status, StatusCode::CREATED, "{}", by_bob.body);
    world.wait_s(24 * 3600);
    let ada = world.signed_in_again(&ada).await;
    let next_day = ask(&world, &ada, "/v1/roles", KEY, role("a")).await;
    assert_eq!(next_day.status, StatusCode::CREATED, "{}", next_day.body);
    assert_ne!(next_day.body["role"], made.body["role"]);
}

#[tokio::test]
async fn what_was_refused_may_be_asked_again_with_its_key() {
    let (world, ada) = owned().await;
    let refused = ask(&world, &ada, "/v1/roles", KEY, role("")).await;
    assert_eq!(refused.code(), "role-name-invalid");
    let made = ask(&world, &ada, "/v1/roles", KEY, role("Front desk")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
}

/// A request has passwords, and what is kept of it is a digest: under its key, so that whoever reads the database tests no guesses against it.
#[tokio::test]
async fn without_its_key_nobody_tells_what_a_request_said() {
    let (world, ada) = owned().await;
    let wrong = json!({"current_password": "wrong horse battery", "new_password": "seventeen quiet otters"});
    for key in [KEY, OTHER_KEY] {
        let refused = ask(&world, &ada, "/v1/me/password", key, wrong.clone()).await;
        assert_eq!(refused.code(), "login-failed");
    }
    let words = |kept: &ports::Stored| {
        let record: Value = serde_json::from_str(&kept.document.body).unwrap();
        record["words"].as_str().unwrap().to_owned()
    };
    let digests: Vec<_> = kept(&world).await.iter().map(words).collect();
    let [one, two] = digests.as_slice() else { panic!("{digests:?}") };
    assert_ne!(one, two, "the same words");
}

/// Killed after the role was made, before its answer was kept: nobody can say what it was, and it is not made again.
#[tokio::test]
async fn a_request_that_died_half_way_is_not_done_twice() {
    let (mut world, ada) = owned().await;
    world.sealer.die_after(2);
    ask(&world, &ada, "/v1/roles", KEY, role("Front desk")).await;
    world.sealer.live();
    world.restart().await;
    let at_once = ask(&world, &ada, "/v1/roles", KEY, role("Front desk")).await;
    assert_eq!((at_once.status, at_once.code()), (StatusCode::CONFLICT, "idempotency-in-progress"));
    world.wait_s(290);
    let later = ask(&world, &ada, "/v1/roles", KEY, role("Front desk")).await;
    assert_eq!(later.code(), "idempotency-in-progress");
    world.wait_s(10);
    let ada = world.signed_in_again(&ada).await;
    let later = ask(&world, &ada, "/v1/roles", KEY, role("Front desk")).await;
    assert_eq!((later.status, later.code()), (StatusCode::CONFLICT, "idempotency-unknown"));
    assert_eq!(roles(&world, &ada).await, 1);
}

/// A token is shown once, to whoever asked for it: the database does not hold it, and whoever asks again with the key has it again.
#[tokio::test]
async fn what_is_shown_once_is_not_in_the_database() {
    let (world, ada) = owned().await;
    let wish = json!({"name": "ci", "scopes": ["run_read"], "days": 30});
    let issued = ask(&world, &ada, "/v1/me/tokens", KEY, wish.clone()).await;
    let secret = issued.text("secret").to_owned();
    let kept = kept(&world).await;
    let [kept] = kept.as_slice() else { panic!("one answer is kept") };
    let text = format!("{} {}", kept.document.id, kept.document.body);
    for canary in [secret.as_str(), "pfl_pat_", KEY] {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
    let again = ask(&world, &ada, "/v1/me/tokens", KEY, wish).await;
    assert_eq!(again.text("secret"), secret);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_at_its_limits() {
    let (world, ada) = owned().await;
    for (key, status) in [
        ("k".repeat(15), 400),
        ("k".repeat(65), 400),
        ("two words of a key".to_owned(), 400),
        ("k".repeat(16), 201),
        ("l".repeat(64), 201),
    ] {
        let answer = ask(&world, &ada, "/v1/roles", &key, role("a")).await;
        assert_eq!(answer.status.as_u16(), status, "{key}: {}", answer.body);
    }
}
